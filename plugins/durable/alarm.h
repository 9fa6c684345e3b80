// One alarm, over timers of the host that can be set and not taken back.
//
// Flow:    set() whenever there is something to wait for -> [wake_in] -> rang() -> what is due -> set()
// Promise: after set(at) a timer comes at `at` or before, or kNear after it at the latest. One that
//          comes too early finds nothing due, and set() is called again.
// Limits:  kTimersMax timers are out, however often an earlier time is asked for: beside another
//          timer the time is cut to a power of two, so each is at most half as far as the one
//          before. None is farther than kFar, so that a clock on the wall that jumps is seen.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "bridge/base/clock.h"

namespace zbridge::durable {

class Alarm {
 public:
    static constexpr Duration kFar = std::chrono::seconds(60);
    static constexpr Duration kNear = std::chrono::milliseconds(1);
    static constexpr size_t kTimersMax = 18;

    // Calls rang() in this time, or somewhat later. False: not now.
    using WakeIn = std::function<bool(Duration after)>;

    // `clock` outlives it.
    Alarm(const Clock& clock, WakeIn wake_in) : clock_(clock), wake_in_(std::move(wake_in)) {}

    void set(Instant at);
    void rang() {
        if (!out_.empty()) out_.pop_back();
    }
    size_t timers_out() const { return out_.size(); }

 private:
    const Clock& clock_;
    WakeIn wake_in_;
    std::vector<Instant> out_;  // falling: the last one comes next
};

}  // namespace zbridge::durable
