// Where a socket is bound or connected: tcp (IPv4, IPv6, `*`) or ipc (a path, or `@name` in Linux's
// abstract space).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bridge/base/result.h"

namespace zbridge::net {

struct Address {
    enum class Transport : uint8_t { kTcp, kIpc };
    Transport transport = Transport::kTcp;
    std::string
        host;  // tcp: "*", "127.0.0.1", "::1" (no brackets), a host name or an interface's name
    uint16_t port = 0;  // tcp: 0 takes a free one when bound
    std::string path;   // ipc

    bool operator==(const Address&) const = default;
    std::string text() const;  // "tcp://[::1]:5551"

    // As libzmq writes them; "tcp://*:*" is port 0. The error says what is wrong, without the text
    // itself.
    static Result<Address> parse(std::string_view text);
};

// Of a peer: "tcp://10.0.0.7:41234" -> "tcp://10.0.0.7". On ipc the process may be another:
// "ipc://".
std::string host_of(const std::string& peer_address);

}  // namespace zbridge::net
