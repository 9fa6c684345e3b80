// The store on this machine's disk: segments of batches in a folder (docs/JOURNAL.md).
//
// Flow:    append() -> header, pwrite, fdatasync on the journal's thread -> done -> next append()
//          nobody appends for kIdleAfter -> an idle mark, not waited for, witnesses the last batch
//          a segment is sealed -> its digest is made in the background
//          a segment is full -> the spare becomes the next one -> the helper makes another spare
// Thread:  the reactor; it owns four executors, of one thread each: the journal's, the helper's,
//          the readers', the digests'. open(), close() and the destructor block.
// Promise: as store.h says, and: an append never meets a full disk. Where no spare can be made
//          full() says so; what is appended then goes into what is left of the last segment, and
//          waits behind that until there is room.
// Failure: open(): what may be damage is refused, or accepted where the options say so (replay.h).
//          After a write or sync that failed every append fails with it, until the process ends.
// Limits:  kReadsMax reads wait; beyond that read() refuses. A batch fits into a segment.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/disk.h"
#include "bridge/base/executor.h"
#include "bridge/base/random.h"
#include "bridge/base/timers.h"
#include "plugins/durable/journal/appender.h"
#include "plugins/durable/journal/cold_reader.h"
#include "plugins/durable/journal/digests.h"
#include "plugins/durable/journal/journal_stats.h"
#include "plugins/durable/journal/opening.h"
#include "plugins/durable/journal/scrub.h"
#include "plugins/durable/journal/spares.h"
#include "plugins/durable/record.h"
#include "plugins/durable/store.h"

namespace zbridge::durable {

struct JournalOptions {
    static constexpr uint64_t kSegmentBytes = 64 << 20;
    static constexpr uint64_t kSegmentBytesMin = 16 << 10;
    static constexpr uint64_t kSegmentBytesMax = 1 << 30;

    std::string folder;                      // made if it is not there; its parent must be
    uint64_t segment_bytes = kSegmentBytes;  // a multiple of 4096
    uint64_t epoch = 1;                      // of this life: above that of every one before
    std::optional<StoreId> store = {};       // whose segments are expected, if that is known
    ReplayOptions replay = {};
    Shorten shorten = {};  // null: there are no digests
};

// What it takes from the world. All outlive it.
struct JournalWorld {
    Disk& disk;
    const Clock& clock;
    Random& random;
    Timers& timers;
    std::function<std::unique_ptr<Executor>(ExecutorOptions)> make_executor;
};

class Journal final : public Store {
 public:
    static constexpr uint32_t kReadsMax = 64;
    static constexpr Duration kIdleAfter = std::chrono::milliseconds(10);
    // A batch of at most so many bytes is of a few producers, who wait: where syncs take less than
    // half of kHurryMax, it is looked for, not slept for.
    static constexpr size_t kHurryBytesMax = 4096;
    static constexpr Duration kHurryMax = std::chrono::microseconds(400);

    // Hands all that is there to `visit`, then writes this life's EPOCH. When it returns all of it
    // is durable.
    static Result<std::unique_ptr<Journal>> open(const JournalOptions& options,
                                                 const JournalWorld& world,
                                                 const Replay::Visit& visit);
    // Without close(): as a crash would.
    ~Journal() override = default;
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    // Store:
    size_t body_bytes_max() const override;
    Seq next_seq() const override { return next_; }
    bool busy() const override { return busy_; }
    Place append(BatchMemory batch, Done done) override;
    bool read(Place place, char* into, Done done) override;
    std::vector<SegmentInfo> segments() const override { return segments_; }
    void drop(uint64_t segment) override;
    bool takes(size_t bytes) const override {
        return !pending_ && (spares_.ready() > 0 || bytes <= room());
    }
    void at_room(std::function<void()> told) override { at_room_ = std::move(told); }
    bool full() const override { return spares_.failing(); }
    const Status& failure() const override { return failure_; }
    // Also while an append waits for room: that one is not done then, and there is no mark of an
    // end in order.
    Status close() override;

    // Reads a sealed segment again from the disk, slowly, and says what of it is damaged. False:
    // another one is on its way, or it is not there, not sealed, or nobody knows where it ends.
    [[nodiscard]] bool scrub(uint64_t segment, std::function<void(const Scrubbed&)> done);

    // All batches of a segment that are done, or more, on a helper's thread (digests.h). False: too
    // many wait, or there is no such segment.
    [[nodiscard]] bool look_through(uint64_t segment, Look look, std::function<void(Status)> done);

    // What stands before the bodies of these batches, on the readers' thread; none of one that is not
    // there any more. False: too many reads wait.
    using Heads = std::vector<std::optional<BatchHeader>>;
    [[nodiscard]] bool read_heads(std::vector<Place> places, std::function<void(Heads)> done);

    // Calls the done of what has ended. To be called when an executor wakes the reactor.
    size_t run_done();

    const StoreId& store() const { return store_; }
    const Found& found() const { return found_; }
    Seq synced() const { return synced_; }  // all up to this one are on the disk
    const JournalStats& stats() const { return stats_; }
    const Spares& spares() const { return spares_; }
    const Digests& digests() const { return digests_; }

 private:
    Journal(const JournalOptions& options, const JournalWorld& world, Opened opened);
    Status append_now(RecordType type, uint16_t flags);

    struct Pending {
        Appender::Task task;
        Done done;
    };

    Appender::Task task_of(const BatchMemory& batch, uint16_t flags);  // takes its seq and place
    uint64_t room() const;
    void begin_segment(Appender::Task& task);
    void make_digest(size_t of, Digests::Hurry hurry, std::optional<CollectedBatches> collected);
    void make_wanted_digests(bool began_fresh);
    std::optional<Bound> end_of(size_t of) const;
    void submit_pending();
    void submit(Appender::Task task, Done done);
    void on_appended(Appender::Outcome& outcome, const BatchHeader& header, bool synced,
                     const Done& done);
    void mark_idle();
    void hurry_spares();
    void hurry(const BatchHeader& header);

    std::string folder_;
    uint64_t segment_bytes_;
    uint64_t epoch_;
    const Clock& clock_;
    StoreId store_;
    Found found_;

    Appender appender_;  // used by appends_
    ColdReader reader_;  // used by reads_
    char idle_memory_[kSectorBytes];

    std::vector<SegmentInfo> segments_;  // the last one is appended to
    std::vector<Bound> bounds_;          // of these
    StoreFile store_file_;
    uint64_t position_;  // in the last segment, of the next batch
    Seq next_;
    Seq synced_{};
    bool busy_ = false;
    bool idle_in_flight_ = false;
    bool closed_ = false;
    std::optional<Pending> pending_;  // waits for a spare
    std::function<void()> at_room_;
    Status failure_;
    JournalStats stats_;
    Duration usual_sync_{};  // of the last ones, the newest most
    Timer idle_timer_;

    // The last ones: they end before what their works use.
    Spares spares_;
    std::unique_ptr<Executor> reads_;
    Scrub scrub_;
    Digests digests_;
    std::unique_ptr<Executor> appends_;
};

}  // namespace zbridge::durable
