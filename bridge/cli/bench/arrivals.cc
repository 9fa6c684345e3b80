#include "bridge/cli/bench/arrivals.h"

#include <algorithm>

namespace zbridge::cli::bench {

void Arrivals::take(uint32_t consumer, std::span<const std::string> frames, Instant now) {
    size_t bytes = 0;
    for (const std::string& frame : frames)
        bytes += frame.size();
    for (size_t i = frames.size(); i > 0; i--) {
        if (const auto stamp = find_stamp(frames[i - 1])) return take(consumer, *stamp, bytes, now);
    }
    foreign_++;
}

void Arrivals::take(uint32_t consumer, const Stamp& stamp, size_t bytes, Instant now) {
    if (setup_.run && stamp.run != *setup_.run) {
        foreign_++;
        return;
    }
    consumers_[consumer].heard = true;
    if (stamp.kind == Stamp::Kind::kHello) return;
    const uint32_t whose = setup_.each_has_all ? consumer : 0;
    Sequence& sequence = sequences_[{whose, stamp.run, stamp.producer}];
    const auto arrival = sequence.take(stamp.number, setup_.each_has_all ? 0 : consumer);
    if (arrival == Sequence::Arrival::kTwice) {
        duplicates_++;
        return;
    }
    if (arrival == Sequence::Arrival::kLate) late_++;
    consumers_[consumer].count++;
    bytes_ += bytes;
    rates_.add(now);
    if (same_boot(stamp.boot, setup_.boot))
        latencies_.add(now - stamp.due);
    else
        unmeasured_++;
}

bool Arrivals::all_have_heard() const {
    const auto heard = [](const Consumer& each) { return each.heard; };
    return setup_.each_has_all ? std::all_of(consumers_.begin(), consumers_.end(), heard)
                               : std::any_of(consumers_.begin(), consumers_.end(), heard);
}

uint64_t Arrivals::least() const {
    if (!setup_.each_has_all) return count();
    uint64_t least = consumers_.front().count;
    for (const Consumer& each : consumers_)
        least = std::min(least, each.count);
    return least;
}

uint64_t Arrivals::missing(bool from_first) const {
    uint64_t missing = 0;
    for (const auto& [key, sequence] : sequences_)
        missing += sequence.missing() - (from_first ? sequence.first_missing_until() : 0);
    return missing;
}

}  // namespace zbridge::cli::bench
