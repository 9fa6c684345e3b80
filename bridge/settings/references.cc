#include <fmt/format.h>

#include "bridge/base/nearest.h"
#include "bridge/settings/draft.h"
#include "bridge/settings/units.h"

namespace zbridge::settings {

namespace {

std::vector<std::string_view> names_in(const std::map<std::string, size_t, std::less<>>& numbers) {
    std::vector<std::string_view> names;
    for (const auto& [name, number] : numbers)
        names.push_back(name);
    return names;
}

// What stands before the `/` and is neither endpoint nor service: why it cannot be meant here.
std::string why_not_kind(std::string_view kind, std::string_view text, const Expected& expected) {
    if (kind == "group" && expected.route_target) {
        return fmt::format("{} takes no messages: publish to its topic", in_quotes(text));
    }
    if (kind == "group")
        return fmt::format("{} is a group: expected {}", in_quotes(text), expected.what);
    return fmt::format("{} is of no known kind: expected {}{}", in_quotes(text), expected.what,
                       did_you_mean(kind, {"endpoint", "topic", "group", "service", "plugin"}));
}

std::string unknown_name(std::string_view kind, std::string_view name, const Expected& expected,
                         const Draft& draft) {
    if (!is_name(name)) {
        return fmt::format("{} is no name: expected {}, by a name of a-z, 0-9, `_` and `-`",
                           in_quotes(name), expected.what);
    }
    if (kind == "service") {
        return fmt::format("no service is named {}{}", in_quotes(name),
                           did_you_mean(name, names_in(draft.service_numbers)));
    }
    if (expected.topic && draft.topic_numbers.contains(name)) {
        return fmt::format("no endpoint is named {0}, but a topic is; did you mean \"topic/{1}\"?",
                           in_quotes(name), name);
    }
    if (expected.group && draft.group_numbers.contains(name)) {
        return fmt::format("no endpoint is named {0}, but a group is; did you mean \"group/{1}\"?",
                           in_quotes(name), name);
    }
    if (expected.plugin && draft.plugin_numbers.contains(name)) {
        return fmt::format(
            "no endpoint is named {0}, but a plugin is; did you mean \"plugin/{1}\"?",
            in_quotes(name), name);
    }
    if (expected.service && draft.service_numbers.contains(name)) {
        return fmt::format(
            "no endpoint is named {0}, but a service is; did you mean \"service/{1}\"?",
            in_quotes(name), name);
    }
    return fmt::format("no endpoint is named {}{}", in_quotes(name),
                       did_you_mean(name, names_in(draft.endpoint_numbers)));
}

std::string unknown_group(std::string_view name, const Draft& draft) {
    return fmt::format("no group is named {} under `groups`{}", in_quotes(name),
                       did_you_mean(name, names_in(draft.group_numbers)));
}

std::string unknown_topic(std::string_view name, const Draft& draft) {
    if (!is_topic_name(name)) {
        return fmt::format(
            "{} is no name of a topic: expected 1 to 127 of A-Z, a-z, 0-9, `%`, `_`, `.` and `-`",
            in_quotes(name));
    }
    return fmt::format("no topic is named {} under `topics`{}", in_quotes(name),
                       did_you_mean(name, names_in(draft.topic_numbers)));
}

}  // namespace

std::optional<TargetConfig> resolve(const Value& reference, const Expected& expected,
                                    Draft& draft) {
    if (!reference.good) return std::nullopt;
    const std::string_view text = reference.text();
    const size_t slash = text.find('/');
    const std::string_view kind =
        slash == std::string_view::npos ? "endpoint" : text.substr(0, slash);
    const std::string_view name = slash == std::string_view::npos ? text : text.substr(slash + 1);
    const auto refuse = [&](std::string message) {
        draft.findings.error(reference.place, std::move(message));
        return std::nullopt;
    };
    if (kind == "service" && expected.route_source) {
        return refuse(fmt::format("{} cannot be a route's source: its replies go to its clients",
                                  in_quotes(text)));
    }
    if (kind == "service" && !expected.service) {
        return refuse(fmt::format("{} is a service: expected {}", in_quotes(text), expected.what));
    }
    if (kind == "plugin" && !expected.plugin) {
        return refuse(fmt::format("{} is a plugin: expected {}", in_quotes(text), expected.what));
    }
    if (kind == "plugin") {
        const auto found = draft.plugin_numbers.find(name);
        if (found != draft.plugin_numbers.end())
            return TargetConfig{TargetConfig::Kind::kPlugin, found->second};
        return refuse(fmt::format("no plugin is named {} under `plugins`{}", in_quotes(name),
                                  did_you_mean(name, names_in(draft.plugin_numbers))));
    }
    if (kind == "topic" && !expected.topic) {
        return refuse(fmt::format("{} is a topic: expected {}", in_quotes(text), expected.what));
    }
    if (kind == "topic") {
        if (!draft.has_engine) return refuse(why_no_engine(in_quotes(text), draft));
        const auto found = draft.topic_numbers.find(name);
        if (found != draft.topic_numbers.end())
            return TargetConfig{TargetConfig::Kind::kTopic, found->second};
        return refuse(unknown_topic(name, draft));
    }
    if (kind == "group" && expected.group) {
        if (!draft.has_engine) return refuse(why_no_engine(in_quotes(text), draft));
        const auto found = draft.group_numbers.find(name);
        if (found != draft.group_numbers.end())
            return TargetConfig{TargetConfig::Kind::kGroup, found->second};
        return refuse(unknown_group(name, draft));
    }
    if (kind != "endpoint" && kind != "service") return refuse(why_not_kind(kind, text, expected));
    const auto& numbers = kind == "service" ? draft.service_numbers : draft.endpoint_numbers;
    const auto found = numbers.find(name);
    if (found == numbers.end()) return refuse(unknown_name(kind, name, expected, draft));
    return TargetConfig{
        kind == "service" ? TargetConfig::Kind::kService : TargetConfig::Kind::kEndpoint,
        found->second};
}

void use_endpoint(size_t endpoint, Use use, Draft& draft) {
    auto& first = draft.uses[endpoint];
    auto& config = draft.config.endpoints[endpoint];
    if (!first) {
        config.role = use.role;
        config.reads_topics = use.reads_topics;
        config.group = use.group;
        first = std::move(use);
        return;
    }
    const bool routed =
        (use.role == Role::kSource || use.role == Role::kTarget) && !use.group && !first->group;
    if (first->role == use.role && routed && first->reads_topics == use.reads_topics) return;
    if (first->role == use.role && use.role == Role::kCheckers) return;
    const bool same_group = use.group && use.group == first->group;
    const auto rule = first->role != use.role     ? "an endpoint has one role"
                      : same_group                ? "one route leads from a group to an endpoint"
                      : use.group || first->group ? "it serves one group, and nothing beside it"
                      : routed ? "a SUB is served from topics or from straight routes"
                               : "an endpoint serves one service";
    draft.findings.error(
        use.place,
        fmt::format("{} cannot be {}: on line {} it is {}, and {}; expected another endpoint with "
                    "an address of its own",
                    in_quotes(config.name), use.as, first->place.line, first->as, rule));
}

}  // namespace zbridge::settings
