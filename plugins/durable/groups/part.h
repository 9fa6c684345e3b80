// A group that the engine has made for another one, whose options it has.
//
//   consumer  the cursor of a named consumer of a group with `mode: broadcast`:  GROUP%NAME
//   range     what a `group reset --until` gives again, and nothing behind it:   GROUP%%range
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/durable/groups/token.h"

namespace zbridge::durable {

struct GroupPart {
    enum class Kind : uint8_t { kNone, kConsumer, kRange };

    static constexpr char kMark = '%';
    static constexpr std::string_view kRangeMark = "%%range";
    static constexpr size_t kNameBytesMax = 63;  // of a consumer

    Kind kind = Kind::kNone;
    GroupId of;
    int64_t seen_ms = 0;              // of a consumer: it was connected then
    Offset until{Token::kOffsetEnd};  // of a range

    static bool is_consumer_name(std::string_view name) {
        constexpr std::string_view kLetters =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
        return !name.empty() && name.size() <= kNameBytesMax &&
               name.find_first_not_of(kLetters) == std::string_view::npos;
    }
    static std::string name_of(std::string_view group, std::string_view consumer) {
        return std::string(group) + kMark + std::string(consumer);
    }
};

}  // namespace zbridge::durable
