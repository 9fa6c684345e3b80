// Routes against what their endpoints and services can do.
#include <algorithm>

#include <fmt/format.h>

#include "bridge/settings/draft.h"

namespace zbridge::settings {

namespace {

using Execute = rpc::ServiceOptions::Execute;

bool has_any(const SocketTypes& types, std::initializer_list<SocketType> wanted) {
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](SocketType type) { return types.has(type); });
}

bool is_endpoint(const TargetConfig& target) {
    return target.kind == TargetConfig::Kind::kEndpoint;
}

bool is_service(const TargetConfig& target) {
    return target.kind == TargetConfig::Kind::kService;
}

void check_guarantee(const Value& route, const RouteConfig& config, Draft& draft) {
    const auto* guarantee = route.written_at("guarantee");
    if (guarantee == nullptr) return;
    for (const auto& target : config.to) {
        if (is_endpoint(target)) {
            // Beside a topic it is a follower: the promise is the topic's.
            // One of a group serves those who confirm.
            if (config.guarantee != Execute::kAtLeastOnce || has_topic(config.to) ||
                config.from_group) {
                continue;
            }
            draft.findings.error(
                guarantee->place,
                fmt::format("`guarantee`: {} carries at_most_once: neither a PULL nor a SUB "
                            "confirms what it gets; expected {}",
                            in_quotes(draft.config.endpoints[target.index].name),
                            config.from_topics.empty() ? "a service or a topic" : "at_most_once"));
            continue;
        }
        if (!is_service(target)) continue;  // a sink or a topic confirms what it takes
        const auto& service = draft.config.services[target.index];
        if (service.options.execute == *config.guarantee) continue;
        const auto executes =
            service.options.execute == Execute::kAtLeastOnce ? "at_least_once" : "at_most_once";
        draft.findings.error(
            guarantee->place,
            fmt::format("`guarantee`: service/{} executes {} (line {}): expected the same here, or "
                        "another `execute` there",
                        service.options.name, executes, service.place.line));
    }
}

void check_on_full(const Value& route, const RouteConfig& config, Draft& draft) {
    const auto* on_full = route.written_at("on_full");
    if (on_full == nullptr || config.to.empty() || !config.from_topics.empty() || config.from_group)
        return;
    if (std::none_of(config.to.begin(), config.to.end(), is_endpoint)) {
        draft.findings.error(
            on_full->key_place,
            "`on_full` means nothing to a service, whose `line` is the limit: what goes beyond is "
            "refused as busy; nor to a sink or a topic, which hold their sources");
        return;
    }
    if (config.on_full != delivery::OnFull::kDisconnect) return;
    const bool any_subscriber =
        std::any_of(config.to.begin(), config.to.end(), [&](const TargetConfig& target) {
            return is_endpoint(target) && has_any(draft.config.endpoints[target.index].types(),
                                                  {SocketType::kSub, SocketType::kXsub});
        });
    if (any_subscriber) return;
    draft.findings.error(
        on_full->place,
        "`on_full`: only a SUB can be disconnected for being slow, and PULLs share one "
        "line: expected block, drop_newest or drop_oldest");
}

// The reply of a service goes back to whoever asked: a source that none can ask through is a
// mistake.
void check_replies(const Value& route, const RouteConfig& config, Draft& draft) {
    const auto* from = route.find("from");
    if (from == nullptr || std::none_of(config.to.begin(), config.to.end(), is_service)) return;
    for (const size_t index : config.from_plugins) {
        draft.findings.error(from->place,
                             fmt::format("a service answers, and the source {} can take no "
                                         "answer: expected an endpoint that serves REQ or DEALER",
                                         in_quotes(draft.config.plugins[index].options.name)));
    }
    for (const size_t index : config.from) {
        const auto& source = draft.config.endpoints[index];
        if (has_any(source.types(), {SocketType::kReq, SocketType::kDealer, SocketType::kRouter}))
            continue;
        draft.findings.error(
            from->place,
            fmt::format("a service answers, and nobody on {} can take an answer: expected "
                        "an endpoint that serves REQ or DEALER",
                        in_quotes(source.name)));
    }
}

}  // namespace

void check_routes(Draft& draft) {
    for (size_t i = 0; i < draft.config.routes.size(); i++) {
        const Value& route = *draft.route_values[i];
        const auto& config = draft.config.routes[i];
        check_guarantee(route, config, draft);
        check_on_full(route, config, draft);
        check_replies(route, config, draft);
    }
}

}  // namespace zbridge::settings
