// What statuses that follow each other say of rates: of each row, how fast its counters rise, and how
// fast its first one has risen.
//
// Promise: a counter that has fallen, or a bridge in another life, begins anew: no rate is negative,
//          or made of two lives.
// Limits:  kPastMax rates of a row; a row that is gone has none any more.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/cli/top/views.h"
#include "bridge/telemetry/report.h"

namespace zbridge::cli::top {

class Samples {
 public:
    static constexpr size_t kPastMax = 60;

    // `at`: when it was answered. A status without peers leaves those of before as they are.
    void add(telemetry::Report status, Instant at, bool with_peers);
    bool empty() const { return !status_; }
    // The last one. REQUIRES: not empty.
    const telemetry::Report& status() const { return *status_; }
    const std::vector<Row>& rows(size_t view) const { return series_[view].rows; }
    // None: it is not known yet.
    std::optional<double> rate(size_t view, const Row& row, std::string_view field) const;
    // Of the view's first rate, the oldest first; at most kPastMax.
    const std::deque<double>& past(size_t view, const Row& row) const;
    // {bridge, routes: [...], ...}: rows with their fields, and rates as `FIELD_per_s`.
    telemetry::Report report() const;

 private:
    struct Counter {
        uint64_t value = 0;
        std::optional<double> rate;
    };
    struct Known {
        std::map<std::string, Counter, std::less<>> counters;  // by field
        std::deque<double> past;
    };
    struct Series {
        std::vector<Row> rows;
        std::map<std::string, Known, std::less<>> known;  // by the row's key
        std::optional<Instant> at;
    };
    void add(size_t view, Instant at);
    const Known* known(size_t view, const Row& row) const;

    std::optional<telemetry::Report> status_;
    std::array<Series, kViews> series_;
};

}  // namespace zbridge::cli::top
