#include "bridge/base/timers.h"

#include "bridge/base/check.h"

namespace zbridge {

void Timer::arm(Instant due) {
    if (armed()) timers_.remove(*this);
    due_ = due;
    sequence_ = timers_.next_sequence_++;
    timers_.heap_.push_back(this);
    position_ = timers_.heap_.size() - 1;
    timers_.sift_up(position_);
}

void Timer::cancel() {
    if (armed()) timers_.remove(*this);
}

size_t Timers::run_due(Instant now) {
    const uint64_t armed_before = next_sequence_;
    size_t fired = 0;
    while (!heap_.empty() && heap_.front()->due_ <= now) {
        Timer& timer = *heap_.front();
        if (timer.sequence_ >= armed_before) break;
        remove(timer);
        fired++;
        timer.on_due_();  // may destroy the timer
    }
    return fired;
}

std::optional<Instant> Timers::next_due() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front()->due_;
}

bool Timers::before(const Timer& a, const Timer& b) {
    return a.due_ != b.due_ ? a.due_ < b.due_ : a.sequence_ < b.sequence_;
}

void Timers::place(Timer& timer, size_t position) {
    heap_[position] = &timer;
    timer.position_ = position;
}

void Timers::sift_up(size_t position) {
    Timer& moving = *heap_[position];
    while (position > 0) {
        const size_t parent = (position - 1) / 2;
        if (!before(moving, *heap_[parent])) break;
        place(*heap_[parent], position);
        position = parent;
    }
    place(moving, position);
}

void Timers::sift_down(size_t position) {
    Timer& moving = *heap_[position];
    for (;;) {
        size_t child = 2 * position + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && before(*heap_[child + 1], *heap_[child])) child++;
        if (!before(*heap_[child], moving)) break;
        place(*heap_[child], position);
        position = child;
    }
    place(moving, position);
}

void Timers::remove(Timer& timer) {
    const size_t position = timer.position_;
    ZB_CHECK(position < heap_.size() && heap_[position] == &timer, position);
    timer.position_ = Timer::kNowhere;
    Timer& last = *heap_.back();
    heap_.pop_back();
    if (&last == &timer) return;
    place(last, position);
    sift_up(position);
    sift_down(last.position_);
}

}  // namespace zbridge
