// The digests of the segments, made in the background as segments are sealed, and for those that
// have none.
//
// Flow:    make() -> what the journal has collected is written on the helper; or, of a segment that
//          was not seen from its beginning: step ... step, read, checked, shortened -> it is there
//          drop() -> the file goes
// Thread:  the reactor; works run on the helper's executor, one at a time.
// Failure: one that cannot be made is counted, and tried again by the next start: without it that
//          reads the segment.
// Limits:  as many wait as there are segments, kCollectedMax of them with their batches.
//          DigestWriter::kStepBytes a step; between two steps of a segment of an earlier life a
//          pause of kPause: 80 MiB a second.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bridge/base/executor.h"
#include "bridge/base/timers.h"
#include "plugins/durable/journal/digest_writer.h"

namespace zbridge::durable {

// What stands in a batch; its body may be shortened.
using Look = std::function<void(const Place& place, std::string_view body)>;

// A segment to look through, up to `until`. `sealed`: nothing is appended to it any more.
struct LookTarget {
    uint64_t segment = 0;
    uint64_t until = 0;
    Seq first{};
    std::optional<SealedSegment> sealed;
};

class Digests {
 public:
    static constexpr Duration kPause = std::chrono::milliseconds(50);
    // With more of them waiting, what was collected is given up: their segments are read.
    static constexpr size_t kCollectedMax = 2;

    enum class Hurry : uint8_t { kNone, kSoon };  // kSoon: without pauses, others follow
    struct Options {
        std::string folder;
        StoreId store;
        Shorten shorten;  // null: none are made, nor read
    };

    // `helper` has one thread. The others outlive it.
    Digests(Options options, Disk& disk, std::unique_ptr<Executor> helper, Timers& timers,
            const Clock& clock);

    // `collected`: its batches, if they need not be read.
    void make(const SealedSegment& sealed, Hurry hurry, std::optional<CollectedBatches> collected);
    void drop(uint64_t segment);
    // Reads what a segment holds on the helper, as its digest has it if that fits, else from the
    // segment itself, and hands each batch to `look` there, in order; what is damaged is left out.
    // False: too many wait; `done` will not come. kNotFound: it was dropped.
    [[nodiscard]] bool look_through(const LookTarget& target, Look look,
                                    std::function<void(Status)> done);
    void finish();  // begins nothing any more, and waits for the step that it has begun
    size_t run_done() { return helper_->run_done(); }

    uint64_t made() const { return made_; }
    uint64_t failed() const { return failed_; }
    const Status& failure() const { return failure_; }  // of the last one that failed

 private:
    struct Run {
        SealedSegment sealed;
        Hurry hurry = Hurry::kNone;
        std::optional<CollectedBatches> collected;
        std::unique_ptr<DigestWriter> writer;  // used by the helper
        Result<bool> done = false;
        bool dropped = false;
    };

    void next();
    void step();
    void on_step();
    void remove(uint64_t segment);

    Options options_;
    Disk& disk_;
    const Clock& clock_;
    Timer timer_;  // of a pause
    std::deque<Run> waiting_;
    std::deque<uint64_t> drops_;
    std::shared_ptr<Run> run_;
    bool working_ = false;
    bool stopped_ = false;
    uint64_t made_ = 0;
    uint64_t failed_ = 0;
    Status failure_;
    std::unique_ptr<Executor> helper_;  // the last one: it ends before what its works use
};

}  // namespace zbridge::durable
