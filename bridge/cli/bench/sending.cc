#include "bridge/cli/bench/sending.h"

#include <algorithm>

namespace zbridge::cli::bench {

namespace {

constexpr uint64_t kBurst = 256;  // messages, before outcomes are looked for
// Of one wait: somebody else may have to be looked at then.
constexpr Duration kWaitMax = std::chrono::milliseconds(20);
// Where another thread makes room, which wakes nobody.
constexpr Duration kCrossingWait = std::chrono::microseconds(50);

}  // namespace

Status Sending::greet() {
    moved_ = clock_.now();
    while (!setup_.crossing->heard && !is_stopped()) {
        const auto step = send(clock_.now(), Stamp::Kind::kHello);
        if (!step.ok()) return step.error();
        if (Status status = await(kWaitMax, *step == Step::kNoRoom); !status.ok()) return status;
        if (is_stuck())
            return {Code::kUnavailable, "nothing of what was sent has arrived: is there a way?"};
    }
    return {};
}

Status Sending::run() {
    const Instant began = moved_ = clock_.now();
    while (!is_stopped()) {
        const Instant now = clock_.now();
        const auto due = setup_.schedule.due(sent_, began, now);
        if (!due) break;
        if (*due > now) {
            if (Status status = await(*due - now, false); !status.ok()) return status;
            moved_ = clock_.now();
            continue;
        }
        if (is_full()) {
            const bool crossing = !sink_.answers();
            if (Status status = await(crossing ? kCrossingWait : kWaitMax, false); !status.ok())
                return status;
        } else {
            const auto step = send(*due, Stamp::Kind::kCounted);
            if (!step.ok()) return step.error();
            if (*step == Step::kNoRoom) {
                if (Status status = await(kWaitMax, true); !status.ok()) return status;
            } else if (sent_ % kBurst == 0) {
                if (Status status = await({}, false); !status.ok()) return status;
            }
        }
        if (!is_stuck()) continue;
        if (sent_ == 0) return {Code::kUnavailable, "nobody takes a message"};
        trouble_ = "nobody took a message any more, or answered one";
        break;
    }
    return finish();
}

Status Sending::finish() {
    if (setup_.crossing != nullptr) {
        setup_.crossing->sent = sent_;
        setup_.crossing->all_sent = true;
    }
    do {
        const Duration time = without_outcome() > 0 ? kWaitMax : Duration{};
        if (Status status = await(time, false); !status.ok()) return status;
    } while (without_outcome() > 0 && !is_stuck());
    return {};
}

Result<Sending::Step> Sending::send(Instant due, Stamp::Kind kind) {
    const auto producer = sink_.next_producer();
    if (!producer) return Step::kNoRoom;
    if (*producer >= numbers_.size()) numbers_.resize(*producer + 1);
    const Stamp stamp{.run = setup_.run,
                      .producer = *producer,
                      .number = numbers_[*producer],
                      .due = due,
                      .boot = setup_.boot,
                      .kind = kind};
    const auto sent = sink_.send(stamp, payload_.with(stamp));
    if (!sent.ok()) return sent.error();
    if (!*sent) return Step::kNoRoom;
    if (kind == Stamp::Kind::kHello) return Step::kSent;
    moved_ = clock_.now();
    lags_.add(moved_ - due);
    if (!sink_.answers()) rates_.add(moved_);
    numbers_[*producer]++;
    sent_++;
    return Step::kSent;
}

Status Sending::await(Duration time, bool for_room) {
    return sink_.hear(time, for_room, [this](const Stamp& stamp, std::string_view refused) {
        take(stamp, refused);
    });
}

void Sending::take(const Stamp& stamp, std::string_view refused) {
    if (listener_) listener_(stamp, refused);
    if (stamp.kind == Stamp::Kind::kHello) return;
    moved_ = clock_.now();
    outcomes_++;
    if (!refused.empty())
        refused_[std::string(refused)]++;
    else
        latencies_.add(moved_ - stamp.due);
    rates_.add(moved_);
}

bool Sending::is_full() const {
    if (setup_.window == 0) return false;
    const uint64_t there = sink_.answers()              ? outcomes_
                           : setup_.crossing != nullptr ? setup_.crossing->arrived.load()
                                                        : sent_;
    return sent_ - std::min(there, sent_) >= setup_.window;
}

}  // namespace zbridge::cli::bench
