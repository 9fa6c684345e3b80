#include "bridge/model/lease_token.h"

#include <charconv>

#include "bridge/base/message_id.h"
#include "bridge/model/big_endian.h"

namespace zbridge {

std::array<char, LeaseToken::kBytes> LeaseToken::encode() const {
    std::array<char, kBytes> bytes{};
    put_big_endian(bytes.data(), high);
    put_big_endian(bytes.data() + sizeof(high), low);
    return bytes;
}

std::optional<LeaseToken> LeaseToken::decode(std::string_view bytes) {
    if (bytes.size() != kBytes || static_cast<uint8_t>(bytes[0]) != kKind) return std::nullopt;
    return LeaseToken{get_big_endian<uint64_t>(bytes.data()),
                      get_big_endian<uint64_t>(bytes.data() + sizeof(high))};
}

std::string LeaseToken::text() const {
    return MessageId{high, low}.text() + "." + std::to_string(attempt());
}

std::optional<LeaseToken> LeaseToken::parse(std::string_view text) {
    constexpr size_t kIdBytes = MessageId::kTextBytes;
    if (text.size() < kIdBytes + 2 || text[kIdBytes] != '.') return std::nullopt;
    const auto id = MessageId::parse(text.substr(0, kIdBytes));
    if (!id) return std::nullopt;
    const LeaseToken token{id->epoch, id->sequence};
    unsigned attempt = 0;
    const std::string_view digits = text.substr(kIdBytes + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), attempt);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    if (token.high >> 56 != kKind || attempt != token.attempt()) return std::nullopt;
    return token;
}

}  // namespace zbridge
