// Writes batches, one behind the other, and syncs them: what the journal does on its own thread.
//
// Thread:  the journal's; at the start and the end of its life whoever opens and closes it.
// Promise: after append() with `sync` has said yes, the batch and all before it are on the disk.
// Failure: after one write or sync that failed all calls fail with it: a page cache may show what
//          the disk does not have.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bridge/base/clock.h"
#include "bridge/base/disk.h"
#include "plugins/durable/journal/digest_collector.h"
#include "plugins/durable/journal/segment_header.h"

namespace zbridge::durable {

class Appender {
 public:
    // Of a batch, but for what the appender knows itself: prev_crc and body_crc.
    struct Task {
        BatchHeader header;
        BatchMemory memory;
        uint32_t position = 0;
        // Before it: the next segment is begun, of this file. Its header is without prev_crc.
        struct Roll {
            std::string source;
            SegmentHeader header;
        };
        std::optional<Roll> roll;
    };
    struct Outcome {
        Status status;
        Duration sync_time{};                      // of the batch's own sync
        std::optional<uint32_t> rolled_after;      // a segment was begun: the body_crc before it
        std::optional<CollectedBatches> digested;  // of the one before; none: it has to be read
    };

    // `disk` and `clock` outlive it.
    Appender(Disk& disk, const Clock& clock, std::string folder, const StoreId& store,
             Shorten shorten)
        : disk_(disk),
          clock_(clock),
          folder_(std::move(folder)),
          store_(store),
          digest_(std::move(shorten)) {}

    // Where it goes on. `fresh`: with the first batch of a segment.
    void begin(std::unique_ptr<File> file, uint32_t prev_crc, bool fresh);
    Outcome append(Task task);
    void end() { file_.reset(); }

 private:
    Outcome try_append(Task& task);
    Status roll(Task::Roll& roll);

    Disk& disk_;
    const Clock& clock_;
    std::string folder_;
    StoreId store_;
    std::unique_ptr<File> file_;
    uint32_t prev_crc_ = 0;
    bool unsynced_ = false;  // the file has batches that no sync has followed
    DigestCollector digest_;
    Status failure_;
};

}  // namespace zbridge::durable
