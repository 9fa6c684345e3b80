#include "bridge/net/liveness.h"

#include <algorithm>

namespace zbridge::net {

void Liveness::open(Instant now, bool speaks_3_1) {
    speaks_3_1_ = speaks_3_1;
    opened_at_ = heard_at_ = checked_at_ = now;
}

// The shortest distance seen. Several may have waited in the wire for us and come at once: it is no
// longer than they are apart on average; and of one that waited, nothing is known.
void Liveness::heard_ping(Instant now, uint16_t ttl_tenths) {
    const bool first = !pings();
    const Duration since = now - (first ? opened_at_ : pinged_at_);
    Duration apart = (now - opened_at_) / ++pings_heard_;
    if (since >= kIntervalMin) apart = std::min(apart, since);
    if (paused_) apart = std::min(apart, kIntervalGuess);
    if (first || apart < ping_interval_) ping_interval_ = std::max(apart, kIntervalMin);
    paused_ = false;
    pinged_at_ = now;
    ttl_ = std::chrono::milliseconds(100) * ttl_tenths;
}

bool Liveness::take_reassurance(Instant now) {
    if (!pings() || now - said_at_ < ping_interval_ / 2) return false;
    said_at_ = now;
    return true;
}

bool Liveness::take_ping_turn(Instant now) {
    if (!heartbeats() || now - std::max(said_at_, opened_at_) < options_.heartbeat) return false;
    said_at_ = now;
    return true;
}

bool Liveness::take_machine_check(Instant now) {
    const Duration user_timeout = options_.user_timeout;
    if (user_timeout == Duration{} || now - checked_at_ < user_timeout) return false;
    checked_at_ = now;
    return true;
}

bool Liveness::is_dead(Instant now) const {
    const Duration silence = now - heard_at_;
    return (ttl_ > Duration{} && silence >= ttl_) ||
           (heartbeats() && silence >= options_.heartbeat * kSilentIntervals);
}

std::optional<Instant> Liveness::next_check(Instant now) const {
    std::optional<Instant> due;
    const auto by = [&](Instant instant) { due = due ? std::min(*due, instant) : instant; };
    if (ttl_ > Duration{}) by(heard_at_ + ttl_);
    if (heartbeats()) by(std::max(said_at_, opened_at_) + options_.heartbeat);
    if (options_.user_timeout > Duration{}) by(checked_at_ + options_.user_timeout);
    if (due) due = std::max(*due, now + kIntervalMin);
    return due;
}

}  // namespace zbridge::net
