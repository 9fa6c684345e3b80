#include "bridge/cli/bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace zbridge::cli::bench {

namespace {

// Below 2 * kSteps each number has a bucket; from there on each power of two has kSteps of them.
constexpr unsigned kStepBits = 7;
constexpr uint64_t kSteps = uint64_t{1} << kStepBits;

}  // namespace

size_t Histogram::bucket_of(uint64_t ns) {
    const auto width = static_cast<unsigned>(std::bit_width(ns));
    const unsigned shift = width > kStepBits + 1 ? width - kStepBits - 1 : 0;
    return shift * kSteps + (ns >> shift);
}

uint64_t Histogram::upper_end(size_t bucket) {
    if (bucket < 2 * kSteps) return bucket;
    const uint64_t shift = bucket / kSteps - 1;
    return ((bucket - shift * kSteps + 1) << shift) - 1;
}

void Histogram::add(Duration time) {
    const int64_t ns = std::max<int64_t>(time.count(), 0);
    const size_t bucket = bucket_of(static_cast<uint64_t>(std::min(ns, kLongest.count())));
    if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
    buckets_[bucket]++;
    count_++;
    shortest_ = std::min(shortest_, ns);
    longest_ = std::max(longest_, ns);
    sum_ += static_cast<double>(ns);
}

void Histogram::add(const Histogram& other) {
    if (other.buckets_.size() > buckets_.size()) buckets_.resize(other.buckets_.size());
    for (size_t i = 0; i < other.buckets_.size(); i++)
        buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    shortest_ = std::min(shortest_, other.shortest_);
    longest_ = std::max(longest_, other.longest_);
    sum_ += other.sum_;
}

Duration Histogram::mean() const {
    if (count_ == 0) return {};
    return Duration(static_cast<int64_t>(sum_ / static_cast<double>(count_)));
}

Duration Histogram::percentile(double part) const {
    if (count_ == 0) return {};
    const double rank = std::ceil(std::clamp(part, 0.0, 1.0) * static_cast<double>(count_));
    const uint64_t wanted = std::max<uint64_t>(static_cast<uint64_t>(rank), 1);
    uint64_t seen = 0;
    for (size_t i = 0; i < buckets_.size(); i++) {
        seen += buckets_[i];
        if (seen >= wanted) return Duration(std::min(static_cast<int64_t>(upper_end(i)), longest_));
    }
    return longest();
}

}  // namespace zbridge::cli::bench
