// The ZeroMQ socket types that ZMTP names in a handshake, and sets of them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace zbridge {

// The numbers are those of ZMTP 2.0's socket-type octet (RFC 15).
enum class SocketType : uint8_t {
    kPair = 0,
    kPub,
    kSub,
    kReq,
    kRep,
    kDealer,
    kRouter,
    kPull,
    kPush,
    kXpub,
    kXsub,
};

std::string_view name_of(SocketType type);                           // "PUSH"
std::optional<SocketType> socket_type_named(std::string_view name);  // any case
std::optional<SocketType> socket_type_numbered(uint8_t number);      // ZMTP 2.0

// What we say we are to a peer of this type, so that it accepts us: REQ -> ROUTER, SUB -> XPUB ...
// (RFC 23 and 28). PAIR has no counterpart here: it is not served.
SocketType counterpart_of(SocketType type);

class SocketTypes {
 public:
    constexpr SocketTypes() = default;
    constexpr SocketTypes(std::initializer_list<SocketType> types) {
        for (auto type : types)
            add(type);
    }
    constexpr void add(SocketType type) { bits_ |= bit(type); }
    constexpr bool has(SocketType type) const { return (bits_ & bit(type)) != 0; }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr bool operator==(const SocketTypes&) const = default;
    std::string list() const;  // "PULL, SUB"

 private:
    static constexpr uint16_t bit(SocketType type) {
        return static_cast<uint16_t>(1U << static_cast<unsigned>(type));
    }
    uint16_t bits_ = 0;
};

}  // namespace zbridge
