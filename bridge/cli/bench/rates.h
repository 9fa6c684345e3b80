// How much a second there was, over the time of a run: in slices of one length, so that the run tells
// by itself how even it was.
//
// Limits:  kSlicesMax; beyond it each two become one, of twice the length.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bridge/base/clock.h"

namespace zbridge::cli::bench {

class Rates {
 public:
    static constexpr size_t kSlicesMax = 40;
    static constexpr Duration kFirstLength = std::chrono::milliseconds(50);

    // REQUIRES: none is before the first.
    void add(Instant at);

    uint64_t count() const { return count_; }
    // From the first to the last.
    Duration time() const { return count_ == 0 ? Duration{} : last_ - first_; }
    double a_second() const;
    // What the middle eight of ten slices differ by, to either side, as a part of the median. None:
    // too few slices to say.
    std::optional<double> noise() const;

 private:
    static constexpr size_t kSlicesOfNoise = 8;

    Instant first_{}, last_{};
    uint64_t count_ = 0;
    Duration length_ = kFirstLength;
    std::vector<uint64_t> slices_;
};

}  // namespace zbridge::cli::bench
