// A message's id as receipts have it: 26 characters of Crockford's base 32, sorted as the numbers.
#pragma once

#include <string>

#include "plugins/durable/ids.h"

namespace zbridge::durable {

inline std::string text_of(MessageId id) {
    static constexpr char kDigits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::string text(26, '0');
    for (size_t i = text.size(); i-- > 0;) {
        text[i] = kDigits[id.sequence & 31];
        id.sequence = id.sequence >> 5 | id.epoch << 59;
        id.epoch >>= 5;
    }
    return text;
}

}  // namespace zbridge::durable
