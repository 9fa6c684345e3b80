// What happens at endpoints, as log lines and events. What peers can cause at will is told once a
// minute for each address.
#pragma once

#include <string>

#include "bridge/net/endpoint.h"
#include "bridge/settings/config.h"
#include "bridge/telemetry/log.h"
#include "bridge/telemetry/rate_limited.h"

namespace zbridge::app {

class EventLog final : public net::EndpointObserver {
 public:
    EventLog(const settings::Config& config, telemetry::Log& log, const Clock& clock)
        : config_(config), log_(log), limited_(log, clock) {}

    void on_peer_opened(const net::Endpoint& endpoint, const net::Peer& peer) override;
    void on_peer_closed(const net::Endpoint& endpoint, const net::Peer& peer,
                        std::optional<Refusal> why) override;
    void on_refused(const net::Endpoint& endpoint, const std::string& address,
                    std::optional<SocketType> type, Refusal why,
                    const std::string& detail) override;
    void on_trouble(const net::Endpoint& endpoint, const std::string& what) override;

 private:
    void tell(const net::Endpoint& endpoint, std::string_view message, telemetry::Fields fields);
    std::string sentence(const net::Endpoint& endpoint, std::optional<SocketType> type, Refusal why,
                         const std::string& detail) const;

    const settings::Config& config_;
    telemetry::Log& log_;
    telemetry::RateLimited limited_;
};

// What an endpoint is for: "group logistics", "service accounts' workers", "the target of orders".
std::string purpose_of(const settings::Config& config, size_t endpoint);
// Where a peer of this type belongs: the endpoints that serve it, "prices-out"; empty if none does.
std::string where_belongs(const settings::Config& config, SocketType type, size_t not_here);

}  // namespace zbridge::app
