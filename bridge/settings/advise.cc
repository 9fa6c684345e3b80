// Warnings: what is legal, and surely not meant.
#include <algorithm>
#include <filesystem>
#include <functional>

#include <fmt/format.h>

#include "bridge/settings/draft.h"
#include "bridge/settings/units.h"

namespace zbridge::settings {

namespace {

using Execute = rpc::ServiceOptions::Execute;

// `bridge` may be null.
void advise_memory(const Value* bridge, Draft& draft) {
    const uint64_t memory = draft.config.bridge.memory_bytes;
    for (size_t i = 0; i < draft.config.endpoints.size(); i++) {
        const auto& endpoint = draft.config.endpoints[i];
        const uint64_t largest = endpoint.options.limits.message_bytes_max;
        if (largest <= memory) continue;
        const auto* limits = draft.endpoint_values[i]->find("limits");
        const auto* written = limits != nullptr ? limits->written_at("max_message") : nullptr;
        if (written == nullptr && bridge != nullptr) written = bridge->written_at("memory");
        draft.findings.warn(
            written != nullptr ? written->place : endpoint.place,
            fmt::format(
                "{} takes messages of {}, more than the whole bridge may hold (`memory`: {})",
                in_quotes(endpoint.name), size_text(largest), size_text(memory)));
        return;  // one is enough: the others are likely to be the same
    }
}

void advise_bridge(const Value& file, Draft& draft) {
    const auto& bridge = draft.config.bridge;
    const auto* section = file.find("bridge");
    if (section != nullptr) {
        const auto* folder = section->written_at("data_dir");
        const auto path = std::filesystem::path(bridge.data_dir).lexically_normal().string();
        const bool passing = path.starts_with("/tmp") || path.starts_with("/var/tmp") ||
                             path.starts_with("/dev/shm") || path.starts_with("/run");
        if (folder != nullptr && passing) {
            draft.findings.warn(
                folder->place,
                fmt::format("{} does not outlive a restart of the machine: a reply that "
                            "comes after one may be taken for that of another request",
                            in_quotes(bridge.data_dir)));
        }
    }
    advise_memory(section, draft);
}

void advise_consumers(const Value& value, const EndpointConfig& config, Findings& findings) {
    if (!config.group) return;
    using Puller = delivery::ConsumersOptions::Puller;
    const bool dealer = config.types().has(SocketType::kDealer);
    const auto* credit = value.written_at("credit");
    if (credit != nullptr && config.credit > 1 && (!dealer || config.puller == Puller::kVerbs))
        findings.warn(credit->place, "`credit` is for DEALER workers, and none can be here");
    const auto* puller = value.written_at("puller");
    const bool pulls =
        config.types().has(SocketType::kReq) || (dealer && config.puller == Puller::kVerbs);
    if (puller != nullptr && !pulls)
        findings.warn(puller->key_place,
                      "`puller` is about who asks, and none of them can connect here");
}

// What nobody consumes is kept as if somebody would.
void advise_groups(Draft& draft) {
    const auto& endpoints = draft.config.endpoints;
    const bool clients = std::any_of(endpoints.begin(), endpoints.end(),
                                     [](const auto& each) { return each.role == Role::kZbp; });
    if (clients) return;
    for (size_t i = 0; i < draft.config.groups.size(); i++) {
        const auto& routes = draft.config.routes;
        if (std::any_of(routes.begin(), routes.end(),
                        [&](const RouteConfig& route) { return route.from_group == i; }))
            continue;
        draft.findings.warn(draft.config.groups[i].place,
                            fmt::format("no route leads from group/{} to consumers: nobody settles "
                                        "what it is to be given",
                                        draft.config.groups[i].name));
    }
}

void advise_clients(const EndpointConfig& config, const Draft& draft) {
    if (config.role != Role::kZbp || !draft.config.topics.empty() || !draft.config.services.empty())
        return;
    draft.findings.warn(
        config.place,
        fmt::format("{} serves clients topics, groups and services, and there are none",
                    in_quotes(config.name)));
}

void advise_endpoint(const Value& value, const EndpointConfig& config, Findings& findings) {
    if (config.role == Role::kUnused) {
        findings.warn(config.place,
                      fmt::format("{} is used by no route and no service: nothing is bound for it",
                                  in_quotes(config.name)));
        return;
    }
    if (const auto* accept = value.written_at("accept"); accept != nullptr && config.bind.empty()) {
        findings.warn(accept->key_place,
                      "`accept` is about those who connect in, and nothing is bound here");
    }
    if (const auto* limits = value.find("limits")) {
        const auto* frame = limits->written_at("max_frame");
        if (frame != nullptr &&
            config.options.limits.frame_bytes_max > config.options.limits.message_bytes_max) {
            findings.warn(frame->place,
                          fmt::format("`max_frame` is never reached: `max_message` is {}",
                                      size_text(config.options.limits.message_bytes_max)));
        }
    }
    const auto* credit = value.written_at("credit");
    if (credit != nullptr && config.credit > 1 && !config.group &&
        !config.types().has(SocketType::kDealer) && !config.types().has(SocketType::kRouter)) {
        findings.warn(credit->place,
                      "`credit` is for DEALER and ROUTER workers, and none can connect here");
    }
    advise_consumers(value, config, findings);
    const bool subscribes =
        config.types().has(SocketType::kPub) || config.types().has(SocketType::kXpub);
    if (const auto* subscribe = value.written_at("subscribe");
        subscribe != nullptr && !subscribes) {
        findings.warn(subscribe->key_place, "`subscribe` is for publishers, and none can be here");
    }
}

void advise_service(const Value& value, const ServiceConfig& config, Findings& findings) {
    const auto& options = config.options;
    const bool for_ever = options.timeout == Duration::zero();
    const auto place_of = [&](std::string_view key) {
        const auto* written = value.written_at(key);
        return written != nullptr ? written->place : config.place;
    };
    if (for_ever) {
        findings.warn(
            place_of("timeout"),
            "`timeout` 0: a request whose worker hangs waits for ever, and its client with it");
    }
    const auto* retry = value.written_at("retry");
    if (retry != nullptr && options.retry_times == 0) {
        const auto* times = retry->written_at("times");
        findings.warn(
            times != nullptr ? times->place : retry->key_place,
            "`times` 0: a lost worker's request goes to nobody else, for all that the service says "
            "at_least_once");
    }
    const bool whole_time =
        options.attempt_timeout == Duration::zero() || options.attempt_timeout >= options.timeout;
    if (options.retry_on_timeout && whole_time && !for_ever) {
        findings.warn(place_of("attempt_timeout"),
                      fmt::format("no time is left for another attempt: `attempt_timeout` is not "
                                  "shorter than `timeout` "
                                  "({}), and `retry` lists timeout",
                                  duration_text(options.timeout)));
    } else if (options.attempt_timeout > options.timeout && !for_ever) {
        findings.warn(place_of("attempt_timeout"),
                      fmt::format("`attempt_timeout` is never reached: `timeout` is {}",
                                  duration_text(options.timeout)));
    }
    if (options.dedup && options.dedup->window < options.timeout) {
        const auto* window = value.find("dedup")->written_at("window");
        findings.warn(
            window != nullptr ? window->place : config.place,
            fmt::format(
                "`window` is shorter than `timeout` ({}): a client that asks again may run its "
                "request twice",
                duration_text(options.timeout)));
    }
    const bool may_be_lost =
        options.execute == Execute::kAtLeastOnce && options.retry_on_worker_lost;
    if (may_be_lost && !for_ever && options.retry_times > 0 &&
        options.resume_grace >= options.timeout) {
        findings.warn(place_of("resume_grace"),
                      fmt::format("`resume_grace` is not shorter than `timeout` ({}): a lost "
                                  "worker's request times out "
                                  "before another gets it",
                                  duration_text(options.timeout)));
    }
}

void advise_blocking(const Value& value, const RouteConfig& config, Draft& draft) {
    const auto* on_full = value.written_at("on_full");
    if (on_full == nullptr || config.on_full != delivery::OnFull::kBlock) return;
    for (const auto& target : config.to) {
        if (target.kind != TargetConfig::Kind::kEndpoint) continue;
        const auto& endpoint = draft.config.endpoints[target.index];
        if (!endpoint.types().has(SocketType::kSub) && !endpoint.types().has(SocketType::kXsub))
            continue;
        draft.findings.warn(
            on_full->place,
            fmt::format("the slowest SUB on {} then holds the source, and all the others "
                        "with it; `accept: pull` there if none is meant",
                        in_quotes(endpoint.name)));
    }
}

void advise_route(const Value& value, const RouteConfig& config, Draft& draft) {
    advise_blocking(value, config, draft);
    if (const auto* match = value.find("match");
        match != nullptr && config.shape.match_prefix == "") {
        draft.findings.warn(match->place,
                            "an empty `prefix` matches every message: `match` may be left out");
    }
    if (const auto* replies = value.written_at("replies");
        replies != nullptr && config.from_group &&
        config.replies == draft.config.groups[*config.from_group].topic) {
        draft.findings.warn(replies->place,
                            "the group gets what its workers reply as messages again, and so on");
    }
    const auto* set = value.find("set");
    if (set == nullptr || has_topic(config.to)) return;
    for (const auto key : {"deliver_at", "delay"}) {
        const auto* time = set->written_at(key);
        if (time == nullptr) continue;
        draft.findings.warn(
            time->key_place,
            fmt::format("`{}` waits in a topic only: this route delivers at once", key));
    }
}

// Both take a message of `a`'s prefix, or of `b`'s. Of two filters nobody can say.
bool overlap(const RouteConfig& a, const RouteConfig& b) {
    const auto& x = a.shape.match_prefix;
    const auto& y = b.shape.match_prefix;
    if (a.shape.match_filter && b.shape.match_filter) return false;
    return !x || !y || x->starts_with(*y) || y->starts_with(*x);
}

// A message takes every route that matches it.
void advise_second_ways(Draft& draft) {
    const auto& routes = draft.config.routes;
    const auto shares = [](const auto& ours, const auto& theirs, auto same) {
        return std::find_first_of(ours.begin(), ours.end(), theirs.begin(), theirs.end(), same) !=
               ours.end();
    };
    const auto same_target = [](const TargetConfig& x, const TargetConfig& y) {
        return x.kind == y.kind && x.index == y.index;
    };
    for (size_t i = 0; i < routes.size(); i++) {
        for (size_t j = 0; j < i; j++) {
            const bool twice =
                overlap(routes[i], routes[j]) &&
                (shares(routes[i].from, routes[j].from, std::equal_to<>()) ||
                 shares(routes[i].from_topics, routes[j].from_topics, std::equal_to<>())) &&
                shares(routes[i].to, routes[j].to, same_target);
            if (!twice) continue;
            draft.findings.warn(
                routes[i].place,
                fmt::format("a message takes every route that matches it: some go to the "
                            "same target by this route and by that on line {}, twice",
                            routes[j].place.line));
            break;
        }
    }
}

}  // namespace

void advise(const Value& file, Draft& draft) {
    if (draft.config.endpoints.empty()) {
        draft.findings.warn({}, "there are no endpoints: nothing can connect to this bridge");
    }
    advise_bridge(file, draft);
    for (size_t i = 0; i < draft.config.endpoints.size(); i++) {
        advise_endpoint(*draft.endpoint_values[i], draft.config.endpoints[i], draft.findings);
        advise_clients(draft.config.endpoints[i], draft);
    }
    for (size_t i = 0; i < draft.config.services.size(); i++) {
        advise_service(*draft.service_values[i], draft.config.services[i], draft.findings);
    }
    for (size_t i = 0; i < draft.config.routes.size(); i++) {
        advise_route(*draft.route_values[i], draft.config.routes[i], draft);
    }
    advise_second_ways(draft);
    advise_groups(draft);
}

}  // namespace zbridge::settings
