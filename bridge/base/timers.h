// Timers: what is due when, on the reactor thread. A Timer is a member of the object it wakes and
// is cancelled with it.
//
// Thread:  the reactor thread only.
// Promise: timers fire in the order of their due time, and of their arming where that is equal: the
//          same run each time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "bridge/base/clock.h"

namespace zbridge {

class Timers;

class Timer {
 public:
    Timer(Timers& timers, std::function<void()> on_due)
        : timers_(timers), on_due_(std::move(on_due)) {}
    ~Timer() { cancel(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void arm(Instant due);  // an armed timer is moved
    void cancel();
    bool armed() const { return position_ != kNowhere; }
    Instant due() const { return due_; }

 private:
    friend class Timers;
    static constexpr size_t kNowhere = ~size_t{0};

    Timers& timers_;
    std::function<void()> on_due_;
    Instant due_{};
    uint64_t sequence_ = 0;
    size_t position_ = kNowhere;  // in the heap
};

class Timers {
 public:
    // Fires what is due at `now`; a timer armed meanwhile for a time already past waits for the
    // next call. Returns how many fired.
    size_t run_due(Instant now);
    std::optional<Instant> next_due() const;
    size_t size() const { return heap_.size(); }

 private:
    friend class Timer;
    static bool before(const Timer& a, const Timer& b);
    void place(Timer& timer, size_t position);
    void sift_up(size_t position);
    void sift_down(size_t position);
    void remove(Timer& timer);

    std::vector<Timer*> heap_;
    uint64_t next_sequence_ = 0;
};

}  // namespace zbridge
