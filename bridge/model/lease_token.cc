#include "bridge/model/lease_token.h"

#include <charconv>

#include "bridge/base/message_id.h"

namespace zbridge {

namespace {

void put(char* at, uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = static_cast<char>(number >> shift);
}

uint64_t get(std::string_view bytes) {
    uint64_t number = 0;
    for (const char each : bytes)
        number = number << 8 | static_cast<uint8_t>(each);
    return number;
}

}  // namespace

std::array<char, LeaseToken::kBytes> LeaseToken::encode() const {
    std::array<char, kBytes> bytes{};
    put(bytes.data(), high);
    put(bytes.data() + sizeof(high), low);
    return bytes;
}

std::optional<LeaseToken> LeaseToken::decode(std::string_view bytes) {
    if (bytes.size() != kBytes || static_cast<uint8_t>(bytes[0]) != kKind) return std::nullopt;
    return LeaseToken{get(bytes.substr(0, 8)), get(bytes.substr(8))};
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
