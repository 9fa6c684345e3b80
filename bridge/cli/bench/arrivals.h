// What has arrived of a load, each message checked against the stamp in it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "bridge/cli/bench/histogram.h"
#include "bridge/cli/bench/rates.h"
#include "bridge/cli/bench/sequence.h"
#include "bridge/cli/bench/stamp.h"

namespace zbridge::cli::bench {

class Arrivals {
 public:
    struct Setup {
        std::optional<uint32_t> run = {};  // none: any
        uint32_t boot = 0;                 // of this machine
        uint32_t consumers = 1;
        bool each_has_all = false;  // of the consumers; else they share
    };
    explicit Arrivals(const Setup& setup) : setup_(setup), consumers_(setup.consumers) {}

    void take(uint32_t consumer, std::span<const std::string> frames, Instant now);
    void take(uint32_t consumer, const Stamp& stamp, size_t bytes, Instant now);

    bool all_have_heard() const;  // a hello, or more; of those that share: one of them
    // Of those that have to have all: how many the last of them has had. Else of all together.
    uint64_t least() const;
    bool each_has_all() const { return setup_.each_has_all; }
    uint32_t consumers() const { return setup_.consumers; }
    uint64_t count() const { return rates_.count(); }  // without duplicates
    uint64_t bytes() const { return bytes_; }
    uint64_t duplicates() const { return duplicates_; }
    uint64_t late() const { return late_; }
    uint64_t foreign() const { return foreign_; }  // of nobody's load, or another run's
    // Between those that arrived; `from_first`: what each producer had sent before its first is not counted.
    uint64_t missing(bool from_first = false) const;
    const Histogram& latencies() const { return latencies_; }
    uint64_t unmeasured() const { return unmeasured_; }  // sent by another machine
    const Rates& rates() const { return rates_; }

 private:
    struct Consumer {
        bool heard = false;
        uint64_t count = 0;
    };
    using Key = std::tuple<uint32_t, uint32_t, uint16_t>;  // consumer, run, producer

    const Setup setup_;
    std::vector<Consumer> consumers_;
    std::map<Key, Sequence> sequences_;
    Histogram latencies_;
    Rates rates_;
    uint64_t bytes_ = 0, duplicates_ = 0, late_ = 0, foreign_ = 0, unmeasured_ = 0;
};

}  // namespace zbridge::cli::bench
