#include "bridge/app/event_log.h"

#include <algorithm>

#include "bridge/net/address.h"

namespace zbridge::app {

namespace {

using settings::Role;
using telemetry::Level;

// "PULL, REP": in the order in which the documents speak of them.
std::string consumers_list(const SocketTypes& types) {
    using enum SocketType;
    std::string list;
    for (const SocketType type : {kPull, kRep, kReq, kDealer}) {
        if (types.has(type)) list += (list.empty() ? "" : ", ") + std::string(name_of(type));
    }
    return list;
}

// Of the end of a connection.
Level level_of(Refusal why) {
    if (why == Refusal::kReplaced) return Level::kDebug;
    return why == Refusal::kKicked ? Level::kInfo : Level::kWarn;
}

}  // namespace

std::string purpose_of(const settings::Config& config, size_t endpoint) {
    if (const auto group = config.endpoints[endpoint].group)
        return "the consumers of group " + config.groups[*group].name;
    for (const auto& each : config.endpoints) {
        if (each.checkers == endpoint) return "the checkers of transactions at " + each.name;
    }
    for (const auto& service : config.services) {
        if (service.clients == endpoint) return "the clients of service " + service.options.name;
        if (service.workers == endpoint) return "the workers of service " + service.options.name;
    }
    if (config.endpoints[endpoint].role == settings::Role::kZbp)
        return "clients of the bridge's own protocol";
    std::string routes;
    bool source = false;
    for (const auto& route : config.routes) {
        const bool from =
            std::find(route.from.begin(), route.from.end(), endpoint) != route.from.end();
        const bool to = std::any_of(route.to.begin(), route.to.end(), [&](const auto& target) {
            return target.kind == settings::TargetConfig::Kind::kEndpoint &&
                   target.index == endpoint;
        });
        if (!from && !to) continue;
        source |= from;
        routes += (routes.empty() ? "" : ", ") + route.name;
    }
    return (source ? "the source of " : "the target of ") + routes;
}

std::string where_belongs(const settings::Config& config, SocketType type, size_t not_here) {
    std::string names;
    for (size_t i = 0; i < config.endpoints.size(); i++) {
        if (i == not_here || !config.endpoints[i].types().has(type)) continue;
        names += (names.empty() ? "" : ", ") + config.endpoints[i].name;
    }
    return names;
}

// Whoever asks for events connects for it: that is none.
void EventLog::tell(const net::Endpoint& endpoint, std::string_view message,
                    telemetry::Fields fields) {
    if (endpoint.id().number() < config_.endpoints.size())
        log_.event(Level::kDebug, "net", message, fields);
    else
        log_.debug("net", message, fields);
}

void EventLog::on_peer_opened(const net::Endpoint& endpoint, const net::Peer& peer) {
    tell(endpoint, "peer connected",
         {{"endpoint", endpoint.name()},
          {"type", name_of(peer.type())},
          {"address", peer.info().address},
          {"identity", peer.info().identity}});
}

void EventLog::on_peer_closed(const net::Endpoint& endpoint, const net::Peer& peer,
                              std::optional<Refusal> why) {
    if (!why) {
        return tell(endpoint, "peer gone",
                    {{"endpoint", endpoint.name()},
                     {"type", name_of(peer.type())},
                     {"address", peer.info().address}});
    }
    const std::string key = "closed " + endpoint.name() + " " + net::host_of(peer.info().address) +
                            std::string(name_of(*why));
    limited_.log(key, level_of(*why), "net", "peer disconnected",
                 {{"endpoint", endpoint.name()},
                  {"type", name_of(peer.type())},
                  {"address", peer.info().address},
                  {"why", name_of(*why)},
                  {"meaning", meaning_of(*why)}});
}

void EventLog::on_refused(const net::Endpoint& endpoint, const std::string& address,
                          std::optional<SocketType> type, Refusal why, const std::string& detail) {
    const std::string key = "refused " + endpoint.name() + " " + net::host_of(address) +
                            std::string(name_of(why)) + (type ? std::string(name_of(*type)) : "");
    limited_.log(key, Level::kWarn, "net", sentence(endpoint, type, why, detail),
                 {{"endpoint", endpoint.name()}, {"address", address}, {"why", name_of(why)}});
}

// "packers: a SUB connected; this endpoint serves group logistics to PULL, REP, REQ, DEALER; SUB
// belongs on prices-out"
std::string EventLog::sentence(const net::Endpoint& endpoint, std::optional<SocketType> type,
                               Refusal why, const std::string& detail) const {
    if (why != Refusal::kWrongType || !type) {
        return endpoint.name() +
               ": refused: " + std::string(detail.empty() ? meaning_of(why) : detail);
    }
    const auto id = endpoint.id().number();
    if (id >= config_.endpoints.size())
        return endpoint.name() + ": refused: " + std::string(meaning_of(why));
    const std::string name(name_of(*type));
    const std::string elsewhere = where_belongs(config_, *type, id);
    const settings::EndpointConfig& its = config_.endpoints[id];
    const std::string types =
        its.group ? consumers_list(endpoint.accepts()) : endpoint.accepts().list();
    std::string serves = its.group ? "serves group " + config_.groups[*its.group].name + " to "
                                   : "is " + purpose_of(config_, id) + " and serves ";
    serves += types;
    if (its.confirms && *type == SocketType::kPull)
        serves += " at_least_once, and a PULL does not confirm what it gets";
    return endpoint.name() + ": a " + name + " connected; this endpoint " + serves + "; " +
           (elsewhere.empty() ? "no endpoint serves " + name : name + " belongs on " + elsewhere);
}

void EventLog::on_trouble(const net::Endpoint& endpoint, const std::string& what) {
    limited_.log("trouble " + endpoint.name(), Level::kError, "net", what,
                 {{"endpoint", endpoint.name()}});
}

}  // namespace zbridge::app
