// Takes a load where it arrives, until all of it is there or nothing comes any more.
//
// Flow:    Source -> [Taking] -> Arrivals
#pragma once

#include <cstdint>
#include <optional>

#include "bridge/cli/bench/arrivals.h"
#include "bridge/cli/bench/crossing.h"
#include "bridge/cli/bench/source.h"

namespace zbridge::cli::bench {

class Taking {
 public:
    struct Setup {
        std::optional<uint64_t> messages =
            {};              // so many are there to be; of each consumer that has all
        Duration time = {};  // from the first on; 0: no end
        Duration first = std::chrono::seconds(60);  // so long for the first one
        Duration quiet = std::chrono::seconds(3);   // nothing came so long: that was all
        Crossing* crossing = nullptr;  // where the sender is another thread: it says how many
    };
    Taking(const Setup& setup, Source& source, Arrivals& arrivals, const Clock& clock)
        : setup_(setup), source_(source), arrivals_(arrivals), clock_(clock) {}

    Status run();

 private:
    bool is_over();

    const Setup setup_;
    Source& source_;
    Arrivals& arrivals_;
    const Clock& clock_;
    uint64_t seen_ = 0;  // messages of any kind
    Instant moved_{};    // when the last of them came
    std::optional<Instant> first_;
};

}  // namespace zbridge::cli::bench
