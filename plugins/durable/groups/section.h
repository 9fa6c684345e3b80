// `groups:` of the file: the table of its options, and what an entry says.
#pragma once

#include <string_view>

#include "plugins/durable/groups/options.h"
#include "plugins/sdk/zbridge_engine.h"
#include "plugins/sdk/zbridge_plugin.hpp"

namespace zbridge::durable {

extern const zb_section kGroupsSection;

// Throws zbridge::Error, after it has told the host which option is wrong.
DeclaredGroup read_group(std::string_view name, const Options& given);

}  // namespace zbridge::durable
