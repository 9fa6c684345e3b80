// The corr: 16 bytes that name a request on the wire between the bridge and a worker. (Workers of
// groups have a LeaseToken in its place.)
//
// It survives a restart of the bridge: a REP worker that was busy when the bridge died sends its
// reply with the old corr on its new connection, and the bridge must know it for what it is.
// Layout, big endian, golden bytes in the tests:
//   0 u8 kind (1; 2 is a LeaseToken)   1 u8 attempt   2 u16 check   4 u32 store epoch   8 u64
//   request number
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bridge/model/ids.h"

namespace zbridge {

struct Corr {
    enum class Kind : uint8_t { kRequest = 1 };
    static constexpr size_t kBytes = 16;

    Kind kind = Kind::kRequest;
    uint8_t attempt = 0;  // 1 is the first delivery
    Epoch epoch;
    uint64_t number = 0;

    constexpr auto operator<=>(const Corr&) const = default;

    std::array<char, kBytes> encode() const;
    // None unless it is 16 bytes of a known kind whose check is right: chance and old junk are told
    // from a real one.
    static std::optional<Corr> decode(std::string_view bytes);
};

}  // namespace zbridge
