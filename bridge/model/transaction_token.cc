#include "bridge/model/transaction_token.h"

#include "bridge/base/message_id.h"
#include "bridge/model/big_endian.h"

namespace zbridge {

namespace {

bool is_token(uint64_t high) {
    return high >> 32 == uint64_t{TransactionToken::kKind} << 24;
}

}  // namespace

std::array<char, TransactionToken::kBytes> TransactionToken::encode() const {
    std::array<char, kBytes> bytes{};
    put_big_endian(bytes.data(), high);
    put_big_endian(bytes.data() + sizeof(high), low);
    return bytes;
}

std::optional<TransactionToken> TransactionToken::decode(std::string_view bytes) {
    if (bytes.size() != kBytes) return std::nullopt;
    const TransactionToken token{get_big_endian<uint64_t>(bytes.data()),
                                 get_big_endian<uint64_t>(bytes.data() + sizeof(high))};
    return is_token(token.high) ? std::optional(token) : std::nullopt;
}

std::string TransactionToken::text() const {
    return MessageId{high, low}.text();
}

std::optional<TransactionToken> TransactionToken::parse(std::string_view text) {
    const auto numbers = MessageId::parse(text);
    if (!numbers || !is_token(numbers->epoch)) return std::nullopt;
    return TransactionToken{numbers->epoch, numbers->sequence};
}

}  // namespace zbridge
