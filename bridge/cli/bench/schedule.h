// When each message of a load is to be sent.
//
// Promise: with a rate, the time of each is known beforehand, whatever became of those before it: what was
//          held up is late, and the others are not sent later for it. Latencies are counted from these times,
//          so that a bridge which stands still for a second is not asked, and measured, less often in it.
#pragma once

#include <cstdint>
#include <optional>

#include "bridge/base/clock.h"

namespace zbridge::cli::bench {

struct Schedule {
    double a_second = 0;    // 0: as fast as it goes; then each is due when it can be sent
    uint64_t messages = 0;  // 0: no end
    Duration time = {};     // likewise

    // When the message of this number is due, of a load that began at `began`; none: it has ended. That is due
    // which is not in the future.
    std::optional<Instant> due(uint64_t number, Instant began, Instant now) const;
};

// A rate as people write it: "500", "20k/s", "1.5M". None: it is none.
std::optional<double> parse_rate(std::string_view text);

}  // namespace zbridge::cli::bench
