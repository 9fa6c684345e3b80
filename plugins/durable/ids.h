// Ids of what is kept: a topic's number, a message's place in its topic; its own name is a MessageId
// (those of one publish() have one).
#pragma once

#include <compare>
#include <cstdint>
#include <ostream>

#include "bridge/base/ids.h"
#include "bridge/base/message_id.h"

namespace zbridge::durable {

using TopicId = Id<struct TopicTag, uint32_t>;  // on the disk; the handle that the bridge has

// Where a message stands in its topic. Rises by one with each; gaps are of what is lost, or skipped.
struct Offset {
    uint64_t number = 0;

    constexpr auto operator<=>(const Offset&) const = default;
    constexpr Offset operator+(uint64_t messages) const { return {number + messages}; }
    constexpr uint64_t operator-(Offset other) const { return number - other.number; }
    friend std::ostream& operator<<(std::ostream& out, Offset offset) {
        return out << offset.number;
    }
};

}  // namespace zbridge::durable
