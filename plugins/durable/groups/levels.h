// Of a group with `order: priority`: what it has looked at and not given, by priority.
//
// Limits:  whoever adds bounds the offsets; about 50 bytes for each that stands alone at its level.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "plugins/durable/groups/range_set.h"

namespace zbridge::durable {

using Level = uint8_t;  // a message's priority
inline constexpr Level kLevels = 10;

class Levels {
 public:
    // REQUIRES: none of them is in it.
    void add(OffsetRange range, Level level) { at_[level].add(range); }
    void remove(OffsetRange range) {
        for (RangeSet& each : at_)
            each.remove(range);
    }
    void clear() {
        for (RangeSet& each : at_)
            each.clear();
    }

    // None: it is empty.
    std::optional<Level> highest() const {
        for (Level level = kLevels; level-- > 0;) {
            if (!at_[level].empty()) return level;
        }
        return std::nullopt;
    }
    std::optional<Level> level_of(Offset offset) const {
        for (Level level = 0; level < kLevels; level++) {
            if (at_[level].has(offset)) return level;
        }
        return std::nullopt;
    }
    // The first messages of a level that follow each other. REQUIRES: there are any.
    OffsetRange first(Level level) const { return *at_[level].at_or_after({0}); }
    uint64_t offsets() const {
        uint64_t all = 0;
        for (const RangeSet& each : at_)
            all += each.offsets();
        return all;
    }

 private:
    std::array<RangeSet, kLevels> at_;
};

}  // namespace zbridge::durable
