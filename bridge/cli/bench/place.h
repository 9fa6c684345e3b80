// Where a load goes in or comes out: what the user names, found in what a running bridge says of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bridge/base/result.h"
#include "bridge/model/socket_type.h"
#include "bridge/telemetry/report.h"

namespace zbridge::cli::bench {

struct Place {
    enum class Kind : uint8_t { kEndpoint, kTopic, kGroup };
    Kind kind = Kind::kEndpoint;
    std::string name;     // as the user says it
    std::string address;  // of an endpoint
    SocketTypes serves;   // likewise; empty: not known
    std::string role;     // likewise: "source", "target", ...

    // Of these two the first that it serves, or may serve.
    SocketType one_of(SocketType first, SocketType second) const {
        return serves.empty() || serves.has(first) ? first : second;
    }
};

// "topic/orders", "group/logistics", "tcp://10.0.0.7:5551": these say all. None: it names an endpoint.
std::optional<Place> plain_place(const std::string& reference);
// The addresses of a service's two endpoints.
struct ServicePlace {
    std::string clients, workers;
};
Result<ServicePlace> service_place(const std::string& name, const telemetry::Report& status);
// Of an endpoint of the bridge whose `status` this is.
Result<Place> endpoint_place(const std::string& reference, const telemetry::Report& status);
// The address to connect to of one that is bound: `*` is here.
std::string here(const std::string& bound);

}  // namespace zbridge::cli::bench
