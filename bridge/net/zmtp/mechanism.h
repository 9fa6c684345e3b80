// The Mechanism seam: how a peer proves who it is, between the greeting and the first message (RFC
// 23: NULL, 24: PLAIN, 25 and 26: CURVE). NULL is served; PLAIN and CURVE find their place here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bridge/model/refusal.h"
#include "bridge/net/zmtp/command.h"

namespace zbridge::net::zmtp {

class Mechanism {
 public:
    enum class Step : uint8_t {
        kMore,    // waits for another command
        kReady,   // the peer's metadata is known: metadata(), user()
        kFailed,  // refused: why()
    };
    virtual ~Mechanism() = default;

    virtual Step on_command(const Command& command, std::string& out) = 0;
    // What ends the handshake on our side, once the peer has been admitted.
    virtual std::string ready(std::string_view socket_type, std::string_view identity) const = 0;

    const std::string& socket_type() const { return socket_type_; }
    const std::string& identity() const { return identity_; }
    const std::string& user() const { return user_; }
    Refusal why() const { return why_; }
    const std::string& detail() const { return detail_; }

 protected:
    // Takes Socket-Type and Identity out of metadata; false if it cannot be read.
    bool take_metadata(std::string_view data);

    std::string socket_type_, identity_, user_, detail_;
    Refusal why_ = Refusal::kMalformed;
};

// None if no mechanism of this name is served.
std::unique_ptr<Mechanism> make_mechanism(std::string_view name);

}  // namespace zbridge::net::zmtp
