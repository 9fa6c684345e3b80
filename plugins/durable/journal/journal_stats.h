// What the journal counts, for the status.
#pragma once

#include <array>
#include <cstdint>

#include "bridge/base/clock.h"

namespace zbridge::durable {

// Of times of one kind: how many, their sum, the longest, and how many in each class.
struct Times {
    // The classes end at these; the last class has no end.
    static constexpr std::array<int64_t, 9> kEndsUs{50,    100,    250,     500,      1'000,
                                                    5'000, 25'000, 100'000, 1'000'000};

    void add(Duration time);

    uint64_t count = 0;
    Duration sum{};
    Duration longest{};
    std::array<uint64_t, kEndsUs.size() + 1> classes{};
};

struct JournalStats {
    uint64_t commits = 0;  // appends whose done said yes
    uint64_t bytes = 0;    // of these, as they lie on the disk
    uint64_t idle_marks = 0;
    uint64_t rollovers = 0;
    uint64_t waits_for_spare = 0;  // appends that had to wait for one
    uint64_t reads = 0;
    uint64_t reads_failed = 0;
    uint64_t reads_refused = 0;  // too many waited
    uint64_t drops = 0;
    Times syncs;
};

}  // namespace zbridge::durable
