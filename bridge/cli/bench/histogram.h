// Times in log-linear buckets, as HdrHistogram has them: any number of them in the same room, and each
// known to 1/128 of itself.
//
// Limits:  kLongest: what is longer is counted there; longest() is exact all the same.
#pragma once

#include <cstdint>
#include <vector>

#include "bridge/base/clock.h"

namespace zbridge::cli::bench {

class Histogram {
 public:
    static constexpr Duration kLongest = std::chrono::hours(1);

    // Less than nothing is nothing.
    void add(Duration time);
    void add(const Histogram& other);

    uint64_t count() const { return count_; }
    // Of none of them: 0.
    Duration shortest() const { return count_ == 0 ? Duration{} : Duration(shortest_); }
    Duration longest() const { return Duration(longest_); }
    Duration mean() const;
    // So much of them is no longer: 0.5 is the median. The upper end of its bucket.
    Duration percentile(double part) const;

 private:
    static size_t bucket_of(uint64_t ns);
    static uint64_t upper_end(size_t bucket);

    std::vector<uint64_t> buckets_;  // as many as were needed
    uint64_t count_ = 0;
    int64_t shortest_ = kLongest.count();
    int64_t longest_ = 0;
    double sum_ = 0;
};

}  // namespace zbridge::cli::bench
