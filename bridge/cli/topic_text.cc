#include "bridge/cli/topic_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "bridge/base/time_text.h"

namespace zbridge::cli {

using settings::Config;
using settings::StartConfig;
using settings::TargetConfig;

TopicUses uses_of(size_t topic, const Config& config) {
    TopicUses uses;
    for (const auto& route : config.routes) {
        const bool to = std::any_of(route.to.begin(), route.to.end(), [&](const auto& target) {
            return target.kind == TargetConfig::Kind::kTopic && target.index == topic;
        });
        const auto& from = route.from_topics;
        if (to) uses.publish.push_back(route.name);
        if (std::find(from.begin(), from.end(), topic) != from.end())
            uses.read.push_back(route.name);
        if (route.rejects == topic) uses.reject.push_back(route.name);
        if (route.replies == topic) uses.publish.push_back(route.name);
    }
    return uses;
}

std::string topic_text(size_t topic, const Config& config) {
    const TopicUses uses = uses_of(topic, config);
    std::string text;
    const auto add = [&](std::string_view how, const std::vector<std::string>& routes) {
        if (routes.empty()) return;
        text += fmt::format("{}{} {}", text.empty() ? "" : "; ", how, fmt::join(routes, ", "));
    };
    add("published to by", uses.publish);
    add("takes what is refused of", uses.reject);
    add("read by", uses.read);
    add("has the dead letters of", config.topics[topic].dead_letters_of);
    std::vector<std::string> groups;
    for (const auto& group : config.groups) {
        if (group.topic == topic) groups.push_back(group.name);
    }
    add("shared by group", groups);
    return text.empty() ? "no route uses it" : text;
}

std::string group_text(size_t group, const Config& config) {
    std::string text;
    if (const auto topic = config.groups[group].topic)
        text = "of topic/" + config.topics[*topic].name + "; ";
    std::vector<std::string> endpoints;
    for (const auto& endpoint : config.endpoints) {
        if (endpoint.group == group || endpoint.role == settings::Role::kZbp)
            endpoints.push_back(endpoint.name);
    }
    return text + (endpoints.empty() ? "nobody consumes it"
                                     : fmt::format("consumed at {}", fmt::join(endpoints, ", ")));
}

std::string start_text(const StartConfig& start) {
    switch (start.where) {
        case StartConfig::Where::kLatest:
            return "latest";
        case StartConfig::Where::kEarliest:
            return "earliest";
        case StartConfig::Where::kLast:
            return "last";
        case StartConfig::Where::kTime:
            return format_utc(start.time_ms * 1000, 'T');
    }
    return {};
}

}  // namespace zbridge::cli
