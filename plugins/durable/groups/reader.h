// Reads one topic in order, a piece ahead.
//
// Promise: front() stays readable until the next seek() that leaves it, or drop().
// Limits:  kAheadBytes are held at most, and what lies in the same batches.
#pragma once

#include <cstdint>
#include <vector>

#include "bridge/base/memory.h"
#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

class Reader {
 public:
    static constexpr uint64_t kAheadBytes = 256 << 10;
    static constexpr uint32_t kRunsMax = 64;

    enum class Found : uint8_t {
        kHere,   // front() begins there; or behind it, where that is not kept
        kLater,  // it is read from the disk: Topics tells when
        kEnd,    // there is nothing from there on
    };

    // `topics` outlives it.
    Reader(Topics& topics, TopicId topic) : topics_(&topics), topic_(topic) {}

    Found seek(Offset offset);
    // Likewise this very message; kEnd: it is not kept.
    Found find(Offset offset) {
        const Found found = seek(offset);
        const bool behind = found == Found::kHere && front().first_offset != offset.number;
        return behind ? Found::kEnd : found;
    }
    const zb_run& front() const { return runs_[at_]; }
    void drop();

 private:
    Topics* topics_;
    TopicId topic_;
    std::vector<zb_run> runs_;
    std::vector<ChunkRef> kept_;  // their memory
    size_t at_ = 0;
    Offset known_from_;  // from here to the end of the last run all that is kept is in runs_
};

}  // namespace zbridge::durable
