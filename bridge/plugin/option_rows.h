// A plugin's option table, checked row by row: of its own options, or of a section that its engine
// declares.
//
// Failure: the error names the row by its key.
// Limits:  kOptionsMax rows a table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/plugin/options.h"
#include "plugins/sdk/zbridge_plugin.h"

namespace zbridge::plugin {

inline constexpr uint32_t kOptionsMax = 256;

struct OptionRows {
    const zb_option* rows = nullptr;
    uint32_t count = 0;
    uint32_t row_bytes = 0;  // sizeof(zb_option), as the plugin was built
};

// A name that a plugin gives itself or an option, and which may be none, as an error says it.
std::string shown(std::string_view name);

// `who`: what the error begins with.
Result<std::vector<DeclaredOption>> check_options(const OptionRows& table, std::string_view who);

}  // namespace zbridge::plugin
