// Offsets, as ranges that do not touch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "plugins/durable/ids.h"

namespace zbridge::durable {

struct OffsetRange {
    Offset first;
    uint64_t count = 0;

    Offset end() const { return first + count; }
    friend bool operator==(const OffsetRange&, const OffsetRange&) = default;
};

class RangeSet {
 public:
    void add(OffsetRange range);
    // What of it is not there is left alone. Returns how many went.
    uint64_t remove(OffsetRange range);
    bool has(Offset offset) const;
    // The first range at or behind `from`, cut to begin there.
    std::optional<OffsetRange> at_or_after(Offset from) const;
    void clear() { ranges_.clear(), offsets_ = 0; }

    bool empty() const { return ranges_.empty(); }
    uint64_t offsets() const { return offsets_; }
    size_t ranges() const { return ranges_.size(); }
    std::optional<Offset> first() const {
        return ranges_.empty() ? std::nullopt : std::optional(ranges_.begin()->first);
    }
    template <class Visit>
    void each(Visit visit) const {
        for (const auto& [first, end] : ranges_)
            visit(OffsetRange{first, end - first});
    }

 private:
    std::map<Offset, Offset> ranges_;  // first -> end
    uint64_t offsets_ = 0;
};

}  // namespace zbridge::durable
