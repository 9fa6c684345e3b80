// The messages of one topic in a batch's body, as runs.
#pragma once

#include <cstdint>
#include <optional>

#include "plugins/durable/index/index.h"
#include "plugins/durable/topics/hot_ring.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::durable {

// Where runs go, and how much of them.
struct RunsWanted {
    zb_run* runs = nullptr;
    uint32_t runs_max = 0;
    uint64_t bytes_max = 0;  // about: the message that reaches it is the last
    bool gaps = false;       // not each offset of the run has a message
    uint32_t count = 0;      // so far
    uint64_t bytes = 0;
    uint64_t replaced = 0;  // offsets without a message, behind the last one that was added

    bool enough() const { return count == runs_max || bytes >= bytes_max; }
};

// Adds those of `run` from `from` on, until there are enough. Returns the offset behind the last one
// that was added or is not in the run. None: the body is not what was written.
std::optional<Offset> read_runs(const Body& body, TopicId topic, const Run& run, Offset from,
                                RunsWanted& wanted);

}  // namespace zbridge::durable
