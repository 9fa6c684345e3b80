#include "bridge/delivery/group_side.h"

#include <utility>

namespace zbridge::delivery {

using plugin::Verdict;

ConsumersCounters& ConsumersCounters::operator+=(const ConsumersCounters& other) {
    using Counters = ConsumersCounters;
    constexpr uint64_t Counters::*kAll[] = {
        &Counters::given,    &Counters::acked,     &Counters::retried,
        &Counters::rejected, &Counters::lost,      &Counters::released,
        &Counters::stale,    &Counters::malformed, &Counters::replies_refused};
    for (const auto counter : kAll)
        this->*counter += other.*counter;
    return *this;
}

plugin::Settled GroupSide::settle(const plugin::Settlement& settlement,
                                  std::span<const plugin::Publication> publications,
                                  plugin::Engine::OnSettled when_durable) {
    plugin::Settled settled =
        engine.settle(group, settlement, publications, std::move(when_durable));
    if (settled.later || settled.why) return settled;
    const uint64_t messages = settlement.count - settled.stale;
    switch (settlement.verdict) {
        case Verdict::kAck:
            counters.acked += messages;
            break;
        case Verdict::kRetry:
            counters.retried += messages;
            break;
        case Verdict::kReject:
            counters.rejected += messages;
            break;
        // Of a lease that had run out before there is nothing to be said.
        case Verdict::kLost:
            counters.lost += messages;
            return settled;
        case Verdict::kRelease:
            counters.released += messages;
            return settled;
        case Verdict::kExtend:
            break;
    }
    counters.stale += settled.stale;
    return settled;
}

void GroupSide::settle_left(LeaseToken token, bool sent) {
    (void)settle({.verdict = sent ? Verdict::kLost : Verdict::kRelease, .token = token});
}

}  // namespace zbridge::delivery
