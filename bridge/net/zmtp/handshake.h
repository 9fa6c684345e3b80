// One handshake, without a socket: bytes in, bytes out, who the peer is.
//
// We greet with 3.0: libzmq 4.3.4 corrupts subscriptions of 246 to 255 bytes when it is greeted
// with 3.1; so it does one of 255 bytes alone, which long_subscription.h reads. Signature and major
// version go out at once: libzmq waits for them. What we say we are goes out after the peer has
// said what it is, so that one port serves every socket type. ZMTP 2.0 (libzmq 3.2, old JeroMQ): a
// socket-type octet, then an identity frame.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/model/refusal.h"
#include "bridge/model/socket_type.h"
#include "bridge/net/zmtp/mechanism.h"

namespace zbridge::net::zmtp {

// Who a peer says it is.
struct Claim {
    SocketType type = SocketType::kPair;
    std::string identity;
    std::string user;
    std::string denied;  // why, where it was not admitted: for the log
};

class Handshake {
 public:
    enum class State : uint8_t { kGoing, kDone, kRefused };
    // Says whether the peer may come in: none, or why not. May change `user`.
    using Admit = std::function<std::optional<Refusal>(Claim&)>;
    static constexpr size_t kBytesMax = 8 * 1024;  // a command that needs more is malformed

    Handshake(std::string our_identity, Admit admit);

    // Reads as much of `bytes` as belongs to the handshake and returns how much that was. What is
    // to be sent is appended to out(). Call again with more while state() is kGoing.
    size_t feed(std::string_view bytes);
    std::string& out() { return out_; }

    State state() const { return state_; }
    const Claim& claim() const { return claim_; }
    uint8_t major() const { return major_; }
    uint8_t minor() const { return minor_; }
    // Greeted as ZMTP 3.1 or later: it understands PING and the SUBSCRIBE command.
    bool speaks_3_1() const { return major_ > 3 || (major_ == 3 && minor_ >= 1); }
    Refusal why() const { return why_; }
    const std::string& detail() const { return detail_; }  // of a refusal, for the log

 private:
    enum class Stage : uint8_t { kSignature, kVersion2, kIdentity2, kGreeting, kMechanism };
    // Each reads one thing from the front of `bytes`; returns its size, 0 when more bytes are
    // needed.
    size_t read_signature(std::string_view bytes);
    size_t read_socket_type_2(std::string_view bytes);
    size_t read_identity_2(std::string_view bytes);
    size_t read_greeting(std::string_view bytes);
    size_t read_command(std::string_view bytes);
    bool admit();  // false: refused
    size_t refuse(Refusal why, std::string detail);

    std::string our_identity_;
    Admit admit_;
    Stage stage_ = Stage::kSignature;
    State state_ = State::kGoing;
    uint8_t major_ = 0, minor_ = 0;
    std::unique_ptr<Mechanism> mechanism_;
    Claim claim_;
    Refusal why_ = Refusal::kMalformed;
    std::string detail_;
    std::string out_;
};

}  // namespace zbridge::net::zmtp
