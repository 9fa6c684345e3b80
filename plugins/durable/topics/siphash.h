// SipHash-2-4 with 128 bits: Aumasson, Bernstein, "SipHash: a fast short-input PRF", 2012.
//
// Why this one: producers choose the ids that are hashed. Without the key nobody can find two that
// collide, and so make another one's message a duplicate.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace zbridge::durable {

struct HashKey {
    uint64_t first = 0, second = 0;
};

struct Digest {
    uint64_t first = 0, second = 0;
    constexpr auto operator<=>(const Digest&) const = default;
};

Digest siphash(const HashKey& key, std::string_view bytes);

}  // namespace zbridge::durable
