#include "bridge/plugin/declaration.h"

#include <algorithm>

#include "bridge/plugin/option_rows.h"
#include "bridge/plugin/thrown.h"
#include "bridge/telemetry/line.h"

namespace zbridge::plugin {

namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";
constexpr size_t kNameBytesMax = 63;
constexpr std::string_view kSectionNames[] = {"topics", "groups"};

// Structs of version 1.0 end here: shorter ones cannot be read.
constexpr size_t kPluginSizeMin = offsetof(zb_plugin, get_extension) + sizeof(void*);
constexpr size_t kStepSizeMin = offsetof(zb_step, on_message) + sizeof(void*);
constexpr size_t kSourceSizeMin = offsetof(zb_source, on_outcomes) + sizeof(void*);
constexpr size_t kSinkSizeMin = offsetof(zb_sink, on_batch) + sizeof(void*);
constexpr size_t kAuthSizeMin = offsetof(zb_auth, on_peer) + sizeof(void*);

Status wrong(std::string_view who, const std::string& what) {
    return {Code::kInvalid, std::string(who) + ": " + what};
}

bool is_name(std::string_view text, std::string_view extra, bool digit_first) {
    if (text.empty() || text.size() > kNameBytesMax) return false;
    const bool begins = kLetters.find(text[0]) != std::string_view::npos ||
                        (digit_first && kDigits.find(text[0]) != std::string_view::npos);
    return begins && std::all_of(text.begin(), text.end(), [&](char letter) {
               return kLetters.find(letter) != std::string_view::npos ||
                      kDigits.find(letter) != std::string_view::npos ||
                      extra.find(letter) != std::string_view::npos;
           });
}

std::string text_of(const char* text) {
    return text == nullptr ? std::string() : std::string(text);
}

std::string version_of(unsigned major, unsigned minor) {
    return std::to_string(major) + "." + std::to_string(minor);
}

}  // namespace

std::string_view build_id() {
    // Changes with the compiler and the version: what an interface "x/0" depends on.
    return ZBRIDGE_VERSION "/" __VERSION__;
}

Result<std::unique_ptr<Declaration>> Declaration::check(const zb_plugin* plugin,
                                                        std::string origin) {
    const std::string place = origin.empty() ? "a plugin that is linked in" : origin;
    if (plugin == nullptr) return wrong(place, "zbridge_plugin_entry() returned no plugin");
    if (plugin->abi_major != ZB_ABI_MAJOR) {
        return wrong(place, "it was built for plugin interface " +
                                version_of(plugin->abi_major, plugin->abi_minor) +
                                ", this bridge has " + version_of(ZB_ABI_MAJOR, ZB_ABI_MINOR) +
                                ": build it against this bridge's zbridge_plugin.h");
    }
    if (plugin->size < kPluginSizeMin) {
        return wrong(place, "its zb_plugin says it has " + std::to_string(plugin->size) +
                                " bytes; version 1.0 has " + std::to_string(kPluginSizeMin));
    }
    std::unique_ptr<Declaration> made(new Declaration);
    made->plugin_ = plugin;
    made->declared_.origin = std::move(origin);
    if (plugin->name == nullptr) return wrong(place, "`name` is null");
    const std::string name = shown(plugin->name);
    const std::string who =
        made->declared_.origin.empty() ? "plugin " + name : "plugin " + name + " (" + place + ")";
    for (auto step :
         {&Declaration::check_fields, &Declaration::take_options, &Declaration::ask_extensions}) {
        if (Status status = (made.get()->*step)(who); !status.ok()) return status;
    }
    return made;
}

Status Declaration::check_fields(std::string_view who) {
    if (!is_name(plugin_->name, "_-", true))
        return wrong(who, "`name` must be 1 to 63 of a-z, 0-9, `_` and `-`");
    if (plugin_->version == nullptr || *plugin_->version == '\0')
        return wrong(who, "`version` is missing");
    if (plugin_->summary == nullptr || *plugin_->summary == '\0')
        return wrong(who, "`summary` is missing: one sentence for `zbridge plugin ls`");
    if (plugin_->create == nullptr) return wrong(who, "`create` is null");
    if (plugin_->destroy == nullptr) return wrong(who, "`destroy` is null");
    if (plugin_->get_extension == nullptr) return wrong(who, "`get_extension` is null");
    declared_.name = plugin_->name;
    declared_.version = telemetry::readable(plugin_->version);
    declared_.summary = telemetry::readable(plugin_->summary);
    return {};
}

Status Declaration::take_options(std::string_view who) {
    auto options =
        check_options({plugin_->options, plugin_->option_count, plugin_->option_size}, who);
    if (!options.ok()) return std::move(options).error();
    declared_.options = *std::move(options);
    return {};
}

Status Declaration::take_engine(std::string_view who) {
    const std::string its = "its " ZB_ENGINE;
    if (engine_->size != sizeof(zb_engine))
        return wrong(who, its + " says it has " + std::to_string(engine_->size) +
                              " bytes; this build's has " + std::to_string(sizeof(zb_engine)));
    const std::pair<bool, const char*> fields[] = {
        {engine_->topic != nullptr, "topic"},       {engine_->has_room != nullptr, "has_room"},
        {engine_->publish != nullptr, "publish"},   {engine_->note != nullptr, "note"},
        {engine_->turn_end != nullptr, "turn_end"}, {engine_->bounds != nullptr, "bounds"},
        {engine_->position != nullptr, "position"}, {engine_->read != nullptr, "read"},
        {engine_->group != nullptr, "group"},       {engine_->receive != nullptr, "receive"},
        {engine_->settle != nullptr, "settle"},     {engine_->admin != nullptr, "admin"},
        {engine_->idle != nullptr, "idle"},         {engine_->prepare != nullptr, "prepare"},
        {engine_->resolve != nullptr, "resolve"},
    };
    for (const auto& [is_there, field] : fields) {
        if (!is_there) return wrong(who, its + " has no `" + std::string(field) + "`");
    }
    if (engine_->section_count > kSectionsMax)
        return wrong(who, std::to_string(engine_->section_count) + " sections; at most " +
                              std::to_string(kSectionsMax));
    if (engine_->section_count > 0 && engine_->sections == nullptr)
        return wrong(who, "`sections` is null, and `section_count` is not 0");
    if (engine_->section_count > 0 && engine_->section_size != sizeof(zb_section))
        return wrong(who, "its zb_section says it has " + std::to_string(engine_->section_size) +
                              " bytes; this build's has " + std::to_string(sizeof(zb_section)));
    for (uint32_t i = 0; i < engine_->section_count; i++) {
        if (Status status = take_section(engine_->sections[i], i, who); !status.ok()) return status;
    }
    return {};
}

Status Declaration::take_section(const zb_section& section, uint32_t number, std::string_view who) {
    const std::string where =
        std::string(who) + ": section " +
        (section.name == nullptr ? std::to_string(number) : shown(section.name));
    if (section.name == nullptr || std::find(std::begin(kSectionNames), std::end(kSectionNames),
                                             section.name) == std::end(kSectionNames))
        return wrong(where, "`name` must be one that the file keeps for engines: topics, groups");
    for (const DeclaredSection& other : declared_.sections) {
        if (other.name == section.name) return wrong(where, "it stands twice");
    }
    if (section.help == nullptr || *section.help == '\0') return wrong(where, "`help` is missing");
    auto options =
        check_options({section.options, section.option_count, section.option_size}, where);
    if (!options.ok()) return std::move(options).error();
    for (const DeclaredOption& option : *options) {
        if (option.short_form)
            return wrong(where + ": option " + option.key, "entries have no short form");
    }
    declared_.sections.push_back(
        {section.name, telemetry::readable(section.help), *std::move(options)});
    return {};
}

// No exception may cross the plugin's border; one that does is its error.
Status Declaration::ask_extensions(std::string_view who) {
    try {
        return take_interfaces(who);
    } catch (...) {
        return wrong(who,
                     "get_extension() threw an exception: " + words_of(std::current_exception()));
    }
}

Status Declaration::take_interfaces(std::string_view who) {
    const auto short_struct = [&](std::string_view id, uint32_t size) {
        return wrong(who, "its " + std::string(id) + " says it has " + std::to_string(size) +
                              " bytes, fewer than version 1.0 has");
    };
    const auto missing = [&](std::string_view id, std::string_view field) {
        return wrong(who, "its " + std::string(id) + " has no `" + std::string(field) + "`");
    };
    // Before anything of them is read: it may be laid out in another way.
    for (const char* same_build : {ZB_ENGINE, "zbridge.store/0", "zbridge.gateway/0"}) {
        if (plugin_->get_extension(same_build) == nullptr) continue;
        const std::string theirs = text_of(plugin_->build_id);
        if (theirs == build_id()) continue;
        return wrong(who, std::string(same_build) +
                              " loads in the build that it was made for: it has build id `" +
                              theirs + "`, this bridge `" + std::string(build_id()) + "`");
    }
    step_ = static_cast<const zb_step*>(plugin_->get_extension(ZB_STEP));
    source_ = static_cast<const zb_source*>(plugin_->get_extension(ZB_SOURCE));
    sink_ = static_cast<const zb_sink*>(plugin_->get_extension(ZB_SINK));
    auth_ = static_cast<const zb_auth*>(plugin_->get_extension(ZB_AUTH));
    engine_ = static_cast<const zb_engine*>(plugin_->get_extension(ZB_ENGINE));
    if (step_ != nullptr && step_->size < kStepSizeMin) return short_struct(ZB_STEP, step_->size);
    if (step_ != nullptr && step_->on_message == nullptr) return missing(ZB_STEP, "on_message");
    if (source_ != nullptr && source_->size < kSourceSizeMin)
        return short_struct(ZB_SOURCE, source_->size);
    if (source_ != nullptr && source_->read == nullptr) return missing(ZB_SOURCE, "read");
    if (source_ != nullptr && source_->on_outcomes == nullptr)
        return missing(ZB_SOURCE, "on_outcomes");
    if (sink_ != nullptr && sink_->size < kSinkSizeMin) return short_struct(ZB_SINK, sink_->size);
    if (sink_ != nullptr && sink_->on_batch == nullptr) return missing(ZB_SINK, "on_batch");
    if (auth_ != nullptr && auth_->size < kAuthSizeMin) return short_struct(ZB_AUTH, auth_->size);
    if (auth_ != nullptr && auth_->on_peer == nullptr) return missing(ZB_AUTH, "on_peer");
    declared_.step = step_ != nullptr;
    declared_.source = source_ != nullptr;
    declared_.sink = sink_ != nullptr;
    declared_.auth = auth_ != nullptr;
    declared_.engine = engine_ != nullptr;
    if (declared_.engine) return take_engine(who);
    if (!declared_.step && !declared_.source && !declared_.sink && !declared_.auth)
        return wrong(who, "it is no step, source, sink, auth or engine that this bridge knows");
    return {};
}

}  // namespace zbridge::plugin
