// A lease token: 16 bytes that name one delivery of one message of a group: the corr of REP and
// DEALER workers, the token of REQ pullers. The engine makes it; it holds over a restart.
//
// On the wire, big endian:  0 u8 2   1 u8 attempt   2 u16 group   4 u32 epoch   8 u16 grant
//                           10 u48 offset
// Printed: 26 characters, as a message's id, then a dot and the attempt.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zbridge {

struct LeaseToken {
    static constexpr uint8_t kKind = 2;
    static constexpr size_t kBytes = 16;

    uint64_t high = 0, low = 0;

    constexpr auto operator<=>(const LeaseToken&) const = default;

    constexpr uint8_t attempt() const { return static_cast<uint8_t>(high >> 48); }
    // Of the n-th message behind this one, in the same delivery.
    constexpr LeaseToken behind(uint64_t messages) const { return {high, low + messages}; }

    std::array<char, kBytes> encode() const;
    // None: they are not the bytes of a token.
    static std::optional<LeaseToken> decode(std::string_view bytes);
    std::string text() const;
    // None: it has not the shape of a printed token.
    static std::optional<LeaseToken> parse(std::string_view text);
};

}  // namespace zbridge
