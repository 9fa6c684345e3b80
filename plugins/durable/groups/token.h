// What names a delivery: docs and the C interface have its layout (zb_token).
//
// Limits:  offsets below 2^48.
#pragma once

#include <cstdint>
#include <optional>

#include "bridge/base/check.h"
#include "plugins/durable/ids.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::durable {

using GroupId = Id<struct GroupTag, uint32_t>;  // on the disk and in tokens; the bridge's handle

struct Token {
    static constexpr uint64_t kKind = 2;
    static constexpr uint64_t kOffsetEnd = uint64_t{1} << 48;

    uint8_t attempt = 0;
    GroupId group;
    uint32_t epoch = 0;
    uint16_t grant = 0;  // tells the deliveries of one message in one epoch apart
    Offset offset;

    zb_token to_c() const {
        ZB_CHECK(offset.number < kOffsetEnd, offset.number);
        return {
            kKind << 56 | uint64_t{attempt} << 48 | uint64_t{group.number() & 0xffff} << 32 | epoch,
            uint64_t{grant} << 48 | offset.number};
    }
    // None: it is no token.
    static std::optional<Token> from_c(zb_token token) {
        if (token.high >> 56 != kKind) return std::nullopt;
        return Token{static_cast<uint8_t>(token.high >> 48),
                     GroupId(static_cast<uint32_t>(token.high >> 32 & 0xffff)),
                     static_cast<uint32_t>(token.high),
                     static_cast<uint16_t>(token.low >> 48),
                     {token.low & (kOffsetEnd - 1)}};
    }
};

}  // namespace zbridge::durable
