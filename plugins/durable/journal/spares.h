// The files that become segments: one is always made ahead, of zeros, in steps; segments that
// nobody needs any more become one again.
//
// Flow:    drop() -> the file `store` says so -> renamed to a spare, or removed
//          pump() -> room reserved -> zeros, step by step -> a spare -> take() at a rollover
// Thread:  the reactor; works run on the helper's executor, one at a time.
// Failure: a full disk is met here, never in a commit: failing() until a spare is there again, by a
//          drop or by one of the tries, every kRetry. A drop needs a few bytes too: it is tried
//          again likewise, where the disk has none.
// Limits:  kSparesMax spares; what is dropped beyond that is removed.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/disk.h"
#include "bridge/base/executor.h"
#include "bridge/base/timers.h"
#include "plugins/durable/journal/folder.h"

namespace zbridge::durable {

class Spares {
 public:
    static constexpr size_t kSparesMax = 2;
    static constexpr Duration kRetry = std::chrono::seconds(1);
    // Between two steps of kFillStepBytes, while nobody is in a hurry: 20 MiB a second.
    static constexpr Duration kStepPause = std::chrono::milliseconds(50);

    enum class Hurry : uint8_t {
        kNone,
        kSoon,  // no pauses
        kNow,   // an append waits: it is taken as it is, its room reserved, not all of it written
    };
    struct Options {
        std::string folder;
        uint64_t segment_bytes = 0;
    };

    struct Drop {
        uint64_t segment = 0;
        uint64_t bytes = 0;
        std::string store_text;  // what the file `store` says from then on
    };

    // `helper` has one thread; `on_ready`: there is one more. The others outlive it.
    Spares(Options options, Disk& disk, std::unique_ptr<Executor> helper, Timers& timers,
           const Clock& clock, std::function<void()> on_ready);

    // `next_fresh`: the number of the next one that is made.
    void begin(std::vector<Spare> ready, uint64_t next_fresh);
    // Goes on with making one, if none is there.
    void pump(Hurry hurry);
    std::optional<Spare> take();
    void drop(Drop drop);
    void finish();  // begins nothing any more, and waits for what it has begun
    size_t run_done() { return helper_->run_done(); }

    size_t ready() const { return ready_.size(); }
    uint64_t filled() const { return filled_; }  // bytes of the one that is being made
    bool failing() const { return ready_.empty() && !failure_.ok(); }
    const Status& failure() const { return failure_; }  // of the last try
    // Of the last drop that failed: its file is still there, and goes at the next opening.
    const Status& drop_failure() const { return drop_failure_; }

 private:
    void next();
    void step();
    void on_step(const Status& status, bool complete);
    void recycle(Drop drop);
    void on_recycled(Drop drop, const Status& status, std::optional<Spare> spare);

    Options options_;
    Disk& disk_;
    const Clock& clock_;
    std::function<void()> on_ready_;
    Timer timer_;  // of a pause, or of the next try
    std::deque<Spare> ready_;
    std::deque<Drop> drops_;
    std::shared_ptr<File> filling_;  // used by the helper
    uint64_t filled_ = 0;
    uint64_t next_fresh_ = 1;
    bool working_ = false;
    Hurry hurry_ = Hurry::kNone;
    bool stopped_ = false;
    Status failure_;
    Status drop_failure_;
    std::unique_ptr<Executor> helper_;  // the last one: it ends before what its works use
};

}  // namespace zbridge::durable
