// A group whose consumers die of what they are given: most of the last deliveries ended in a lost
// connection. It goes on with one probe at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>

#include "bridge/base/clock.h"

namespace zbridge::durable {

class CrashLoop {
 public:
    static constexpr unsigned kDeliveries =
        20;  // the last ones; it is one if more than half were lost
    static constexpr Duration kProbeEvery = std::chrono::seconds(10);

    // A delivery has ended. Of a consumer that went with many of them one counts.
    void on_end(bool lost, uint64_t consumer, Instant now) {
        if (lost && last_lost_ == consumer) return;
        if (lost) last_lost_ = consumer;
        lost_ = (lost_ << 1 | (lost ? 1 : 0)) & ((1U << kDeliveries) - 1);
        if (seen_ < kDeliveries) seen_++;
        if (!lost) {
            if (broken()) seen_ = lost_ = 0;  // the probe lives
            next_probe_.reset();
        } else if (seen_ == kDeliveries && std::popcount(lost_) * 2 > int{kDeliveries}) {
            if (!next_probe_) times_++;
            next_probe_ = now + kProbeEvery;
        }
    }
    bool broken() const { return next_probe_.has_value(); }
    std::optional<Instant> next_probe() const { return next_probe_; }
    // One message may go now: then on_probe(). REQUIRES: broken().
    bool may_probe(Instant now) const { return now >= *next_probe_; }
    void on_probe(Instant now) { next_probe_ = now + kProbeEvery; }
    uint64_t times() const { return times_; }

 private:
    uint32_t lost_ = 0;  // a bit a delivery
    std::optional<uint64_t> last_lost_;
    unsigned seen_ = 0;
    std::optional<Instant> next_probe_;
    uint64_t times_ = 0;
};

}  // namespace zbridge::durable
