#include "bridge/cli/bench/taking.h"

namespace zbridge::cli::bench {

namespace {

// Of one wait: the sender may have to be looked at then.
constexpr Duration kWaitMax = std::chrono::milliseconds(20);

}  // namespace

Status Taking::run() {
    moved_ = clock_.now();
    while (!is_over()) {
        const uint64_t before = seen_;
        Status status = source_.take(kWaitMax, [this](uint32_t consumer, const auto& frames) {
            const Instant now = clock_.now();
            const uint64_t foreign = arrivals_.foreign();
            arrivals_.take(consumer, frames, now);
            seen_++;
            if (arrivals_.foreign() == foreign) moved_ = now;  // what is no load does not keep it
            if (!first_ && arrivals_.count() > 0) first_ = now;
        });
        if (!status.ok()) {
            if (setup_.crossing != nullptr) setup_.crossing->stop = true;
            return status;
        }
        if (setup_.crossing == nullptr || seen_ == before) continue;
        setup_.crossing->arrived = arrivals_.least();
        if (arrivals_.all_have_heard()) setup_.crossing->heard = true;
    }
    return source_.leave();
}

bool Taking::is_over() {
    const Instant now = clock_.now();
    if (setup_.crossing != nullptr) {
        if (setup_.crossing->stop) return true;
        if (!setup_.crossing->all_sent) {
            moved_ = now;
            return false;
        }
        return arrivals_.least() >= setup_.crossing->sent || now - moved_ > setup_.quiet;
    }
    if (setup_.messages && arrivals_.least() >= *setup_.messages) return true;
    if (first_ && setup_.time > Duration{} && now - *first_ >= setup_.time) return true;
    return now - moved_ > (first_ ? setup_.quiet : setup_.first);
}

}  // namespace zbridge::cli::bench
