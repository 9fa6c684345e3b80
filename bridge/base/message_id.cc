#include "bridge/base/message_id.h"

namespace zbridge {

namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

std::string MessageId::text() const {
    std::string text(kTextBytes, '0');
    uint64_t high = epoch, low = sequence;
    for (size_t i = kTextBytes; i-- > 0;) {
        text[i] = kDigits[low & 31];
        low = low >> 5 | high << 59;
        high >>= 5;
    }
    return text;
}

std::optional<MessageId> MessageId::parse(std::string_view text) {
    // 130 bits: the first digit has 3 of the number's.
    if (text.size() != kTextBytes || text[0] > '7') return std::nullopt;
    MessageId id;
    for (const char each : text) {
        const size_t digit = kDigits.find(each);
        if (digit == std::string_view::npos) return std::nullopt;
        id.epoch = id.epoch << 5 | id.sequence >> 59;
        id.sequence = id.sequence << 5 | digit;
    }
    return id;
}

}  // namespace zbridge
