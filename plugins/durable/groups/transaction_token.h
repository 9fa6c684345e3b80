// What names a prepared message: docs and the C interface have its layout (zb_transaction).
//
// Limits:  offsets below Token::kOffsetEnd.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/check.h"
#include "plugins/durable/groups/token.h"

namespace zbridge::durable {

struct TransactionToken {
    static constexpr uint64_t kKind = 3;

    Offset offset;  // where it waits
    // Of its id: so that a token of another store, or of an older one, names nothing here.
    uint32_t sequence = 0;
    uint16_t epoch = 0;

    static TransactionToken of(Offset offset, MessageId id) {
        return {offset, static_cast<uint32_t>(id.sequence), static_cast<uint16_t>(id.epoch)};
    }
    bool names(MessageId id) const {
        return sequence == static_cast<uint32_t>(id.sequence) &&
               epoch == static_cast<uint16_t>(id.epoch);
    }

    zb_transaction to_c() const {
        ZB_CHECK(offset.number < Token::kOffsetEnd, offset.number);
        return {kKind << 56 | sequence, uint64_t{epoch} << 48 | offset.number};
    }
    // None: it is no token.
    static std::optional<TransactionToken> from_c(zb_transaction token) {
        if (token.high >> 32 != kKind << 24) return std::nullopt;
        return TransactionToken{{token.low & (Token::kOffsetEnd - 1)},
                                static_cast<uint32_t>(token.high),
                                static_cast<uint16_t>(token.low >> 48)};
    }
    // As people read and type it.
    std::string text() const {
        const zb_transaction its = to_c();
        return MessageId{its.high, its.low}.text();
    }
    static std::optional<TransactionToken> parse(std::string_view text) {
        const auto numbers = MessageId::parse(text);
        if (!numbers) return std::nullopt;
        return from_c({numbers->epoch, numbers->sequence});
    }
};

}  // namespace zbridge::durable
