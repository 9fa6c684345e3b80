// What open() does on the disk: replays, makes sure of what it has found, and begins where this
// life goes on.
//
// Thread:  one; it blocks.
// Promise: until the log has been read to its end and nothing was refused, nothing is changed. What
//          the disk may not have is written again, in place, and synced before it is handed out.
#pragma once

#include <memory>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/random.h"
#include "plugins/durable/journal/replay.h"

namespace zbridge::durable {

struct OpeningOptions {
    std::string folder;
    uint64_t segment_bytes = 0;
    std::optional<StoreId> store;  // whose segments are expected, if that is known
    ReplayOptions replay;
};

// Where appends go on, and what is there.
struct Opened {
    StoreId store;
    Found found;
    std::vector<SegmentInfo> segments;  // the last one is open
    std::vector<Bound> bounds;          // of these, one by one
    StoreFile store_file;
    std::vector<Spare> spares;
    uint64_t next_fresh = 1;
    std::unique_ptr<File> file;  // of the last segment
    uint32_t position = 0;       // in it, of the next batch
    Seq next{1};
    uint32_t prev_crc = 0;
};

Result<Opened> open_log(Disk& disk, const Clock& clock, Random& random,
                        const OpeningOptions& options, const Replay::Visit& visit);

}  // namespace zbridge::durable
