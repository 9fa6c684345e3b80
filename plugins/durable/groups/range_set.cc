#include "plugins/durable/groups/range_set.h"

#include <algorithm>
#include <iterator>

namespace zbridge::durable {

void RangeSet::add(OffsetRange range) {
    if (range.count == 0) return;
    Offset first = range.first, end = range.end();
    auto at = ranges_.upper_bound(end);
    while (at != ranges_.begin()) {
        const auto before = std::prev(at);
        if (before->second < first) break;
        first = std::min(first, before->first);
        end = std::max(end, before->second);
        offsets_ -= before->second - before->first;
        at = ranges_.erase(before);
    }
    ranges_.emplace_hint(at, first, end);
    offsets_ += end - first;
}

uint64_t RangeSet::remove(OffsetRange range) {
    uint64_t removed = 0;
    auto at = ranges_.lower_bound(range.end());
    while (at != ranges_.begin()) {
        const auto its = std::prev(at);
        const auto [first, end] = *its;
        if (end <= range.first) break;
        at = ranges_.erase(its);
        if (range.end() < end) at = ranges_.emplace_hint(at, range.end(), end);
        if (first < range.first) at = ranges_.emplace_hint(at, first, range.first);
        removed += std::min(end, range.end()) - std::max(first, range.first);
        if (first < range.first) break;
    }
    offsets_ -= removed;
    return removed;
}

bool RangeSet::has(Offset offset) const {
    const auto behind = ranges_.upper_bound(offset);
    return behind != ranges_.begin() && offset < std::prev(behind)->second;
}

std::optional<OffsetRange> RangeSet::at_or_after(Offset from) const {
    auto at = ranges_.upper_bound(from);
    if (at != ranges_.begin() && from < std::prev(at)->second) --at;
    if (at == ranges_.end()) return std::nullopt;
    const Offset first = std::max(at->first, from);
    return OffsetRange{first, at->second - first};
}

}  // namespace zbridge::durable
