// Sends a load: each message when the schedule says, no more of them under way than the window.
//
// Flow:    Schedule -> Payload, Stamp -> [Sending] -> Sink; outcomes -> on_outcome
// Failure: kUnavailable: nobody took the first message for `patience`. Later: trouble() says so.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bridge/cli/bench/crossing.h"
#include "bridge/cli/bench/histogram.h"
#include "bridge/cli/bench/payload.h"
#include "bridge/cli/bench/rates.h"
#include "bridge/cli/bench/schedule.h"
#include "bridge/cli/bench/sink.h"

namespace zbridge::cli::bench {

class Sending {
 public:
    struct Setup {
        Schedule schedule{};
        uint64_t window =
            0;  // messages without an outcome, or that have not arrived; 0: any number
        Duration patience = std::chrono::seconds(10);
        uint32_t run = 0, boot = 0;
        Crossing* crossing = nullptr;  // where somebody counts what arrives
    };
    // All of them outlive it.
    Sending(const Setup& setup, Payload& payload, Sink& sink, const Clock& clock)
        : setup_(setup), payload_(payload), sink_(sink), clock_(clock) {}

    // The same hello again and again until all consumers have heard one. REQUIRES: a crossing.
    Status greet();
    // All of it, and then waits for outcomes.
    Status run();
    // Also called of each outcome, and of those of hellos.
    void listen(OnOutcome on_outcome) { listener_ = std::move(on_outcome); }

    uint64_t sent() const { return sent_; }
    uint64_t bytes() const { return sent_ * payload_.size(); }
    uint64_t without_outcome() const { return sink_.answers() ? sent_ - outcomes_ : 0; }
    const Histogram& lags() const { return lags_; }  // from when each was due until it was sent
    const Histogram& latencies() const { return latencies_; }  // until its outcome
    const Rates& rates() const { return rates_; }
    // Why it gave up before its end; empty: it did not.
    const std::string& trouble() const { return trouble_; }
    const std::map<std::string, uint64_t>& refused() const { return refused_; }

 private:
    enum class Step : uint8_t { kSent, kNoRoom };
    Result<Step> send(Instant due, Stamp::Kind kind);
    Status await(Duration time, bool for_room);
    Status finish();
    bool is_full() const;
    void take(const Stamp& stamp, std::string_view refused);
    // Nothing has gone on since `patience`.
    bool is_stuck() const { return clock_.now() - moved_ > setup_.patience; }
    bool is_stopped() const { return setup_.crossing != nullptr && setup_.crossing->stop; }

    const Setup setup_;
    Payload& payload_;
    Sink& sink_;
    const Clock& clock_;
    OnOutcome listener_;
    std::vector<uint64_t> numbers_;  // by producer: the next one
    uint64_t sent_ = 0, outcomes_ = 0;
    Instant moved_{};
    Histogram lags_, latencies_;
    Rates rates_;
    std::map<std::string, uint64_t> refused_;
    std::string trouble_;
};

}  // namespace zbridge::cli::bench
