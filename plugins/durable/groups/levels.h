// Of a group with `order: priority`: what it has looked at and not given, by priority.
//
// Limits:  whoever adds bounds the offsets; about 50 bytes for each that stands alone at its level.
//          With none it is a pointer: most groups have another order.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "plugins/durable/groups/range_set.h"

namespace zbridge::durable {

using Level = uint8_t;  // a message's priority
inline constexpr Level kLevels = 10;

class Levels {
 public:
    // REQUIRES: none of them is in it.
    void add(OffsetRange range, Level level) {
        if (!at_) at_ = std::make_unique<All>();
        (*at_)[level].add(range);
    }
    void remove(OffsetRange range) {
        if (!at_) return;
        for (RangeSet& each : *at_)
            each.remove(range);
    }
    void clear() { at_.reset(); }

    // None: it is empty.
    std::optional<Level> highest() const {
        for (Level level = kLevels; at_ && level-- > 0;) {
            if (!(*at_)[level].empty()) return level;
        }
        return std::nullopt;
    }
    std::optional<Level> level_of(Offset offset) const {
        for (Level level = 0; at_ && level < kLevels; level++) {
            if ((*at_)[level].has(offset)) return level;
        }
        return std::nullopt;
    }
    // The first messages of a level that follow each other. REQUIRES: there are any.
    OffsetRange first(Level level) const { return *(*at_)[level].at_or_after({0}); }
    uint64_t offsets() const {
        uint64_t all = 0;
        for (Level level = 0; at_ && level < kLevels; level++)
            all += (*at_)[level].offsets();
        return all;
    }

 private:
    using All = std::array<RangeSet, kLevels>;

    std::unique_ptr<All> at_;
};

}  // namespace zbridge::durable
