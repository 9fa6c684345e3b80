// Who decides which peers may be at an endpoint, beside its own rules.
#pragma once

#include <string>
#include <string_view>

#include "bridge/model/socket_type.h"

namespace zbridge::net {

// A peer in its handshake. Views: they live for the call.
struct Introduction {
    std::string_view endpoint;
    SocketType type = SocketType::kPair;
    std::string_view identity;
    std::string_view address;  // "tcp://10.0.0.7:41234"
    std::string_view user;     // whom the transport or the mechanism vouches for; else empty
    std::string_view mechanism = "NULL";
};

class Doorkeeper {
 public:
    virtual ~Doorkeeper() = default;
    // Why the peer may not come in, for the log; empty: it may, as `user`, which may be changed.
    // Thread: the reactor. Must not block.
    virtual std::string why_not(const Introduction& peer, std::string& user) = 0;
};

}  // namespace zbridge::net
