// Whether an open peer is still there, and whether it knows that we are: the moments of what was
// heard and said, and what is due because of them. Says nothing itself.
//
// Peer:    it is dead when it is silent for the time that its last PING promised, or for
// kSilentIntervals of our own heartbeat. Its silence is ours while we do not read it. We:      a
// PING each `heartbeat`, to a peer that greets with 3.1. While it is not read, a PONG that it has
// not asked for each half of its own interval, or it would take us for dead; only to one that has
// sent a PING: one that has closed answers it by a reset, and what its kernel still had is lost.
// Machine: `user_timeout` after the last time, the kernel is asked whether the other one answers.
// Cost:    a read is two moments stored; all else happens on PINGs and on the timer.
#pragma once

#include <cstdint>
#include <optional>

#include "bridge/base/clock.h"
#include "bridge/net/options.h"

namespace zbridge::net {

class Liveness {
 public:
    static constexpr int kSilentIntervals = 3;
    static constexpr Duration kIntervalMin = std::chrono::milliseconds(20);  // of anything here
    static constexpr Duration kIntervalGuess =
        std::chrono::milliseconds(100);  // of a peer that was not read meanwhile

    explicit Liveness(const EndpointOptions& options) : options_(options) {}
    // The handshake is done.
    void open(Instant now, bool speaks_3_1);

    // Bytes have come.
    void heard(Instant now) { heard_at_ = now; }
    void heard_ping(Instant now, uint16_t ttl_tenths);
    // It was not read, or takes what we say: it may have answered.
    void excuse(Instant now) { heard_at_ = now; }
    // It is not read for now.
    void pause() { paused_ = true; }

    bool pings() const { return pings_heard_ > 0; }
    // Of its PINGs, as observed; 0: it has sent none.
    Duration ping_interval() const { return ping_interval_; }

    // Each true once when it is due, for the caller to do.
    bool take_reassurance(Instant now);
    bool take_ping_turn(Instant now);
    bool take_machine_check(Instant now);

    bool is_dead(Instant now) const;
    // When one of these is to be asked again; none: never.
    std::optional<Instant> next_check(Instant now) const;

    Instant opened_at() const { return opened_at_; }

 private:
    bool heartbeats() const { return options_.heartbeat > Duration{} && speaks_3_1_; }

    const EndpointOptions& options_;
    bool speaks_3_1_ = false;
    bool paused_ = false;  // since its last PING
    Instant opened_at_{};
    Instant heard_at_{};    // last bytes from it
    Instant pinged_at_{};   // last PING from it
    Instant said_at_{};     // last PING or unasked PONG to it
    Instant checked_at_{};  // that its machine answers
    int64_t pings_heard_ = 0;
    Duration ping_interval_{};  // its own, as observed
    Duration ttl_{};            // of its last PING
};

}  // namespace zbridge::net
