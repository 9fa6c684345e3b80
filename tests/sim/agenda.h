// What will happen in a simulated world, in the order of its time: the only thing that moves its
// clock.
//
// Promise: two happenings of the same time run in the order in which they were planned: the same
//          run each time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "bridge/base/clock.h"

namespace zbridge::sim {

class Agenda {
 public:
    explicit Agenda(ManualClock& clock) : clock_(clock) {}

    Instant now() const { return clock_.now(); }
    void after(Duration delay, std::function<void()> happening) {
        queue_.push({now() + delay, next_++, std::move(happening)});
    }
    std::optional<Instant> next() const {
        return queue_.empty() ? std::nullopt : std::optional(queue_.top().due);
    }
    // Moves the clock; never back.
    void move_to(Instant then) {
        if (then > now()) clock_.advance(then - now());
    }
    void run_due() {
        while (!queue_.empty() && queue_.top().due <= now()) {
            const std::function<void()> happening =
                std::move(const_cast<Entry&>(queue_.top()).happening);
            queue_.pop();
            happened_++;
            happening();
        }
    }
    uint64_t happened() const { return happened_; }

 private:
    struct Entry {
        Instant due;
        uint64_t sequence;
        std::function<void()> happening;
        bool operator<(const Entry& other) const {
            return due != other.due ? due > other.due : sequence > other.sequence;
        }
    };
    ManualClock& clock_;
    std::priority_queue<Entry> queue_;
    uint64_t next_ = 0;
    uint64_t happened_ = 0;
};

}  // namespace zbridge::sim
