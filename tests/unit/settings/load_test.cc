#include "bridge/settings/load.h"

#include <filesystem>
#include <map>
#include <string>

using namespace zbridge;
using namespace zbridge::settings;
using namespace std::chrono_literals;
using Execute = rpc::ServiceOptions::Execute;

namespace {

std::optional<std::string> no_environment(const std::string&) {
    return std::nullopt;
}

Loaded load(const std::string& text) {
    return load_text(text, "test.yaml", no_environment);
}

Config right(const std::string& text) {
    auto loaded = load(text);
    std::string said;
    for (const auto& error : loaded.errors)
        said += error.text() + "\n";
    CAPTURE(said);
    REQUIRE(loaded.config);
    return *std::move(loaded.config);
}

std::string first_error(const std::string& text) {
    const auto loaded = load(text);
    return loaded.errors.empty() ? "none" : loaded.errors[0].message;
}

constexpr const char* kEndpoints =
    "endpoints:\n  in: { bind: tcp://*:5551 }\n  out: { bind: tcp://*:5561 }\n";

}  // namespace

TEST_CASE("what the file leaves out is as the parts themselves have it") {
    const auto config =
        right(std::string(kEndpoints) +
              "  clients: { bind: tcp://*:5555 }\n"
              "  workers: { bind: tcp://*:5556 }\n"
              "services: { svc: { clients: clients, workers: workers, dedup: { key: $.id } } }\n"
              "routes: [{ from: in, to: out }]\n");

    const BridgeConfig bridge;
    CHECK(config.bridge.name == bridge.name);
    CHECK(config.bridge.data_dir == "./zbridge-data");
    CHECK(config.bridge.memory_bytes == bridge.memory_bytes);
    CHECK(config.bridge.connections_max == bridge.connections_max);
    CHECK(config.bridge.drain_timeout == bridge.drain_timeout);
    CHECK(config.bridge.log_level == bridge.log_level);
    CHECK(config.bridge.log_json == bridge.log_json);

    const auto& endpoint = config.endpoints.at(0);
    const net::EndpointOptions options;
    CHECK(endpoint.options.heartbeat == options.heartbeat);
    CHECK(endpoint.options.keepalive == options.keepalive);
    CHECK(endpoint.options.user_timeout == options.user_timeout);
    CHECK(endpoint.options.intake_buffer_bytes == options.intake_buffer_bytes);
    CHECK(endpoint.options.send_buffer_bytes == options.send_buffer_bytes);
    CHECK(endpoint.line.bytes_max == delivery::LineOptions{}.bytes_max);
    CHECK(endpoint.line.messages_max == delivery::LineOptions{}.messages_max);
    CHECK(endpoint.credit == EndpointConfig{}.credit);
    CHECK(endpoint.receipts == EndpointConfig{}.receipts);
    CHECK(endpoint.subscribe == EndpointConfig{}.subscribe);
    CHECK_FALSE(endpoint.accept);

    const net::PeerLimits limits;
    const auto& read = endpoint.options.limits;
    CHECK(read.peers_max == limits.peers_max);
    CHECK(read.frame_bytes_max == limits.frame_bytes_max);
    CHECK(read.message_bytes_max == limits.message_bytes_max);
    CHECK(read.frames_max == limits.frames_max);
    CHECK(read.handshake_time == limits.handshake_time);
    CHECK(read.waiting_bytes_max == limits.waiting_bytes_max);
    CHECK(read.waiting_messages_max == limits.waiting_messages_max);
    CHECK(read.subscriptions_max == limits.subscriptions_max);
    CHECK(read.subscription_bytes_max == limits.subscription_bytes_max);

    const auto& service = config.services.at(0).options;
    const rpc::ServiceOptions defaults;
    CHECK(service.execute == defaults.execute);
    CHECK(service.timeout == defaults.timeout);
    CHECK(service.attempt_timeout == defaults.attempt_timeout);
    CHECK(service.retry_on_worker_lost == defaults.retry_on_worker_lost);
    CHECK(service.retry_on_timeout == defaults.retry_on_timeout);
    CHECK(service.retry_times == defaults.retry_times);
    CHECK(service.line_max == defaults.line_max);
    CHECK(service.error_frames == defaults.error_frames);
    CHECK(service.envelope_raw == defaults.envelope_raw);
    CHECK(service.resume_grace == defaults.resume_grace);
    CHECK(service.resume_window == defaults.resume_window);
    CHECK(service.worker_credit == defaults.worker_credit);
    CHECK(service.dedup->window == rpc::DedupOptions{}.window);
    CHECK(service.dedup->entries_max == rpc::DedupOptions{}.entries_max);
}

TEST_CASE("every key reaches its field") {
    const auto config = right(R"(
bridge:
  name: shop
  memory: 1GiB
  max_connections: 100
  drain_timeout: 3s
  log: { level: warn, format: json, levels: { net: trace, rpc: off } }
endpoints:
  in:
    bind: [tcp://*:5551, "ipc://@in"]
    connect: tcp://127.0.0.1:6000
    socket: sub
    accept: [push, req]
    subscribe: all
    receipts: never
    heartbeat: 2s
    keepalive: off
    user_timeout: 1m
    intake_buffer: 8KiB
    limits: { max_peers: 3, max_frame: 1KiB, max_message: 2KiB, max_frames: 4, handshake_time: 1s, max_waiting: 5KiB,
              max_waiting_messages: 6, max_subscriptions: 7, max_subscription_bytes: 8B }
  out: { bind: tcp://*:5561, send_buffer: 16KiB, line: { max_messages: 9, max_bytes: 10KiB } }
  clients: { bind: tcp://*:5555 }
  workers: { bind: tcp://*:5556, credit: 12 }
services:
  svc:
    clients: clients
    workers: endpoint/workers
    execute: at_least_once
    timeout: 20s
    attempt_timeout: 6s
    retry: { on: [worker_lost, timeout], times: 7 }
    line: 99
    on_error: ["ERR", "{code}"]
    envelope: raw
    dedup: { key: "$frame[0]", window: 30s, max: 11 }
    resume_grace: 1s
    resume_window: 13s
routes:
  - name: orders
    from: in
    match: { prefix: "order.", filter: "a = 7 AND TAGS <> 'x'" }
    decode: { frame: 1, as: msgpack }
    set: { id: $.id, keys: [$.a, b], order_key: $peer.user, tag: "$$x", properties: { b: $.b, a: "7" } }
    required: [id, a]
    to: service/svc
    guarantee: at_least_once
  - { from: in, to: out, on_full: drop_oldest }
)");
    CHECK(config.bridge.name == "shop");
    CHECK(config.bridge.data_dir == "./shop-data");
    CHECK(config.bridge.memory_bytes == 1 << 30);
    CHECK(config.bridge.connections_max == 100);
    CHECK(config.bridge.drain_timeout == 3s);
    CHECK(config.bridge.log_level == "warn");
    CHECK(config.bridge.log_json);
    CHECK(config.bridge.log_levels ==
          std::vector<std::pair<std::string, std::string>>{{"net", "trace"}, {"rpc", "off"}});

    const auto& in = config.endpoints.at(0);
    CHECK(in.name == "in");
    CHECK(in.place == Place{9, 3});
    REQUIRE(in.bind.size() == 2);
    CHECK(in.bind[1].path == "@in");
    CHECK(in.connect.at(0).port == 6000);
    CHECK(in.socket == SocketType::kSub);
    CHECK(in.accept == SocketTypes{SocketType::kPush, SocketType::kReq});
    CHECK(in.subscribe == EndpointConfig::Subscribe::kAll);
    CHECK(in.receipts == EndpointConfig::Receipts::kNever);
    CHECK(in.options.heartbeat == 2s);
    CHECK(in.options.keepalive == 0s);
    CHECK(in.options.user_timeout == 1min);
    CHECK(in.options.intake_buffer_bytes == 8 * 1024);
    CHECK(in.options.limits.peers_max == 3);
    CHECK(in.options.limits.frame_bytes_max == 1024);
    CHECK(in.options.limits.message_bytes_max == 2048);
    CHECK(in.options.limits.frames_max == 4);
    CHECK(in.options.limits.handshake_time == 1s);
    CHECK(in.options.limits.waiting_bytes_max == 5 * 1024);
    CHECK(in.options.limits.waiting_messages_max == 6);
    CHECK(in.options.limits.subscriptions_max == 7);
    CHECK(in.options.limits.subscription_bytes_max == 8);
    CHECK(config.endpoints.at(1).options.send_buffer_bytes == 16 * 1024);
    CHECK(config.endpoints[1].line.messages_max == 9);
    CHECK(config.endpoints[1].line.bytes_max == 10 * 1024);

    const auto& service = config.services.at(0);
    CHECK(service.clients == 2);
    CHECK(service.workers == 3);
    CHECK(service.options.name == "svc");
    CHECK(service.options.execute == Execute::kAtLeastOnce);
    CHECK(service.options.timeout == 20s);
    CHECK(service.options.attempt_timeout == 6s);
    CHECK(service.options.retry_on_worker_lost);
    CHECK(service.options.retry_on_timeout);
    CHECK(service.options.retry_times == 7);
    CHECK(service.options.line_max == 99);
    CHECK(service.options.error_frames == std::vector<std::string>{"ERR", "{code}"});
    CHECK(service.options.envelope_raw);
    CHECK(service.options.dedup->key == "$frame[0]");
    CHECK(service.options.dedup->window == 30s);
    CHECK(service.options.dedup->entries_max == 11);
    CHECK(service.options.resume_grace == 1s);
    CHECK(service.options.resume_window == 13s);
    CHECK(service.options.worker_credit == 12);

    const auto& route = config.routes.at(0);
    CHECK(route.name == "orders");
    CHECK(route.from == std::vector<size_t>{0});
    CHECK(route.to.at(0).kind == TargetConfig::Kind::kService);
    CHECK(route.shape.match_prefix == "order.");
    CHECK(route.shape.match_filter == "a = 7 AND TAGS <> 'x'");
    CHECK(route.shape.decode.as == routing::Codec::kMsgpack);
    CHECK(route.shape.decode.frame == 1);
    CHECK(route.shape.set.id == "$.id");
    CHECK(route.shape.set.keys == std::vector<std::string>{"$.a", "b"});
    CHECK(route.shape.set.order_key == "$peer.user");
    CHECK(route.shape.set.tag == "$$x");
    CHECK(route.shape.set.properties.at(0).first == "b");
    CHECK(route.shape.set.properties.at(1).second == "7");
    CHECK(route.shape.required == std::vector<std::string>{"id", "a"});
    CHECK(config.routes.at(1).on_full == delivery::OnFull::kDropOldest);
    CHECK(route.guarantee == Execute::kAtLeastOnce);
}

TEST_CASE("a straight route promises at_most_once and nothing more") {
    CHECK(first_error(std::string(kEndpoints) +
                      "routes: [{ from: in, to: out, guarantee: at_least_once }]\n") != "none");
    CHECK(first_error(std::string(kEndpoints) +
                      "routes: [{ from: in, to: out, guarantee: at_most_once }]\n") == "none");
}

TEST_CASE("roles follow from the uses") {
    const auto config = right(std::string(kEndpoints) +
                              "  spare: { bind: tcp://*:5571 }\n  cl: { bind: tcp://*:5555 }\n  "
                              "wo: { bind: tcp://*:5556 }\n"
                              "services: { svc: { clients: cl, workers: wo } }\n"
                              "routes: [{ from: in, to: [out, service/svc] }]\n");
    CHECK(config.endpoints[0].role == Role::kSource);
    CHECK(config.endpoints[1].role == Role::kTarget);
    CHECK(config.endpoints[2].role == Role::kUnused);
    CHECK(config.endpoints[3].role == Role::kClients);
    CHECK(config.endpoints[4].role == Role::kWorkers);
    CHECK(config.endpoints[4].types() == types_of(Role::kWorkers));
    REQUIRE(config.routes.at(0).to.size() == 2);
    CHECK(config.routes[0].to[1].kind == TargetConfig::Kind::kService);
    CHECK(config.routes[0].to[1].index == 0);
}

TEST_CASE("routes without a name are named after their ends, each differently") {
    const auto config = right(std::string(kEndpoints) +
                              "routes:\n  - { from: in, to: out, match: { prefix: a } }\n"
                              "  - { from: in, to: out, match: { prefix: b } }\n");
    CHECK(config.routes[0].name == "in->out");
    CHECK(config.routes[1].name == "in->out#2");
}

TEST_CASE("a message may be one frame: max_frame follows max_message") {
    const auto config = right(
        "endpoints:\n  in: { bind: tcp://*:5551, limits: { max_message: 64MiB } }\n"
        "  out: { bind: tcp://*:5561 }\nroutes: [{ from: in, to: out }]\n");
    CHECK(config.endpoints[0].options.limits.frame_bytes_max == 64 << 20);
}

TEST_CASE("on_error: silent says nothing, a text is one frame, a list is frames") {
    const auto frames = [](const std::string& on_error) {
        return right(
                   "endpoints:\n  cl: { bind: tcp://*:5555 }\n  wo: { bind: tcp://*:5556 }\n"
                   "services:\n  svc: { clients: cl, workers: wo, on_error: " +
                   on_error + " }\n")
            .services[0]
            .options.error_frames;
    };
    using Frames = std::vector<std::string>;
    CHECK(frames("silent") == Frames{});
    CHECK(frames("\"\"") == Frames{""});
    CHECK(frames("\"{code} {reason} {id}\"") == Frames{"{code} {reason} {id}"});
    CHECK(frames("[\"\", '{\"error\": \"{code}\"}']") == Frames{"", "{\"error\": \"{code}\"}"});
    CHECK(frames("[silent]") == Frames{"silent"});
}

TEST_CASE("environment variables are replaced before a value is typed, and never in keys") {
    const std::map<std::string, std::string> variables = {
        {"PORT", "5551"}, {"EMPTY", ""}, {"LOOP", "${LOOP}"}};
    const auto environment = [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    const auto loaded = load_text(
        "bridge:\n  max_connections: ${PORT}\n  data_dir: ${LOOP}/${EMPTY:-x}/$${PORT}/$PORT\n"
        "endpoints:\n  in: { bind: \"tcp://*:${PORT}\" }\n  out: { bind: \"tcp://*:${NO:-0}\" }\n"
        "routes: [{ from: in, to: out }]\n",
        "test.yaml", environment);
    REQUIRE(loaded.config);
    CHECK(loaded.config->bridge.connections_max == 5551);
    CHECK(loaded.config->bridge.data_dir == "${LOOP}/x/${PORT}/$PORT");
    CHECK(loaded.config->endpoints[0].bind[0].port == 5551);
    CHECK(loaded.config->endpoints[1].bind[0].port == 0);

    const auto in_key = load_text("bridge:\n  ${PORT}: x\n", "test.yaml", environment);
    REQUIRE(in_key.errors.size() == 1);
    CHECK(in_key.errors[0].message.starts_with("unknown key \"${PORT}\""));
}

TEST_CASE("a file that cannot be read is an error, not an exception") {
    const auto folder = std::filesystem::temp_directory_path();
    CHECK(load_file(folder.string(), no_environment).errors.at(0).message ==
          "this is a folder: expected a YAML file");
    const auto missing = load_file("no/such/file.yaml", no_environment);
    CHECK_FALSE(missing.config);
    CHECK(missing.errors.at(0).text() ==
          "no/such/file.yaml: error: cannot be opened: No such file or directory");
}

TEST_CASE("a byte order mark before the file is no part of it") {
    const std::string mark = "\xef\xbb\xbf";
    const auto config = right(mark + kEndpoints + "routes: [{ from: in, to: out }]\n");
    CHECK(config.endpoints.size() == 2);
    const auto wrong = load(mark + "endpoint: 7\n");
    REQUIRE_FALSE(wrong.errors.empty());
    CHECK(wrong.errors[0].place.line == 1);
    CHECK(wrong.errors[0].place.column == 1);
}

TEST_CASE("a bridge connects to so many addresses, and a data directory's name is so long") {
    const auto dialling = [](size_t addresses) {
        std::string text = "endpoints:\n  out: { bind: tcp://*:5561 }\n  in:\n    socket: pull\n";
        text += "    connect:\n";
        for (size_t i = 0; i < addresses; i++)
            text += "      - tcp://10.0.0.7:" + std::to_string(10'000 + i) + "\n";
        return first_error(text + "routes: [{ from: in, to: out }]\n");
    };
    CHECK(dialling(net::kDialledAddressesMax) == "none");
    CHECK(dialling(net::kDialledAddressesMax + 1) ==
          "a bridge connects to 1000 addresses at most, of all endpoints together");

    const auto folder = [](size_t bytes) {
        return first_error("bridge: { data_dir: " + std::string(bytes, 'd') + " }\n" + kEndpoints +
                           "routes: [{ from: in, to: out }]\n");
    };
    CHECK(folder(101) == "none");  // with /admin, what a socket's path may be
    CHECK(folder(102).find("longer than the 107 bytes") != std::string::npos);
}

TEST_CASE("a route reads 64 paths of a frame, as often as it likes") {
    const auto reading = [](size_t paths) {
        std::string keys;
        for (size_t i = 0; i < paths; i++) {
            const std::string index = "[" + std::to_string(i) + "]";
            keys += "'$" + index + "', '$frame[7]" + index + "', '$[0]', ";
        }
        return first_error(std::string(kEndpoints) +
                           "routes: [{ from: in, to: out, decode: json, set: { keys: [" + keys +
                           "'$[0]'] } }]\n");
    };
    CHECK(reading(64) == "none");
    CHECK(reading(65).starts_with("more than 64 paths lead into one frame"));
}

TEST_CASE("size, depth and aliases have limits, each of them said") {
    CHECK(first_error(std::string(Source::kBytesMax + 1, '#')) ==
          "the file is larger than 1 MiB: expected a configuration");
    CHECK(first_error("x-a: " + std::string(1000, '[')) ==
          "more than 32 maps and lists stand in each other here");
    std::string lines = "x-a: &a " + std::string(60'000, 'a') + "\nx-b: [*a";
    for (int i = 0; i < 1000; i++)
        lines += ", *a";
    CHECK(first_error(lines + "]\n")
              .starts_with("the file holds more than 100000 values or 8 MiB of text"));
}

TEST_CASE("as many findings as fit are shown, and the rest is counted") {
    std::string text =
        "endpoints:\n  in: { bind: tcp://*:5551 }\n  out: { bind: tcp://*:5561 }\nroutes:\n";
    for (int i = 0; i < 300; i++)
        text += "  - { from: in, to: nowhere" + std::to_string(i) + " }\n";
    const auto loaded = load(text);
    CHECK(loaded.errors.size() == Findings::kFindingsMax + 1);
    CHECK(loaded.errors.back().message == "and 100 more");
}
