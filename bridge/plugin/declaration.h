// A plugin that was found, checked from end to end: every field that the bridge will rely on.
//
// Failure: the error names the plugin and the field, and, where versions differ, both of them.
// Limits:  kOptionsMax rows a table (option_rows.h), kSectionsMax.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/plugin/options.h"
#include "plugins/sdk/zbridge_engine.h"
#include "plugins/sdk/zbridge_plugin.h"

namespace zbridge::plugin {

// What the interfaces "x/0" must have been built for: this very build.
std::string_view build_id();

class Declaration {
 public:
    static constexpr uint32_t kSectionsMax = 16;  // of an engine

    // `origin`: the file that it comes from; empty: linked in. The plugin's tables are static.
    static Result<std::unique_ptr<Declaration>> check(const zb_plugin* plugin, std::string origin);

    const Declared& declared() const { return declared_; }
    const zb_plugin& plugin() const { return *plugin_; }
    // Null: it is not that.
    const zb_step* step() const { return step_; }
    const zb_source* source() const { return source_; }
    const zb_sink* sink() const { return sink_; }
    const zb_auth* auth() const { return auth_; }
    const zb_engine* engine() const { return engine_; }

 private:
    Declaration() = default;
    Status check_fields(std::string_view who);
    Status take_options(std::string_view who);
    Status ask_extensions(std::string_view who);
    Status take_interfaces(std::string_view who);
    Status take_engine(std::string_view who);
    Status take_section(const zb_section& section, uint32_t number, std::string_view who);

    const zb_plugin* plugin_ = nullptr;
    Declared declared_;
    const zb_step* step_ = nullptr;
    const zb_source* source_ = nullptr;
    const zb_sink* sink_ = nullptr;
    const zb_auth* auth_ = nullptr;
    const zb_engine* engine_ = nullptr;
};

}  // namespace zbridge::plugin
