#include "tests/sim/plan.h"

#include <algorithm>

namespace zbridge::sim {

namespace {

using delivery::OnFull;
using settings::EndpointConfig;
using settings::Role;
using std::chrono::milliseconds;

template <class T>
T one_of(Random& random, std::initializer_list<T> values) {
    return *(values.begin() + random.below(values.size()));
}

bool chance(Random& random, uint32_t in_100) {
    return random.below(100) < in_100;
}

EndpointConfig endpoint(Random& random, const std::string& name, Role role, uint16_t port) {
    EndpointConfig made;
    made.name = name;
    made.role = role;
    net::Address address;
    address.host = "127.0.0.1";
    address.port = port;
    made.bind.push_back(address);
    net::PeerLimits& limits = made.options.limits;
    if (chance(random, 10)) limits.message_bytes_max = 3000;
    if (chance(random, 10)) limits.frame_bytes_max = 2000;
    if (chance(random, 10)) limits.frames_max = 3;
    if (chance(random, 10)) limits.peers_max = static_cast<uint32_t>(4 + random.below(8));
    if (chance(random, 30))
        limits.waiting_bytes_max = one_of<uint64_t>(random, {1, 500, 20'000, 200'000});
    if (chance(random, 30))
        limits.waiting_messages_max = one_of<uint32_t>(random, {1, 3, 50, 1000});
    if (chance(random, 10)) limits.subscriptions_max = 4;
    if (chance(random, 20))
        made.options.heartbeat = std::chrono::milliseconds(200 + random.below(1000));
    return made;
}

settings::ServiceConfig service(Random& random, const std::string& name) {
    settings::ServiceConfig made;
    rpc::ServiceOptions& options = made.options;
    options.name = name;
    options.execute = chance(random, 50) ? rpc::ServiceOptions::Execute::kAtLeastOnce
                                         : rpc::ServiceOptions::Execute::kAtMostOnce;
    options.timeout = milliseconds(one_of<int64_t>(random, {0, 300, 1000, 5000}));
    options.attempt_timeout = milliseconds(one_of<int64_t>(random, {0, 0, 50, 300}));
    options.retry_on_worker_lost = chance(random, 80);
    options.retry_on_timeout = chance(random, 40);
    options.retry_times = static_cast<uint32_t>(random.below(4));
    options.line_max = one_of<uint32_t>(random, {1, 5, 100, 10'000});
    if (chance(random, 50)) options.error_frames = {"ERR {code} {id} {reason}"};
    if (options.error_frames.empty() && chance(random, 20))
        options.error_frames = {"ERR", "{code}"};
    options.envelope_raw = chance(random, 10);
    options.resume_grace = milliseconds(one_of<int64_t>(random, {10, 200, 2000}));
    options.resume_window = milliseconds(one_of<int64_t>(random, {100, 30'000}));
    options.worker_credit = static_cast<uint32_t>(1 + random.below(4));
    if (!options.envelope_raw && chance(random, 20)) {
        options.dedup =
            rpc::DedupOptions{"$frame[0]", milliseconds(one_of<int64_t>(random, {100, 600'000})),
                              1 + random.below(50)};
    }
    return made;
}

// The model knows these: Model::Route::says_of().
void let_decode(Random& random, routing::ShapeOptions& shape) {
    shape.decode.as = one_of(random, {routing::Codec::kJson, routing::Codec::kMsgpack});
    shape.set.properties = {{"n", "$.n"}, {"first", "$frame[0]"}};
    if (chance(random, 50)) shape.set.tag = "$.kind";
    if (chance(random, 50)) shape.set.id = "$.id";
    if (chance(random, 30)) shape.set.keys = {"$.id", "$.pad"};
    if (shape.set.tag && chance(random, 50)) shape.match_filter = "n > 5 AND TAGS = 'a'";
    if (chance(random, 40)) shape.required = {"n"};
}

}  // namespace

Plan make_plan(Random& random) {
    Plan plan;
    plan.config.bridge.name = "simulated";
    plan.config.bridge.memory_bytes =
        one_of<uint64_t>(random, {4 << 20, 4 << 20, 32 << 20, 256 << 20});
    if (chance(random, 10))
        plan.config.bridge.connections_max = static_cast<uint32_t>(8 + random.below(10));

    const size_t sources = 1 + random.below(3), targets = 1 + random.below(3);
    auto& endpoints = plan.config.endpoints;
    uint16_t port = 7000;
    for (size_t i = 0; i < sources; i++) {
        endpoints.push_back(endpoint(random, "source-" + std::to_string(i), Role::kSource, port++));
        if (chance(random, 30)) endpoints.back().subscribe = EndpointConfig::Subscribe::kAll;
        if (chance(random, 20)) endpoints.back().receipts = EndpointConfig::Receipts::kNever;
    }
    for (size_t i = 0; i < targets; i++) {
        endpoints.push_back(endpoint(random, "target-" + std::to_string(i), Role::kTarget, port++));
        EndpointConfig& target = endpoints.back();
        const uint64_t kind = random.below(10);
        if (kind < 4)
            target.accept = SocketTypes{SocketType::kPull};
        else if (kind < 8)
            target.accept = SocketTypes{SocketType::kSub, SocketType::kXsub};
        if (chance(random, 40))
            target.line.messages_max = one_of<uint32_t>(random, {1, 2, 10, 100});
        if (chance(random, 30)) target.line.bytes_max = one_of<uint64_t>(random, {1, 1000, 50'000});
    }
    const size_t services = random.below(3);
    for (size_t i = 0; i < services; i++) {
        const std::string name = "service-" + std::to_string(i);
        plan.config.services.push_back(service(random, name));
        settings::ServiceConfig& made = plan.config.services.back();
        made.clients = endpoints.size();
        endpoints.push_back(endpoint(random, name + "-clients", Role::kClients, port++));
        made.workers = endpoints.size();
        endpoints.push_back(endpoint(random, name + "-workers", Role::kWorkers, port++));
        if (made.options.dedup) plan.keys = static_cast<uint32_t>(1 + random.below(20));
        if (!chance(random, 40)) continue;
        // A source whose route leads to the service: asked in another way, served alike.
        settings::RouteConfig route;
        route.name = "to " + name;
        route.from.push_back(endpoints.size());
        route.to.push_back({settings::TargetConfig::Kind::kService, i});
        plan.config.routes.push_back(std::move(route));
        endpoints.push_back(endpoint(random, name + "-source", Role::kSource, port++));
        endpoints.back().accept = SocketTypes{SocketType::kReq, SocketType::kDealer};
    }
    const size_t routes = sources + random.below(3);
    for (size_t i = 0; i < routes; i++) {
        settings::RouteConfig route;
        route.name = "route-" + std::to_string(i);
        route.from.push_back(i < sources ? i : random.below(sources));
        if (sources > 1 && chance(random, 20)) {
            const size_t other = random.below(sources);
            if (other != route.from[0]) route.from.push_back(other);
        }
        route.to.push_back(
            {settings::TargetConfig::Kind::kEndpoint, sources + random.below(targets)});
        if (targets > 1 && chance(random, 40)) {
            const size_t other = sources + random.below(targets);
            if (other != route.to[0].index)
                route.to.push_back({settings::TargetConfig::Kind::kEndpoint, other});
        }
        if (chance(random, 30))
            route.shape.match_prefix = one_of<std::string>(random, {"a", "ab", "news.", "", "zz"});
        if (chance(random, 25)) {
            let_decode(random, route.shape);
            plan.documents = true;
        }
        if (chance(random, 70)) {
            route.on_full = one_of<OnFull>(random, {OnFull::kBlock, OnFull::kDropNewest,
                                                    OnFull::kDropOldest, OnFull::kDisconnect});
        }
        plan.config.routes.push_back(std::move(route));
    }

    plan.net.buffer_bytes_min = one_of<size_t>(random, {16, 64, 1024});
    plan.net.buffer_bytes_max = one_of<size_t>(random, {256, 4096, 65'536, 262'144});
    plan.net.buffer_bytes_max = std::max(plan.net.buffer_bytes_max, plan.net.buffer_bytes_min);
    plan.net.delay_max = std::chrono::microseconds(one_of<int64_t>(random, {0, 50, 500, 3000}));
    plan.net.accept_failures_in_1000 = chance(random, 20) ? 200 : 0;
    plan.net.events_max = one_of<uint32_t>(random, {1, 3, 16, 256});
    plan.net.tells_all = chance(random, 70);
    plan.length = std::chrono::milliseconds(one_of<int64_t>(random, {50, 300, 1000, 4000}));
    plan.happenings = static_cast<uint32_t>(10 + random.below(70));
    plan.peers_at_start = static_cast<uint32_t>(random.below(8));
    plan.ending = one_of<Ending>(
        random, {Ending::kAllLeave, Ending::kAllLeave, Ending::kStop, Ending::kBreakOff});
    plan.message_bytes_max = one_of<size_t>(random, {20, 200, 2000, 10'000});
    plan.large_in_1000 = one_of<uint32_t>(random, {0, 0, 3, 20, 200});
    if (plan.large_in_1000 >= 20) {  // or most of the run goes into carrying them
        plan.net.buffer_bytes_min = 4096;
        plan.net.buffer_bytes_max = 262'144;
    }
    plan.pings = chance(random, 40);
    plan.identities = chance(random, 40);
    plan.rude_peers = chance(random, 40);
    plan.work_max = milliseconds(one_of<int64_t>(random, {0, 5, 50, 400}));
    plan.stuck_in_100 = chance(random, 30) ? 10 : 0;
    plan.kills = chance(random, 25) ? static_cast<uint32_t>(1 + random.below(2)) : 0;
    return plan;
}

std::string describe(const Plan& plan) {
    const auto number = [](auto n) { return std::to_string(n); };
    std::string text = "memory " + number(plan.config.bridge.memory_bytes) + ", connections " +
                       number(plan.config.bridge.connections_max) + ", buffers " +
                       number(plan.net.buffer_bytes_min) + ".." +
                       number(plan.net.buffer_bytes_max) + ", delay us " +
                       number(plan.net.delay_max.count() / 1000) + ", ending " +
                       number(static_cast<int>(plan.ending)) + "\n";
    for (const EndpointConfig& each : plan.config.endpoints) {
        const net::PeerLimits& limits = each.options.limits;
        text += "  " + each.name + " port " + number(each.bind[0].port) + " accepts " +
                (each.accept ? each.accept->list() : "its role's") + ", line " +
                number(each.line.messages_max) + " of " + number(each.line.bytes_max) +
                " B, waiting " + number(limits.waiting_messages_max) + " of " +
                number(limits.waiting_bytes_max) + " B, message " +
                number(limits.message_bytes_max) + " B, frame " + number(limits.frame_bytes_max) +
                " B, frames " + number(limits.frames_max) + ", peers " + number(limits.peers_max) +
                ", heartbeat ms " + number(each.options.heartbeat.count() / 1'000'000) + "\n";
    }
    for (const settings::ServiceConfig& each : plan.config.services) {
        const rpc::ServiceOptions& options = each.options;
        const auto ms = [&](Duration duration) { return number(duration.count() / 1'000'000); };
        text += "  " + options.name + ": " +
                (options.execute == rpc::ServiceOptions::Execute::kAtLeastOnce ? "at_least_once"
                                                                               : "at_most_once") +
                ", timeout ms " + ms(options.timeout) + ", attempt ms " +
                ms(options.attempt_timeout) + ", retry " + number(options.retry_times) +
                (options.retry_on_worker_lost ? " when lost" : "") +
                (options.retry_on_timeout ? " when slow" : "") + ", line " +
                number(options.line_max) +
                (options.error_frames.empty() ? ", silent" : ", says errors") +
                (options.envelope_raw ? ", raw" : "") + ", grace ms " + ms(options.resume_grace) +
                ", window ms " + ms(options.resume_window) + ", credit " +
                number(options.worker_credit) + (options.dedup ? ", dedup" : "") + "\n";
    }
    static constexpr const char* kOnFull[] = {"block", "drop_newest", "drop_oldest", "disconnect"};
    for (const settings::RouteConfig& route : plan.config.routes) {
        text += "  " + route.name + ":";
        for (const size_t from : route.from)
            text += " " + plan.config.endpoints[from].name;
        text += " ->";
        for (const auto& to : route.to) {
            text += " " + (to.kind == settings::TargetConfig::Kind::kService
                               ? "service/" + plan.config.services[to.index].options.name
                               : plan.config.endpoints[to.index].name);
        }
        if (route.shape.match_prefix) text += " match `" + *route.shape.match_prefix + "`";
        const routing::ShapeOptions& shape = route.shape;
        if (shape.decode.as == routing::Codec::kJson) text += " decode json";
        if (shape.decode.as == routing::Codec::kMsgpack) text += " decode msgpack";
        if (shape.match_filter) text += " filter `" + *shape.match_filter + "`";
        if (!shape.required.empty()) text += " required n";
        text += std::string(", on_full ") +
                (route.on_full ? kOnFull[static_cast<size_t>(*route.on_full)] : "default") + "\n";
    }
    return text;
}

}  // namespace zbridge::sim
