#include "bridge/plugin/declaration.h"

#include <algorithm>
#include <set>

namespace zbridge::plugin {

namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kDigits = "0123456789";
constexpr size_t kNameBytesMax = 63;

// Structs of version 1.0 end here: shorter ones cannot be read.
constexpr size_t kPluginSizeMin = offsetof(zb_plugin, get_extension) + sizeof(void*);
constexpr size_t kOptionSizeMin = offsetof(zb_option, example) + sizeof(char*);
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

std::vector<std::string> split(std::string_view words) {
    std::vector<std::string> parts;
    for (size_t at = 0; at <= words.size();) {
        const size_t end = std::min(words.find('|', at), words.size());
        parts.emplace_back(words.substr(at, end - at));
        at = end + 1;
    }
    return parts;
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
    const std::string who = made->declared_.origin.empty()
                                ? "plugin " + std::string(plugin->name)
                                : "plugin " + std::string(plugin->name) + " (" + place + ")";
    for (auto step :
         {&Declaration::check_fields, &Declaration::take_options, &Declaration::take_interfaces}) {
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
    declared_.version = plugin_->version;
    declared_.summary = plugin_->summary;
    return {};
}

Status Declaration::take_options(std::string_view who) {
    if (plugin_->option_count == 0) return {};
    if (plugin_->option_count > kOptionsMax)
        return wrong(who, std::to_string(plugin_->option_count) + " options; at most " +
                              std::to_string(kOptionsMax));
    if (plugin_->options == nullptr)
        return wrong(who, "`options` is null, and `option_count` is not 0");
    if (plugin_->option_size < kOptionSizeMin)
        return wrong(who, "its zb_option says it has " + std::to_string(plugin_->option_size) +
                              " bytes; version 1.0 has " + std::to_string(kOptionSizeMin));
    std::set<std::string> keys;
    bool has_short = false;
    for (uint32_t i = 0; i < plugin_->option_count; i++) {
        const auto& row = *reinterpret_cast<const zb_option*>(
            reinterpret_cast<const char*>(plugin_->options) + size_t{i} * plugin_->option_size);
        const std::string where = std::string(who) + ": option " +
                                  (row.key == nullptr ? std::to_string(i) : std::string(row.key));
        if (row.key == nullptr || !is_name(row.key, "_", false))
            return wrong(where, "`key` must be 1 to 63 of a-z, 0-9 and `_`, a letter first");
        if (!keys.insert(row.key).second) return wrong(where, "it stands twice");
        if (row.type > ZB_OPTION_SECRET)
            return wrong(where,
                         "type " + std::to_string(row.type) + " is none that this bridge knows");
        if (row.help == nullptr || *row.help == '\0') return wrong(where, "`help` is missing");
        DeclaredOption option;
        option.key = row.key;
        option.type = static_cast<DeclaredOption::Type>(row.type);
        option.required = (row.flags & ZB_OPTION_REQUIRED) != 0;
        option.many = (row.flags & ZB_OPTION_MANY) != 0;
        option.map = (row.flags & ZB_OPTION_MAP) != 0;
        option.short_form = (row.flags & ZB_OPTION_SHORT) != 0;
        option.fallback = text_of(row.fallback);
        option.min = text_of(row.min);
        option.max = text_of(row.max);
        option.help = row.help;
        option.example = text_of(row.example);
        if (option.type == DeclaredOption::Type::kChoice) {
            if (row.choices == nullptr || *row.choices == '\0')
                return wrong(where, "a choice without `choices`");
            option.choices = split(row.choices);
        }
        if (option.map && (option.many || !option.fallback.empty()))
            return wrong(where, "a map is neither a list nor has a fallback");
        if (option.short_form && std::exchange(has_short, true))
            return wrong(where, "another option is the short form already");
        declared_.options.push_back(std::move(option));
    }
    return {};
}

Status Declaration::take_interfaces(std::string_view who) {
    const auto short_struct = [&](std::string_view id, uint32_t size) {
        return wrong(who, "its " + std::string(id) + " says it has " + std::to_string(size) +
                              " bytes, fewer than version 1.0 has");
    };
    const auto missing = [&](std::string_view id, std::string_view field) {
        return wrong(who, "its " + std::string(id) + " has no `" + std::string(field) + "`");
    };
    step_ = static_cast<const zb_step*>(plugin_->get_extension(ZB_STEP));
    source_ = static_cast<const zb_source*>(plugin_->get_extension(ZB_SOURCE));
    sink_ = static_cast<const zb_sink*>(plugin_->get_extension(ZB_SINK));
    auth_ = static_cast<const zb_auth*>(plugin_->get_extension(ZB_AUTH));
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
    for (const char* same_build : {"zbridge.engine/0", "zbridge.store/0", "zbridge.gateway/0"}) {
        if (plugin_->get_extension(same_build) == nullptr) continue;
        const std::string theirs = text_of(plugin_->build_id);
        if (theirs == build_id()) continue;
        return wrong(who, std::string(same_build) +
                              " loads in the build that it was made for: it has build id `" +
                              theirs + "`, this bridge `" + std::string(build_id()) + "`");
    }
    if (!declared_.step && !declared_.source && !declared_.sink && !declared_.auth)
        return wrong(who, "it is no step, source, sink or auth that this bridge knows");
    return {};
}

}  // namespace zbridge::plugin
