// Endpoints against the roles that services and routes gave them, and against each other's
// addresses.
#include <algorithm>
#include <cctype>
#include <filesystem>

#include <fmt/format.h>

#include "bridge/settings/draft.h"

namespace zbridge::settings {

namespace {

using net::Address;

// What the bridge can be where it dials for this role.
SocketTypes dialling_as(Role role) {
    using enum SocketType;
    switch (role) {
        case Role::kSource:
            return {kPull, kSub, kXsub, kDealer};
        case Role::kTarget:
            return {kPush, kPub, kXpub};
        case Role::kClients:
            return {kDealer};
        case Role::kWorkers:
            return {kReq, kDealer};
        case Role::kCheckers:
        case Role::kZbp:
        case Role::kUnused:
            break;
    }
    return {};
}

void check_accept(const Value& endpoint, const EndpointConfig& config, const Use& use,
                  Findings& findings) {
    const auto* accept = endpoint.find("accept");
    if (accept == nullptr) return;
    const SocketTypes served = config.served();
    const SocketTypes of_groups{SocketType::kPull, SocketType::kRep, SocketType::kReq,
                                SocketType::kDealer};
    for (const auto& type : accept->items) {
        const SocketType is = *socket_type_named(type.text());
        if (served.has(is)) continue;
        if (config.reads_topics && of_groups.has(is)) {
            findings.error(
                type.place,
                fmt::format("`accept`: a {} shares messages with others: expected `from: "
                            "group/NAME`, of a group of the topic; {} is {} (line {}), "
                            "and serves {}",
                            zbridge::name_of(is), in_quotes(config.name), use.as, use.place.line,
                            words_of(served)));
            continue;
        }
        if (config.confirms && is == SocketType::kPull) {
            findings.error(type.place,
                           fmt::format("`accept`: a PULL does not confirm what it gets, and the "
                                       "route promises at_least_once (line {}): expected {}",
                                       use.confirms->line, words_of(served)));
            continue;
        }
        findings.error(
            type.place,
            fmt::format("`accept`: a {} cannot be served here: {} is {} (line {}); expected {}",
                        zbridge::name_of(is), in_quotes(config.name), use.as, use.place.line,
                        words_of(served)));
    }
}

void check_socket(const Value& endpoint, const EndpointConfig& config, const Use& use,
                  Findings& findings) {
    const auto* socket = endpoint.find("socket");
    if (socket == nullptr || config.connect.empty()) return;
    if (config.role == Role::kZbp) {
        findings.error(endpoint.find("connect")->key_place,
                       fmt::format("`connect`: {} is {} (line {}), who connect in: expected `bind`",
                                   in_quotes(config.name), use.as, use.place.line));
        return;
    }
    if (config.reads_topics) {
        findings.error(endpoint.find("connect")->key_place,
                       fmt::format("`connect`: {} is a reader of topics (line {}), and each SUB "
                                   "that connects in reads from its own place: expected `bind`",
                                   in_quotes(config.name), use.place.line));
        return;
    }
    if (config.group) {
        findings.error(
            endpoint.find("connect")->key_place,
            fmt::format("`connect`: {} is {} (line {}), and what each of them holds is known of "
                        "those that connect in: expected `bind`",
                        in_quotes(config.name), use.as, use.place.line));
        return;
    }
    if (config.checkers || config.role == Role::kCheckers) {
        findings.error(
            endpoint.find("connect")->key_place,
            fmt::format("`connect`: {} is {} (line {}), and those connect in: expected `bind`",
                        in_quotes(config.name),
                        config.checkers ? "where transactions are prepared" : use.as,
                        use.place.line));
        return;
    }
    const SocketTypes possible = dialling_as(config.role);
    if (possible.has(*config.socket)) return;
    if (*config.socket == SocketType::kRouter || *config.socket == SocketType::kRep) {
        findings.error(
            socket->place,
            fmt::format("`socket`: the bridge is no {} where it connects, only where it binds: "
                        "expected {}",
                        zbridge::name_of(*config.socket), words_of(possible)));
        return;
    }
    findings.error(
        socket->place,
        fmt::format("`socket`: the bridge cannot be a {} here: {} is {} (line {}); expected {}",
                    zbridge::name_of(*config.socket), in_quotes(config.name), use.as,
                    use.place.line, words_of(possible)));
}

// A key that does nothing in this role.
void check_role_keys(const Value& endpoint, const EndpointConfig& config, const Use& use,
                     Findings& findings) {
    struct Row {
        std::string_view key, belongs_to;
        Role role;
    };
    constexpr Row kRows[] = {
        {"subscribe", "a source of routes", Role::kSource},
        {"receipts", "a source of routes", Role::kSource},
        {"line", "a target of routes", Role::kTarget},
        {"transactions", "a source of routes", Role::kSource},
        {"credit", "the workers of a service, or the consumers of a group", Role::kWorkers},
        {"puller", "the consumers of a group", Role::kUnused},
    };
    for (const auto& row : kRows) {
        const auto* value = endpoint.written_at(row.key);
        const bool of_consumers = row.key == "credit" || row.key == "puller";
        if (config.group && of_consumers) continue;
        if (config.role == Role::kCheckers && row.key == "credit") continue;
        if (value != nullptr && (config.reads_topics || config.group) && row.key == "line") {
            findings.error(
                value->key_place,
                fmt::format("`line` is what waits for PULLs of straight routes: {} is {} (line {})",
                            in_quotes(config.name), use.as, use.place.line));
            continue;
        }
        if (value == nullptr || config.role == row.role) continue;
        findings.error(value->key_place,
                       fmt::format("`{}` is for {}: {} is {} (line {})", row.key, row.belongs_to,
                                   in_quotes(config.name), use.as, use.place.line));
    }
}

// Of those that connect in, and send.
void check_rate(const Value& endpoint, const EndpointConfig& config, Findings& findings) {
    const auto* limits = endpoint.find("limits");
    const auto* rate = limits != nullptr ? limits->written_at("rate") : nullptr;
    if (rate == nullptr) return;
    if (config.role != Role::kSource) {
        findings.error(rate->key_place, fmt::format("`rate` is for a source of routes: {} is none",
                                                    in_quotes(config.name)));
    } else if (config.bind.empty()) {
        findings.error(rate->key_place,
                       fmt::format("`rate` holds those who connect in: expected `bind` at {}",
                                   in_quotes(config.name)));
    }
}

bool is_ipv6(const std::string& host) {
    return host.find(':') != std::string::npos;
}

bool same_host(std::string a, std::string b) {
    for (std::string* host : {&a, &b}) {
        if (*host == "localhost") *host = "127.0.0.1";
        if (*host == "*") *host = "0.0.0.0";
    }
    // `::` is every address, those of IPv4 too.
    if (a == b || a == "::" || b == "::") return true;
    return !is_ipv6(a) && !is_ipv6(b) && (a == "0.0.0.0" || b == "0.0.0.0");
}

// One of them could not be bound.
bool clash(const Address& a, const Address& b) {
    if (a.transport != b.transport) return false;
    if (a.transport == Address::Transport::kIpc) {
        if (a.path.starts_with('@') || b.path.starts_with('@')) return a.path == b.path;
        return std::filesystem::path(a.path).lexically_normal() ==
               std::filesystem::path(b.path).lexically_normal();
    }
    return a.port == b.port && a.port != 0 && same_host(a.host, b.host);
}

struct Bound {
    const Value* value;
    std::string endpoint;
};

void check_clashes(Draft& draft) {
    Address admin;
    admin.transport = Address::Transport::kIpc;
    admin.path = draft.config.bridge.admin_path();
    std::vector<Bound> bound;
    for (size_t i = 0; i < draft.endpoint_values.size(); i++) {
        const auto* bind = draft.endpoint_values[i]->find("bind");
        if (bind == nullptr) continue;
        for (const auto& item : bind->items) {
            const auto earlier = std::find_if(bound.begin(), bound.end(), [&](const Bound& other) {
                return clash(other.value->address(), item.address());
            });
            const auto& name = draft.config.endpoints[i].name;
            if (earlier != bound.end()) {
                draft.findings.error(
                    item.place,
                    fmt::format(
                        "{} of {} is taken by {} of {} on line {}: expected an address of its own",
                        item.address().text(), in_quotes(name), earlier->value->address().text(),
                        in_quotes(earlier->endpoint), earlier->value->place.line));
            }
            if (clash(admin, item.address())) {
                draft.findings.error(
                    item.place, fmt::format("{} of {} is where the bridge itself answers commands: "
                                            "expected an address of its own",
                                            item.address().text(), in_quotes(name)));
            }
            bound.push_back({&item, name});
        }
    }
}

void check_dialled(Draft& draft) {
    size_t dialled = 0;
    for (const Value* endpoint : draft.endpoint_values) {
        const auto* connect = endpoint->find("connect");
        if (connect == nullptr) continue;
        for (const auto& item : connect->items) {
            if (++dialled != net::kDialledAddressesMax + 1) continue;
            draft.findings.error(
                item.place,
                fmt::format("a bridge connects to {} addresses at most, of all endpoints together",
                            net::kDialledAddressesMax));
        }
    }
}

}  // namespace

std::string words_of(const SocketTypes& types) {
    std::vector<std::string> words;
    for (uint8_t number = 0; const auto type = socket_type_numbered(number); number++) {
        if (!types.has(*type)) continue;
        std::string word(zbridge::name_of(*type));
        for (char& c : word)
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        words.push_back(std::move(word));
    }
    return one_of({words.begin(), words.end()});
}

void check_endpoints(Draft& draft) {
    for (size_t i = 0; i < draft.config.endpoints.size(); i++) {
        const auto& use = draft.uses[i];
        if (!use || !draft.endpoint_values[i]->good) continue;
        const Value& endpoint = *draft.endpoint_values[i];
        const auto& config = draft.config.endpoints[i];
        check_accept(endpoint, config, *use, draft.findings);
        check_socket(endpoint, config, *use, draft.findings);
        check_role_keys(endpoint, config, *use, draft.findings);
        check_rate(endpoint, config, draft.findings);
    }
    check_clashes(draft);
    check_dialled(draft);
}

}  // namespace zbridge::settings
