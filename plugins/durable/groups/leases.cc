#include "plugins/durable/groups/leases.h"

#include <algorithm>
#include <iterator>

#include "bridge/base/check.h"

namespace zbridge::durable {

namespace {

uint64_t share_of(uint64_t bytes, uint64_t count, uint64_t of) {
    return count == of ? bytes : bytes / of * count;
}

}  // namespace

void Leases::add(const LeasedRange& leased) {
    const auto due = dues_.emplace_hint(dues_.end(), leased.lease.until, leased.range.first);
    const auto [at, fresh] = entries_.emplace(
        leased.range.first, Entry{leased.range.count, leased.lease, leased.bytes, due});
    ZB_CHECK(fresh, at->first.number);
    messages_ += leased.range.count;
    bytes_ += leased.bytes;
}

std::optional<LeasedRange> Leases::first_of(OffsetRange range) const {
    auto at = entries_.upper_bound(range.first);
    if (at != entries_.begin()) {
        const auto before = std::prev(at);
        if (range.first < before->first + before->second.count) at = before;
    }
    if (at == entries_.end() || at->first >= range.end()) return std::nullopt;
    const Offset first = std::max(at->first, range.first);
    const Offset end = std::min(at->first + at->second.count, range.end());
    return LeasedRange{{first, end - first},
                       at->second.lease,
                       share_of(at->second.bytes, end - first, at->second.count)};
}

void Leases::remove(OffsetRange range) {
    const auto at = std::prev(entries_.upper_bound(range.first));
    const Offset first = at->first, end = at->first + at->second.count;
    ZB_CHECK(first <= range.first && range.end() <= end, range.first.number, range.count);
    const Lease lease = at->second.lease;
    const uint64_t bytes = at->second.bytes;
    dues_.erase(at->second.due);
    entries_.erase(at);
    messages_ -= end - first;
    bytes_ -= bytes;
    const auto put_back = [&](Offset from, Offset to) {
        if (from < to) add({{from, to - from}, lease, share_of(bytes, to - from, end - first)});
    };
    put_back(first, range.first);
    put_back(range.end(), end);
}

std::optional<Instant> Leases::next_due() const {
    if (dues_.empty()) return std::nullopt;
    return dues_.begin()->first;
}

std::optional<LeasedRange> Leases::due(Instant now) const {
    if (dues_.empty() || dues_.begin()->first > now) return std::nullopt;
    const auto& entry = *entries_.find(dues_.begin()->second);
    return LeasedRange{{entry.first, entry.second.count}, entry.second.lease, entry.second.bytes};
}

void Leases::clear() {
    entries_.clear();
    dues_.clear();
    messages_ = bytes_ = 0;
}

}  // namespace zbridge::durable
