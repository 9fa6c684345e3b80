#include "bridge/cli/bench/sequence.h"

#include <algorithm>

namespace zbridge::cli::bench {

Sequence::Arrival Sequence::take(uint64_t number, uint32_t consumer) {
    if (number >= end_) {
        if (number > end_) gaps_.emplace(end_, number);
        if (gaps_.size() > kGapsMax) gaps_.erase(gaps_.begin());
        end_ = number + 1;
    } else if (!fill(number)) {
        return Arrival::kTwice;
    }
    arrived_++;
    if (ends_.size() <= consumer) ends_.resize(consumer + 1);
    const bool late = number < ends_[consumer];
    ends_[consumer] = std::max(ends_[consumer], number + 1);
    return late ? Arrival::kLate : Arrival::kNext;
}

// False: it was not missing.
bool Sequence::fill(uint64_t number) {
    auto gap = gaps_.upper_bound(number);
    if (gap == gaps_.begin()) return false;
    --gap;
    const auto [first, end] = *gap;
    if (number >= end) return false;
    gaps_.erase(gap);
    if (first < number) gaps_.emplace(first, number);
    if (number + 1 < end) gaps_.emplace(number + 1, end);
    return true;
}

uint64_t Sequence::first_missing_until() const {
    const auto gap = gaps_.find(0);
    return gap == gaps_.end() ? 0 : gap->second;
}

}  // namespace zbridge::cli::bench
