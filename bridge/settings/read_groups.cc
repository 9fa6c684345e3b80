// Groups: the topics that they are of, where their dead letters go, and what a route says of their
// consumers.
#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/nearest.h"
#include "bridge/settings/draft.h"
#include "bridge/settings/units.h"

namespace zbridge::settings {

namespace {

using As = delivery::SettleRule::As;

constexpr std::string_view kTopic = "topic/";
constexpr std::string_view kPrefix = "prefix:";

constexpr std::pair<std::string_view, As> kVerdicts[] = {
    {"ok", As::kAck}, {"retry", As::kRetry}, {"reject", As::kReject}};

// Null: it is not given. As the engine declares them, they may not be there.
const plugin::OptionValue* value_of(const plugin::SectionEntry& entry, const std::string& key) {
    const auto found = entry.values.find(key);
    return found == entry.values.end() || found->second.empty() ? nullptr : &found->second[0];
}

std::string topic_name(std::string_view text) {
    return std::string(text.starts_with(kTopic) ? text.substr(kTopic.size()) : text);
}

// They are there without being declared.
void add_dead_letters(const plugin::SectionEntry* entry, const GroupConfig& group, Draft& draft) {
    std::string name = group.name + std::string(kDead);
    Place place = group.place;
    bool name_is_own = true;
    if (const auto* named = entry != nullptr ? value_of(*entry, "dead_letter") : nullptr) {
        name = topic_name(named->text);
        name_is_own = false;
        if (named->line > 0) place = {named->line, named->column};
    }
    if (!is_topic_name(name)) return;  // the engine says so
    const size_t topic = add_topic(name, place, false, draft);
    auto& letters_of = draft.config.topics[topic].dead_letters_of;
    // Steps are first. Of both on purpose: the group's `dead_letter` says so.
    const auto step = std::find(letters_of.begin(), letters_of.end(), kStep + group.name);
    if (name_is_own && step != letters_of.end()) {
        draft.findings.error(
            place, fmt::format("the dead letters of this group and those of the step {} would both "
                               "go to {}: say `dead_letter: topic/NAME` here",
                               in_quotes(group.name), in_quotes(std::string(kTopic) + name)));
    }
    letters_of.push_back(group.name);
}

void find_topic(const plugin::SectionEntry& entry, GroupConfig& group, Draft& draft) {
    const auto* named = value_of(entry, "topic");
    if (named == nullptr) return;
    const std::string name = topic_name(named->text);
    const auto found = draft.topic_numbers.find(name);
    if (found != draft.topic_numbers.end()) {
        group.topic = found->second;
        return;
    }
    if (!is_topic_name(name)) return;
    std::vector<std::string_view> known;
    for (const auto& [topic, number] : draft.topic_numbers)
        known.push_back(topic);
    draft.findings.error({named->line, named->column},
                         fmt::format("`topic`: no topic is named {} under `topics`{}",
                                     in_quotes(name), did_you_mean(name, known)));
}

void read_rule(const Value& text, As as, RouteConfig& config, Findings& findings) {
    if (text.text().starts_with(kPrefix)) {
        config.settle.push_back({as, text.text().substr(kPrefix.size())});
        return;
    }
    std::string_view begins = text.text();
    const size_t colon = begins.find(':');
    const bool is_misspelt =
        colon != std::string_view::npos && !nearest(begins.substr(0, colon), {"prefix"}).empty();
    if (is_misspelt) begins.remove_prefix(colon + 1);
    findings.error(text.place, fmt::format("`settle`: {} does not say what a reply begins with: "
                                           "expected prefix:TEXT, as \"{}{}\"",
                                           in_quotes(text.text()), kPrefix, begins));
}

}  // namespace

void read_groups(Draft& draft) {
    std::map<std::string_view, const plugin::SectionEntry*> entries;
    if (draft.config.engine) {
        const auto& sections = draft.config.plugins[*draft.config.engine].options.sections;
        const auto section = sections.find("groups");
        if (section != sections.end()) {
            for (const auto& entry : section->second)
                entries.emplace(entry.name, &entry);
        }
    }
    const auto entry_of = [&](const GroupConfig& group) {
        const auto found = entries.find(group.name);
        return found == entries.end() ? nullptr : found->second;
    };
    // A group may be of another one's dead letters.
    for (const GroupConfig& group : draft.config.groups)
        add_dead_letters(entry_of(group), group, draft);
    for (GroupConfig& group : draft.config.groups) {
        const plugin::SectionEntry* entry = entry_of(group);
        if (entry == nullptr) continue;
        find_topic(*entry, group, draft);
        if (const auto* grace = value_of(*entry, "resume_grace"))
            group.resume_grace = Duration(grace->integer);
        if (const auto* lease = value_of(*entry, "lease")) group.lease = Duration(lease->integer);
        if (const auto* mode = value_of(*entry, "mode"))
            group.broadcast = mode->text == "broadcast";
    }
}

void read_group_keys(const Value& route, RouteConfig& config, Draft& draft) {
    if (const auto* settle = route.find("settle")) {
        for (const auto& [key, value] : settle->entries) {
            const auto as =
                std::find_if(std::begin(kVerdicts), std::end(kVerdicts),
                             [&wanted = key](const auto& each) { return each.first == wanted; });
            if (as == std::end(kVerdicts) || !value.good) continue;
            for (const auto& item : value.items)
                read_rule(item, as->second, config, draft.findings);
        }
    }
    if (const auto* replies = route.find("replies"))
        config.replies = read_topic_reference(*replies, "replies", draft);
    const auto* guarantee = route.written_at("guarantee");
    if (!config.from_group || guarantee == nullptr ||
        config.guarantee != rpc::ServiceOptions::Execute::kAtLeastOnce) {
        return;
    }
    for (const auto& target : config.to) {
        if (target.kind != TargetConfig::Kind::kEndpoint) continue;
        if (draft.uses[target.index]->group != config.from_group) continue;
        draft.uses[target.index]->confirms = guarantee->place;
        draft.config.endpoints[target.index].confirms = true;
    }
}

}  // namespace zbridge::settings
