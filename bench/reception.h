// What consumers count and check: each consumer its own sequence, all of them together the totals;
// and the end of a run.
#pragma once

#include <fmt/format.h>

#include <thread>

#include "bench/control_page.h"
#include "bench/payload.h"
#include "bench/window.h"

namespace zbridge::bench {

struct Totals {
    std::atomic<uint64_t> received{0};  // of all consumers
    std::atomic<uint64_t> damaged{0}, out_of_order{0};
    std::atomic<bool> end{false};
};

// One consumer's stream from one producer. Thread: one.
class Reception {
 public:
    Reception(const Payload& payload, ControlPage& control, Totals& totals, uint32_t number)
        : payload_(payload), control_(control), totals_(totals), number_(number) {}

    void on_message(const void* data, size_t size) {
        uint64_t sequence = 0;
        if (!payload_.read(data, size, sequence)) {
            ++totals_.damaged;
        } else if (sequence == kHello) {
            if (!ready_) ++control_.consumers_ready;
            ready_ = true;
        } else {
            if (sequence < next_) ++totals_.out_of_order;
            next_ = sequence + 1;
            ++taken_;
        }
    }

    // After each batch: what it held becomes visible to the producer and the window.
    void on_batch_end() {
        if (taken_ == 0) return;
        control_.progress[number_].next.store(next_, std::memory_order_relaxed);
        totals_.received.fetch_add(taken_, std::memory_order_relaxed);
        taken_ = 0;
    }

 private:
    const Payload& payload_;
    ControlPage& control_;
    Totals& totals_;
    uint32_t number_;
    uint64_t next_ = 0, taken_ = 0;
    bool ready_ = false;
};

// Runs on the main thread while others receive: moves the window on, says stop at its end, and
// returns once all that was sent has come to all `consumers`, or nothing more comes.
inline void oversee(Window& window, ControlPage& control, Totals& totals, uint32_t consumers) {
    constexpr auto kLook = std::chrono::milliseconds(5);
    constexpr double kSilentSecondsMax = 1, kFirstSecondsMax = 10;
    uint64_t seen = 0;
    auto seen_at = Monotonic::now();
    while (control.producers_done == 0 || totals.received < control.sent * consumers) {
        std::this_thread::sleep_for(kLook);
        const uint64_t received = totals.received;
        if (received != seen) {
            seen = received;
            seen_at = Monotonic::now();
        }
        if (window.advance(received)) control.stop = 1;
        const double patience = window.ended() ? kSilentSecondsMax : kFirstSecondsMax;
        if (seconds_between(seen_at, Monotonic::now()) > patience) break;
    }
    control.stop = 1;
    totals.end = true;
}

// Prints the result; the exit code: 1 when something was damaged, out of order, or lost where
// nothing may be.
inline int conclude(const Window& window, const ControlPage& control, const Totals& totals,
                    uint32_t consumers, bool loss_is_failure) {
    const uint64_t expected = control.sent * consumers;
    const uint64_t lost = expected - std::min<uint64_t>(expected, totals.received);
    fmt::print(
        "{{{}, \"received\": {}, \"expected\": {}, \"lost\": {}, \"damaged\": {}, "
        "\"out_of_order\": {}}}\n",
        window.json(), totals.received.load(), expected, lost, totals.damaged.load(),
        totals.out_of_order.load());
    const bool good = window.ended() && totals.damaged == 0 && totals.out_of_order == 0;
    return good && (lost == 0 || !loss_is_failure) ? 0 : 1;
}

}  // namespace zbridge::bench
