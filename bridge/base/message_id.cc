#include "bridge/base/message_id.h"

namespace zbridge {

std::string MessageId::text() const {
    static constexpr char kDigits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::string text(kTextBytes, '0');
    uint64_t high = epoch, low = sequence;
    for (size_t i = kTextBytes; i-- > 0;) {
        text[i] = kDigits[low & 31];
        low = low >> 5 | high << 59;
        high >>= 5;
    }
    return text;
}

}  // namespace zbridge
