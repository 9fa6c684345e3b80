#include <charconv>

#include <fmt/format.h>

#include "bridge/base/nearest.h"
#include "bridge/settings/draft.h"

namespace zbridge::settings {

namespace {

constexpr uint32_t kRateMax = 10'000'000;

void read_addresses(const Value& endpoint, std::string_view key, std::vector<net::Address>& into) {
    const auto* addresses = endpoint.find(key);
    if (addresses == nullptr) return;
    for (const auto& item : addresses->items)
        into.push_back(item.address());
}

void read_limits(const Value& endpoint, net::PeerLimits& limits) {
    // A frame is part of a message: with max_message alone, a message may be one frame.
    const auto* section = endpoint.find("limits");
    if (section == nullptr) return;
    const auto number = [&](std::string_view key, auto& into) {
        if (const auto* value = section->find(key))
            into = static_cast<std::decay_t<decltype(into)>>(value->number());
    };
    number("max_peers", limits.peers_max);
    number("max_message", limits.message_bytes_max);
    limits.frame_bytes_max = limits.message_bytes_max;
    number("max_frame", limits.frame_bytes_max);
    number("max_frames", limits.frames_max);
    number("max_waiting", limits.waiting_bytes_max);
    number("max_waiting_messages", limits.waiting_messages_max);
    number("max_subscriptions", limits.subscriptions_max);
    number("max_subscription_bytes", limits.subscription_bytes_max);
    if (const auto* time = section->find("handshake_time"))
        limits.handshake_time = time->duration();
}

// "1000/s"
void read_rate(const Value& endpoint, net::PeerLimits& limits, Findings& findings) {
    const auto* section = endpoint.find("limits");
    if (section == nullptr) return;
    if (const auto* burst = section->find("burst")) {
        limits.burst = static_cast<uint32_t>(burst->number());
        if (!section->mentions("rate"))
            findings.error(burst->key_place, "`burst` is a part of `rate`: expected both");
    }
    const auto* rate = section->find("rate");
    if (rate == nullptr) return;
    const std::string& text = rate->text();
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, limits.messages_a_second);
    const bool ok = read.ec == std::errc() && std::string_view(read.ptr, end) == "/s" &&
                    limits.messages_a_second > 0 && limits.messages_a_second <= kRateMax;
    if (ok) return;
    limits.messages_a_second = 0;
    findings.error(rate->place,
                   fmt::format("`rate`: {} is none: expected messages a second, 1/s to "
                               "{}/s, as 1000/s",
                               in_quotes(text), kRateMax));
}

void read_options(const Value& endpoint, EndpointConfig& config) {
    auto& options = config.options;
    read_limits(endpoint, options.limits);
    if (const auto* value = endpoint.find("heartbeat")) options.heartbeat = value->duration();
    if (const auto* value = endpoint.find("keepalive")) options.keepalive = value->duration();
    if (const auto* value = endpoint.find("user_timeout")) options.user_timeout = value->duration();
    if (const auto* value = endpoint.find("intake_buffer")) {
        options.intake_buffer_bytes = static_cast<uint32_t>(value->number());
    }
    if (const auto* value = endpoint.find("send_buffer")) {
        options.send_buffer_bytes = static_cast<uint32_t>(value->number());
    }
}

void read_role_options(const Value& endpoint, EndpointConfig& config) {
    using Receipts = EndpointConfig::Receipts;
    using Subscribe = EndpointConfig::Subscribe;
    if (const auto* value = endpoint.find("receipts")) {
        const auto& word = value->text();
        config.receipts = word == "always"  ? Receipts::kAlways
                          : word == "never" ? Receipts::kNever
                                            : Receipts::kAuto;
    }
    if (const auto* value = endpoint.find("subscribe")) {
        config.subscribe = value->text() == "all" ? Subscribe::kAll : Subscribe::kDemand;
    }
    if (const auto* value = endpoint.find("credit"))
        config.credit = static_cast<uint32_t>(value->number());
    if (const auto* value = endpoint.find("puller")) {
        using Puller = delivery::ConsumersOptions::Puller;
        config.puller = value->text() == "ready" ? Puller::kReady : Puller::kVerbs;
    }
    const auto* line = endpoint.find("line");
    if (line == nullptr) return;
    if (const auto* value = line->find("max_messages")) {
        config.line.messages_max = static_cast<uint32_t>(value->number());
    }
    if (const auto* value = line->find("max_bytes")) config.line.bytes_max = value->number();
}

EndpointConfig read_endpoint(const std::string& name, const Value& endpoint) {
    EndpointConfig config;
    config.name = name;
    config.place = endpoint.key_place;
    read_addresses(endpoint, "bind", config.bind);
    read_addresses(endpoint, "connect", config.connect);
    if (const auto* socket = endpoint.find("socket"))
        config.socket = socket_type_named(socket->text());
    if (const auto* accept = endpoint.find("accept")) {
        config.accept.emplace();
        for (const auto& type : accept->items)
            config.accept->add(*socket_type_named(type.text()));
    }
    read_options(endpoint, config);
    read_role_options(endpoint, config);
    return config;
}

void read_auth(const Value& endpoint, EndpointConfig& config, Draft& draft) {
    const auto* auth = endpoint.find("auth");
    if (auth == nullptr) return;
    const auto found = draft.plugin_numbers.find(auth->text());
    if (found == draft.plugin_numbers.end()) {
        std::vector<std::string_view> names;
        for (const auto& [name, number] : draft.plugin_numbers)
            names.push_back(name);
        draft.findings.error(
            auth->place, fmt::format("`auth`: no plugin is named {} under `plugins`{}",
                                     in_quotes(auth->text()), did_you_mean(auth->text(), names)));
        return;
    }
    use_plugin(found->second, {PluginUse::kAuth, auth->place}, draft);
    config.auth = found->second;
}

// Its role, which no route and no service gives it.
void read_protocol(const Value& endpoint, size_t number, Draft& draft) {
    const auto* protocol = endpoint.find("protocol");
    if (protocol == nullptr || protocol->text() != "zbp") return;
    use_endpoint(number, {Role::kZbp, protocol->place, "for clients of the bridge's own protocol"},
                 draft);
}

// `bridge.listen`, as if it stood among the endpoints.
void read_listen(const Value& file, Draft& draft) {
    const Value* bridge = file.find("bridge");
    const Value* listen = bridge != nullptr ? bridge->written_at("listen") : nullptr;
    if (listen == nullptr) return;
    const std::string name = "listen";
    if (draft.endpoint_numbers.contains(name)) {
        draft.findings.error(listen->key_place,
                             "`listen` is short for an endpoint of this name, and there is one "
                             "already: expected one of the two");
        return;
    }
    const size_t number = draft.config.endpoints.size();
    draft.listen.option = listen->option;
    draft.listen.place = listen->place;
    draft.listen.key_place = listen->key_place;
    draft.listen.entries.push_back({"bind", *listen});
    draft.endpoint_numbers[name] = number;
    draft.config.endpoints.push_back(read_endpoint(name, draft.listen));
    draft.endpoint_values.push_back(&draft.listen);
    draft.uses.emplace_back();
    use_endpoint(number, {Role::kZbp, listen->place, "for clients of the bridge's own protocol"},
                 draft);
}

// What does not depend on the endpoint's role.
void check_addresses(const Value& endpoint, const EndpointConfig& config, Findings& findings) {
    const bool binds = endpoint.mentions("bind"), connects = endpoint.mentions("connect");
    if (!binds && !connects) {
        findings.error(config.place, fmt::format("{} has no address: expected `bind` or `connect`",
                                                 in_quotes(config.name)));
    }
    if (endpoint.mentions("socket") && !connects) {
        findings.error(endpoint.find("socket") ? endpoint.find("socket")->key_place : config.place,
                       "`socket` belongs to `connect`: an address that is bound serves every type "
                       "that its role can, "
                       "or those of `accept`");
    }
    if (connects && !endpoint.mentions("socket")) {
        findings.error(config.place,
                       fmt::format("{} connects, and does not say as what: expected `socket`, as "
                                   "`socket: pull` to take from a PUSH",
                                   in_quotes(config.name)));
    }
    const auto* connect = endpoint.find("connect");
    if (connect == nullptr) return;
    for (const auto& item : connect->items) {
        const auto& address = item.address();
        if (address.transport != net::Address::Transport::kTcp) continue;
        if (address.host == "*") {
            findings.error(item.place, "`connect`: `*` is nowhere to connect to: expected a host");
        }
        if (address.port == 0)
            findings.error(item.place,
                           "`connect`: port 0 is nowhere to connect to: expected a number");
    }
}

}  // namespace

void read_endpoints(const Value& file, Draft& draft) {
    const Value* endpoints = file.find("endpoints");
    if (endpoints == nullptr) return read_listen(file, draft);
    for (const auto& [name, endpoint] : endpoints->entries) {
        draft.endpoint_numbers[name] = draft.config.endpoints.size();
        draft.config.endpoints.push_back(read_endpoint(name, endpoint));
        read_auth(endpoint, draft.config.endpoints.back(), draft);
        draft.endpoint_values.push_back(&endpoint);
        draft.uses.emplace_back();
        read_rate(endpoint, draft.config.endpoints.back().options.limits, draft.findings);
        if (endpoint.good) check_addresses(endpoint, draft.config.endpoints.back(), draft.findings);
        read_protocol(endpoint, draft.config.endpoints.size() - 1, draft);
    }
    read_listen(file, draft);
}

}  // namespace zbridge::settings
