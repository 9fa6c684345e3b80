// Routes from groups: what they may lead to, what their keys can mean; and those keys elsewhere.
#include <algorithm>

#include <fmt/format.h>

#include "bridge/settings/draft.h"

namespace zbridge::settings {

namespace {

std::string reference_of(const RouteConfig& config, const Draft& draft) {
    return "group/" + draft.config.groups[*config.from_group].name;
}

// What a worker is, for `settle` and `replies`: it replies.
bool has_workers(const EndpointConfig& endpoint) {
    using Puller = delivery::ConsumersOptions::Puller;
    const SocketTypes types = endpoint.types();
    return types.has(SocketType::kRep) ||
           (types.has(SocketType::kDealer) && endpoint.puller != Puller::kVerbs);
}

void check_keys(const Value& route, const RouteConfig& config, Draft& draft) {
    struct Row {
        std::string_view key, why;
    };
    constexpr Row kRows[] = {
        {"match", "which messages a group is for is said in `groups`, by its `filter`"},
        {"decode", "what a topic keeps is given as it is"},
        {"set", "what a topic keeps is given as it is"},
        {"required", "what a topic keeps is given as it is"},
        {"steps", "what a topic keeps is given as it is"},
        {"start", "where a group begins is said in `groups`, by its `start`"},
        {"on_full", "who is busy is given nothing, and the topic keeps it"},
        {"rejects", "what is not for its consumers goes to the group's dead letters"},
    };
    for (const auto& [key, value] : route.entries) {
        if (!value.written) continue;
        const auto row =
            std::find_if(std::begin(kRows), std::end(kRows),
                         [&wanted = key](const Row& each) { return each.key == wanted; });
        if (row == std::end(kRows)) continue;
        draft.findings.error(value.key_place,
                             fmt::format("`{}` means nothing to a route from {}: {}", key,
                                         reference_of(config, draft), row->why));
    }
}

void check_targets(const Value& route, const RouteConfig& config, Draft& draft) {
    const auto* to = route.find("to");
    if (to == nullptr) return;
    for (const auto& target : config.to) {
        if (target.kind == TargetConfig::Kind::kEndpoint) continue;
        const std::string reference = reference_to(target, draft.config);
        const auto item = std::find_if(to->items.begin(), to->items.end(), [&](const Value& each) {
            return each.good && each.text() == reference;
        });
        std::string_view why;
        if (target.kind == TargetConfig::Kind::kPlugin) why = " in this build";
        if (target.kind == TargetConfig::Kind::kService)
            why = ", where nobody waits for its answer";
        draft.findings.error(
            item != to->items.end() ? item->place : to->place,
            fmt::format(
                "{} cannot consume {}{}: expected an endpoint, for PULL, REP, REQ or DEALER",
                reference, reference_of(config, draft), why));
    }
}

void check_workers(const Value& route, const RouteConfig& config, Draft& draft) {
    const bool any = std::any_of(config.to.begin(), config.to.end(), [&](const auto& target) {
        return target.kind != TargetConfig::Kind::kEndpoint ||
               has_workers(draft.config.endpoints[target.index]);
    });
    if (any || config.to.empty()) return;
    for (const std::string_view key : {"settle", "replies"}) {
        const auto* value = route.written_at(key);
        if (value == nullptr) continue;
        draft.findings.error(
            value->key_place,
            fmt::format("`{}` is about what REP and DEALER workers reply, and none "
                        "can be at {}",
                        key, reference_to(config.to[0], draft.config)));
    }
}

// Of a group that is `mode: broadcast`: each name once, and names have those alone who say one.
void check_broadcast(size_t route, Draft& draft) {
    const auto& config = draft.config.routes[route];
    if (!draft.config.groups[*config.from_group].broadcast) return;
    size_t endpoints = config.to.size();
    for (size_t i = 0; i < route; i++) {
        const auto& other = draft.config.routes[i];
        if (other.from_group == config.from_group) endpoints += other.to.size();
    }
    if (endpoints > 1) {
        draft.findings.error(
            config.place, fmt::format("{} is `mode: broadcast`: each name has one place in it, so "
                                      "expected one endpoint for all of its consumers",
                                      reference_of(config, draft)));
    }
    for (const auto& target : config.to) {
        if (target.kind != TargetConfig::Kind::kEndpoint) continue;
        const auto& endpoint = draft.config.endpoints[target.index];
        const SocketTypes types = endpoint.types();
        if (types.has(SocketType::kReq) || types.has(SocketType::kDealer)) continue;
        draft.findings.error(
            config.place,
            fmt::format(
                "{} is `mode: broadcast`, and a PULL or REP has no routing id to be known by: "
                "expected `accept: [req, dealer]` at {}",
                reference_of(config, draft), in_quotes(endpoint.name)));
    }
}

void check_consumed(const Value& route, const RouteConfig& config, Draft& draft) {
    const auto* from = route.find("from");
    if (from != nullptr &&
        (!config.from.empty() || !config.from_plugins.empty() || !config.from_topics.empty())) {
        draft.findings.error(from->place,
                             fmt::format("a route serves a group, or takes what others send: "
                                         "expected a route of its own for {}",
                                         reference_of(config, draft)));
        return;
    }
    check_keys(route, config, draft);
    check_targets(route, config, draft);
    check_workers(route, config, draft);
}

void check_others(const Value& route, Draft& draft) {
    for (const std::string_view key : {"settle", "replies"}) {
        const auto* value = route.written_at(key);
        if (value == nullptr) continue;
        draft.findings.error(value->key_place,
                             fmt::format("`{}` is about what a group's workers reply: expected "
                                         "`from: group/NAME` beside it",
                                         key));
    }
}

}  // namespace

void check_groups(Draft& draft) {
    for (size_t i = 0; i < draft.config.routes.size(); i++) {
        const auto& config = draft.config.routes[i];
        if (config.from_group)
            check_consumed(*draft.route_values[i], config, draft), check_broadcast(i, draft);
        else
            check_others(*draft.route_values[i], draft);
    }
}

}  // namespace zbridge::settings
