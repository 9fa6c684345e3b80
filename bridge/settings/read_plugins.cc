// `plugins:`, and the steps of routes: each becomes an instance, its options checked by the
// plugin's own table.
#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/nearest.h"
#include "bridge/settings/draft.h"
#include "bridge/settings/plugin_table.h"
#include "bridge/settings/units.h"

namespace zbridge::settings {

namespace {

using plugin::Declared;
using plugin::InstanceOptions;

struct Kind {
    PluginUse use;
    bool Declared::*is;
    std::string_view name, word, where;
};
constexpr Kind kKinds[] = {
    {PluginUse::kStep, &Declared::step, "step", "a step", "a step, for `steps`"},
    {PluginUse::kSource, &Declared::source, "source", "a source", "a source, for `from`"},
    {PluginUse::kSink, &Declared::sink, "sink", "a sink", "a sink, for `to`"},
    {PluginUse::kAuth, &Declared::auth, "auth", "an auth", "an auth, for `auth` of an endpoint"},
    {PluginUse::kEngine, &Declared::engine, "engine", "an engine", "an engine, for `topics`"},
};

const Kind& kind_of(PluginUse use) {
    return *std::find_if(std::begin(kKinds), std::end(kKinds),
                         [&](const Kind& kind) { return kind.use == use; });
}

std::vector<std::string_view> views_of(const std::vector<std::string>& words) {
    return {words.begin(), words.end()};
}

// Null: there is a finding at `place`, or plugins are not looked into at all.
const Declared* find_plugin(const std::string& instance, const std::string& use, Place place,
                            Draft& draft) {
    const auto wrong = [&](const std::string& sentence) {
        draft.findings.error(place, plugin::of_instance(instance, sentence));
        return nullptr;
    };
    if (draft.plugins == nullptr) return nullptr;
    auto found = draft.plugins->find(use, draft.folder);
    if (found.ok()) {
        Status problem = PluginTable(**found).problem();
        for (const auto& section : (*found)->sections) {
            if (problem.ok()) problem = PluginTable(**found, &section).problem();
        }
        if (problem.ok()) return *found;
        return wrong(problem.message());
    }
    const auto names = draft.plugins->names();
    return wrong(found.error().message() + did_you_mean(use, views_of(names)));
}

plugin::OnError read_on_error(const Value& choice) {
    if (choice.text() == "pass") return plugin::OnError::kPass;
    return choice.text() == "dead_letter" ? plugin::OnError::kDeadLetter : plugin::OnError::kRefuse;
}

void read_limits(const Value& entry, InstanceOptions& options) {
    const auto* limits = entry.find("limits");
    if (limits == nullptr) return;
    const auto number = [&](std::string_view key, auto& into) {
        if (const auto* value = limits->find(key))
            into = static_cast<std::remove_reference_t<decltype(into)>>(value->number());
    };
    number("max_kept", options.keep_bytes);
    number("max_kept_messages", options.keep_messages);
    number("max_waiting", options.line_bytes);
    number("max_waiting_messages", options.line_messages);
    number("window", options.window);
}

// Its options by its table. False: something is wrong with them.
bool read_config(const Node& node, const Declared& declared, std::string_view where,
                 InstanceOptions& options, Draft& draft) {
    const size_t errors = draft.findings.errors();
    const Findings::About about(draft.findings, plugin::of_instance(options.name, ""));
    const PluginTable table(declared);
    const Value section = read_section(node, table.table(), draft.findings, where);
    options.values = table.values(section);
    return draft.findings.errors() == errors;
}

size_t add_instance(InstanceOptions options, const Declared* declared, bool sound, Place place,
                    Draft& draft) {
    options.file = draft.findings.source().name();
    options.line = place.line;
    options.column = place.column;
    // From the folder of the file, wherever the bridge is started.
    const bool relative = options.use.find('/') != std::string::npos && options.use[0] != '/';
    if (relative && !draft.folder.empty()) options.use = draft.folder + "/" + options.use;
    draft.config.plugins.push_back({std::move(options), place, std::nullopt});
    draft.plugin_declared.push_back(declared);
    draft.plugin_sound.push_back(sound);
    draft.plugin_uses.emplace_back();
    return draft.config.plugins.size() - 1;
}

void read_instance(const std::string& name, const Value& entry, Draft& draft) {
    InstanceOptions options;
    options.name = options.use = name;
    Place use_place = entry.key_place;
    if (const auto* use = entry.find("use")) {
        options.use = use->text();
        use_place = use->place;
    }
    if (const auto* on_error = entry.find("on_error")) options.on_error = read_on_error(*on_error);
    read_limits(entry, options);
    const Declared* declared = find_plugin(name, options.use, use_place, draft);
    bool sound = true;
    if (declared != nullptr) {
        const auto* config = entry.find("config");
        const Node none{Node::Kind::kMap, entry.key_place, {}, {}, {}};
        sound = read_config(config != nullptr && config->node != nullptr ? *config->node : none,
                            *declared, "`config`", options, draft);
    }
    draft.plugin_numbers.emplace(
        name, add_instance(std::move(options), declared, sound, entry.key_place, draft));
}

// "filter:12": the plugin, and the line of the file where the step stands.
std::string step_name(const std::string& plugin, Place place, const Draft& draft) {
    const std::string name = fmt::format("{}:{}", plugin, place.line);
    const auto taken = [&](const std::string& other) {
        for (const auto& instance : draft.config.plugins) {
            if (instance.options.name == other) return true;
        }
        return false;
    };
    std::string free = name;
    for (int number = 2; taken(free); number++)
        free = fmt::format("{}.{}", name, number);
    return free;
}

// `- mask`, or `- { filter: "amount > 0" }`, or `- { mask: { fields: [card] } }`
std::optional<size_t> read_step(const Node& item, Draft& draft) {
    const bool named = item.kind == Node::Kind::kScalar;
    const bool written = item.kind == Node::Kind::kMap && item.entries.size() == 1;
    if (!named && !written) {
        if (item.kind != Node::Kind::kUnreadable)
            draft.findings.error(item.place,
                                 "this step is neither a name nor one plugin with its options: "
                                 "expected mask, or { filter: \"amount > 0\" }");
        return std::nullopt;
    }
    const std::string& name = named ? item.text : item.entries[0].key;
    const Place place = named ? item.place : item.entries[0].place;
    const auto known = draft.plugin_numbers.find(name);
    if (known != draft.plugin_numbers.end()) {
        if (named) return known->second;
        draft.findings.error(
            place, fmt::format("{} has its options under `plugins`, on line {}: "
                               "expected its name alone",
                               in_quotes(name), draft.config.plugins[known->second].place.line));
        return std::nullopt;
    }
    InstanceOptions options;
    options.name = step_name(name, place, draft);
    options.use = name;
    if (draft.plugins == nullptr)
        return add_instance(std::move(options), nullptr, true, place, draft);
    std::vector<std::string> names;
    for (const auto& [instance, number] : draft.plugin_numbers)
        names.push_back(instance);
    for (const auto& plugin : draft.plugins->names())
        names.push_back(plugin);
    auto found = !is_name(name) ? Result<const Declared*>(Status(Code::kNotFound, ""))
                                : draft.plugins->find(name, draft.folder);
    if (!found.ok() && found.error().code() != Code::kNotFound) {  // it is there, and is wrong
        draft.findings.error(place, plugin::of_instance(name, found.error().message()));
        return std::nullopt;
    }
    if (!found.ok()) {
        draft.findings.error(place, fmt::format("no plugin is named {}{}", in_quotes(name),
                                                did_you_mean(name, views_of(names))));
        return std::nullopt;
    }
    const Node none{Node::Kind::kMap, place, {}, {}, {}};
    const PluginTable table(**found);
    if (Status problem = table.problem(); !problem.ok()) {
        draft.findings.error(place, plugin::of_instance(name, problem.message()));
        return std::nullopt;
    }
    const Node* node = named ? &none : &item.entries[0].value;
    Node in_short{Node::Kind::kMap, node->place, {}, {}, {}};
    if (node->kind != Node::Kind::kMap && table.short_form() != nullptr) {
        in_short.entries.push_back({table.short_form()->key, node->place, *node});
        node = &in_short;
    }
    const bool sound = read_config(*node, **found, fmt::format("`{}`", name), options, draft);
    return add_instance(std::move(options), *found, sound, place, draft);
}

}  // namespace

void read_plugins(const Value& file, Draft& draft) {
    const Value* plugins = file.find("plugins");
    if (plugins == nullptr) return;
    for (const auto& [name, entry] : plugins->entries) {
        if (entry.good) read_instance(name, entry, draft);
    }
}

void read_steps(const Value& route, RouteConfig& config, Draft& draft) {
    const auto* steps = route.find("steps");
    if (steps == nullptr || steps->node == nullptr) return;
    const Node& node = *steps->node;
    const std::vector<Node> alone{node};
    if (node.kind == Node::Kind::kNothing) return;
    for (const Node& item : node.kind == Node::Kind::kList ? node.items : alone) {
        const auto step = read_step(item, draft);
        if (!step) continue;
        use_plugin(*step, {PluginUse::kStep, item.place}, draft);
        config.steps.push_back(*step);
    }
}

void use_plugin(size_t number, UseOfPlugin use, Draft& draft) {
    const auto& instance = draft.config.plugins[number].options;
    const Declared* declared = draft.plugin_declared[number];
    const Kind& as = kind_of(use.as);
    if (declared != nullptr && !(declared->*as.is)) {
        std::vector<std::string_view> is;
        for (const Kind& kind : kKinds) {
            if (declared->*kind.is) is.push_back(kind.where);
        }
        draft.findings.error(use.place, fmt::format("the plugin of {} is no {}: it is {}",
                                                    in_quotes(instance.name), as.name, one_of(is)));
        return;
    }
    auto& first = draft.plugin_uses[number];
    if (!first) {
        first = use;
        draft.config.plugins[number].use = use.as;
        return;
    }
    if (first->as == use.as) return;
    draft.findings.error(
        use.place,
        fmt::format("{} cannot be {} here: on line {} it is {}; expected another "
                    "instance of the plugin",
                    in_quotes(instance.name), as.word, first->place.line, kind_of(first->as).word));
}

// The plugin's own word on its options, where its table has nothing against them.
void try_plugins(Draft& draft) {
    if (draft.plugins == nullptr) return;
    for (size_t i = 0; i < draft.config.plugins.size(); i++) {
        if (draft.plugin_declared[i] == nullptr || !draft.plugin_sound[i]) continue;
        const plugin::InstanceOptions& options = draft.config.plugins[i].options;
        for (const auto& problem : draft.plugins->try_out(*draft.plugin_declared[i], options))
            draft.findings.error({problem.line, problem.column},
                                 plugin::of_instance(options.name, problem.sentence));
    }
}

}  // namespace zbridge::settings
