// The engine, the sections of the file that it declares, and the topics that there are.
#include <algorithm>

#include <fmt/format.h>

#include "bridge/settings/draft.h"
#include "bridge/settings/plugin_table.h"
#include "bridge/settings/units.h"

namespace zbridge::settings {

namespace {

constexpr std::string_view kTopic = "topic/";

void find_engine(Draft& draft) {
    draft.has_engine = std::any_of(
        draft.plugin_declared.begin(), draft.plugin_declared.end(),
        [](const plugin::Declared* declared) { return declared == nullptr || declared->engine; });
    for (size_t i = 0; i < draft.config.plugins.size(); i++) {
        if (draft.plugin_declared[i] == nullptr || !draft.plugin_declared[i]->engine) continue;
        const auto& instance = draft.config.plugins[i];
        if (!draft.config.engine) {
            draft.config.engine = i;
            use_plugin(i, {PluginUse::kEngine, instance.place}, draft);
            continue;
        }
        const auto& first = draft.config.plugins[*draft.config.engine];
        draft.findings.error(
            instance.place,
            fmt::format("{} is an engine, and so is {} on line {}: expected one of them",
                        in_quotes(instance.options.name), in_quotes(first.options.name),
                        first.place.line));
    }
}

// "durable": an engine with topics that can be used by its name. None: this build has none.
std::optional<std::string> engine_at_hand(const Draft& draft) {
    if (draft.plugins == nullptr) return "durable";
    for (const auto& name : draft.plugins->names()) {
        const auto found = draft.plugins->find(name, draft.folder);
        if (!found.ok()) continue;
        for (const auto& section : (*found)->sections) {
            if (section.name == "topics") return name;
        }
    }
    return std::nullopt;
}

// What the engine is to be given of one of its sections.
std::vector<plugin::SectionEntry> read_entries(const Value& section,
                                               const plugin::DeclaredSection& declared,
                                               size_t engine, Draft& draft) {
    const size_t errors = draft.findings.errors();
    const PluginTable table(*draft.plugin_declared[engine], &declared);
    const Value read = read_section(*section.node, table.table(), draft.findings,
                                    fmt::format("`{}`", declared.name));
    std::vector<plugin::SectionEntry> entries;
    for (const auto& [name, entry] : read.entries)
        entries.push_back(
            {name, entry.key_place.line, entry.key_place.column, table.values(entry)});
    if (draft.findings.errors() != errors) draft.plugin_sound[engine] = false;
    return entries;
}

// `key`: "topics", "groups"
void add_entry(std::string_view key, const std::string& name, Place place, Draft& draft) {
    if (key == "topics") {
        add_topic(name, place, true, draft);
    } else if (draft.group_numbers.emplace(name, draft.config.groups.size()).second) {
        draft.config.groups.push_back({name, place, {}});
    }
}

void read_engine_section(const Value& file, const std::string& key, Draft& draft) {
    const Value* section = file.find(key);
    if (section == nullptr || section->node == nullptr) return;
    if (!draft.config.engine) {
        // What the file calls topics and groups is known all the same.
        if (draft.has_engine) {
            for (const auto& entry : section->node->entries)
                add_entry(key, entry.key, entry.place, draft);
            return;
        }
        draft.findings.error(section->key_place, why_no_engine(fmt::format("`{}`", key), draft));
        return;
    }
    const size_t engine = *draft.config.engine;
    const plugin::Declared& declared = *draft.plugin_declared[engine];
    const auto found =
        std::find_if(declared.sections.begin(), declared.sections.end(),
                     [&](const plugin::DeclaredSection& other) { return other.name == key; });
    auto& instance = draft.config.plugins[engine];
    if (found == declared.sections.end()) {
        draft.findings.error(
            section->key_place,
            fmt::format("`{}` needs an engine that knows it: the plugin of {} "
                        "(line {}) does not",
                        key, in_quotes(instance.options.name), instance.place.line));
        return;
    }
    auto& entries = instance.options.sections[key];
    entries = read_entries(*section, *found, engine, draft);
    for (const auto& entry : entries)
        add_entry(key, entry.name, {entry.line, entry.column}, draft);
}

// Those that are there without being declared: because a route names them.
void add_rejects(const Value& file, Draft& draft) {
    const Value* routes = file.find("routes");
    if (routes == nullptr || !draft.has_engine) return;
    for (const auto& route : routes->items) {
        const auto* rejects = route.find("rejects");
        if (rejects == nullptr || !rejects->text().starts_with(kTopic)) continue;
        const std::string name = rejects->text().substr(kTopic.size());
        if (is_topic_name(name)) add_topic(name, rejects->place, false, draft);
    }
}

// Likewise: of steps with `on_error: dead_letter`.
void add_dead_letters(const Value& file, Draft& draft) {
    const Value* plugins = file.find("plugins");
    if (plugins == nullptr) return;
    for (const auto& [name, entry] : plugins->entries) {
        const auto known = draft.plugin_numbers.find(name);
        if (!entry.good || known == draft.plugin_numbers.end()) continue;
        const size_t number = known->second;
        auto& instance = draft.config.plugins[number];
        if (instance.options.on_error != plugin::OnError::kDeadLetter) continue;
        const Place place = entry.find("on_error")->place;
        const plugin::Declared* declared = draft.plugin_declared[number];
        if (declared != nullptr && !declared->step) {
            draft.findings.error(
                place, fmt::format("`on_error: dead_letter` is for steps: the plugin of {} is none",
                                   in_quotes(name)));
            continue;
        }
        if (!draft.has_engine) {
            draft.findings.error(place, why_no_engine("`on_error: dead_letter`", draft));
            continue;
        }
        const size_t topic = add_topic(name + std::string(kDead), place, false, draft);
        instance.dead_letters = topic;
        draft.config.topics[topic].dead_letters_of.push_back(kStep + name);
    }
}

}  // namespace

std::string why_no_engine(std::string_view what, const Draft& draft) {
    const auto at_hand = engine_at_hand(draft);
    if (!at_hand)
        return fmt::format("{} needs the durable plugin, which this build does not have", what);
    return fmt::format(
        "{} needs an engine, which keeps topics and groups: expected `plugins: {{ {}: {{}} }}` in "
        "this file",
        what, *at_hand);
}

size_t add_topic(const std::string& name, Place place, bool declared, Draft& draft) {
    const auto [known, is_new] = draft.topic_numbers.emplace(name, draft.config.topics.size());
    if (is_new) draft.config.topics.push_back({name, place, declared, {}});
    return known->second;
}

void read_topics(const Value& file, Draft& draft) {
    find_engine(draft);
    for (const Option& row : bridge_table().options()) {
        if (is_engine_section(row)) read_engine_section(file, std::string(row.path), draft);
    }
    add_rejects(file, draft);
    add_dead_letters(file, draft);
}

}  // namespace zbridge::settings
