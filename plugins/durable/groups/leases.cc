#include "plugins/durable/groups/leases.h"

#include <algorithm>
#include <iterator>

#include "bridge/base/check.h"

namespace zbridge::durable {

void Leases::add(const LeasedRange& leased) {
    const auto due = dues_.emplace_hint(dues_.end(), leased.lease.until, leased.range.first);
    const auto [at, fresh] =
        entries_.emplace(leased.range.first, Entry{leased.range.count, leased.lease, due});
    ZB_CHECK(fresh, at->first.number);
    messages_ += leased.range.count;
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
    return LeasedRange{{first, end - first}, at->second.lease};
}

void Leases::remove(OffsetRange range) {
    const auto at = std::prev(entries_.upper_bound(range.first));
    const Offset first = at->first, end = at->first + at->second.count;
    ZB_CHECK(first <= range.first && range.end() <= end, range.first.number, range.count);
    const Lease lease = at->second.lease;
    dues_.erase(at->second.due);
    entries_.erase(at);
    messages_ -= end - first;
    if (first < range.first) add({{first, range.first - first}, lease});
    if (range.end() < end) add({{range.end(), end - range.end()}, lease});
}

std::optional<Instant> Leases::next_due() const {
    if (dues_.empty()) return std::nullopt;
    return dues_.begin()->first;
}

std::optional<LeasedRange> Leases::due(Instant now) const {
    if (dues_.empty() || dues_.begin()->first > now) return std::nullopt;
    const auto& entry = *entries_.find(dues_.begin()->second);
    return LeasedRange{{entry.first, entry.second.count}, entry.second.lease};
}

void Leases::clear() {
    entries_.clear();
    dues_.clear();
    messages_ = 0;
}

}  // namespace zbridge::durable
