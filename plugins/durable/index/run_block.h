// Runs of one topic that follow each other, packed: what is as it was in the run before is not said
// again. Batches that came one behind the other, of a message each, take 2 to 5 bytes a run.
//
// Each run is  u8 flags | what they name, as varints | ,  against the run before; the first one
// against a run of zeros:
//   kGap       offsets missing before it          kCount     messages
//   kPosition  of its records in the body         kBytes     of its messages
//   kElsewhere segment, position in it            kBehind    sectors between the batch before, and it
//   kBody      the body's bytes, less kBytes      kTime      milliseconds later, zigzag
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/durable/index/index.h"

namespace zbridge::durable {

struct RunBlock {
    Offset first, end;      // of its runs
    int64_t newest_ms = 0;  // of the last one
    uint32_t runs = 0;
    std::string bytes;
};

// REQUIRES: there is one; they rise.
RunBlock pack_runs(const Run* runs, size_t count);
// Appended to `runs`. REQUIRES: pack_runs() made it.
void unpack_runs(const RunBlock& block, std::vector<Run>& runs);

}  // namespace zbridge::durable
