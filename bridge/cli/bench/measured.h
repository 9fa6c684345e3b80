// What a run has shown: the figures, and whether all is well.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/cli/bench/arrivals.h"
#include "bridge/cli/bench/histogram.h"
#include "bridge/cli/bench/rates.h"
#include "bridge/cli/bench/sending.h"
#include "bridge/telemetry/report.h"

namespace zbridge::cli::bench {

struct Measured {
    std::string bench{};  // "e2e"
    std::vector<std::pair<std::string, std::string>>
        about{};  // what was measured: "from", "orders-in"
    std::vector<std::pair<std::string, std::string>> settings{};  // how: "window", "2000"
    std::string verb = "arrived";                                 // what `rates` counts
    std::optional<uint64_t> sent{}, arrived{};                    // none: not this one's to know
    uint64_t lost = 0, duplicates = 0, late = 0;
    std::optional<uint64_t> before_first{};  // sent, it may be, before a subscriber was there
    uint64_t foreign = 0, unmeasured = 0;
    uint64_t bytes = 0;
    std::map<std::string, uint64_t> refused{};  // "topic_full" -> how many
    Rates rates{};
    std::string verified =
        "none lost, each once, in order";  // if all is well; empty: nobody looked
    std::string trouble{};                 // why it ended before its end
    std::string latency = "latency";       // what `latencies` are
    Histogram latencies{}, lags{};

    bool is_good() const;
    telemetry::Report report() const;
    std::string text() const;
};

// Of what was sent; what has no outcome is lost.
Measured of_sending(std::string bench, const Sending& sending);
// Of what has arrived; what was lost is to be said.
Measured of_arrivals(std::string bench, const Arrivals& arrivals);

// "850 ns", "12.3 us", "4.56 ms", "1.20 s"
std::string time_text(Duration time);
// "1 234 567/s" is hard to read: "1.23 M/s"
std::string rate_text(double a_second);

}  // namespace zbridge::cli::bench
