// Names a prepared message: 16 bytes that hold over a restart. The engine makes it; who prepared the
// message commits or rolls it back by it.
//
// On the wire, big endian:  0 u8 3   1 u24 0   4 u32 of the message's id   8 u16 likewise
//                           10 u48 where it waits
// Printed: 26 characters, as a message's id.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zbridge {

struct TransactionToken {
    static constexpr uint8_t kKind = 3;
    static constexpr size_t kBytes = 16;

    uint64_t high = 0, low = 0;

    constexpr auto operator<=>(const TransactionToken&) const = default;

    std::array<char, kBytes> encode() const;
    // None: they are not the bytes of a token.
    static std::optional<TransactionToken> decode(std::string_view bytes);
    std::string text() const;
    // None: it has not the shape of a printed token.
    static std::optional<TransactionToken> parse(std::string_view text);
};

}  // namespace zbridge
