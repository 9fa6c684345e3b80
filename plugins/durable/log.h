// The journal, on executors and timers that the host lends.
//
// Flow:    open() -> store() ... run_due() when it asks for it -> finish() -> Store::close() -> end
// Thread:  the reactor; open(), finish() and the destructor block.
// Failure: open(): as the journal says. Nothing of the host is touched after the destructor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/disk.h"
#include "bridge/base/executor.h"
#include "bridge/base/random.h"
#include "bridge/base/result.h"
#include "bridge/base/timers.h"
#include "plugins/durable/alarm.h"
#include "plugins/durable/journal/journal.h"
#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

struct LogOptions {
    std::string folder;
    Shorten shorten;  // null: there are no digests
    uint64_t segment_bytes = 64 << 20;
    bool accept_loss = false;
    bool strict = false;
    std::optional<uint64_t> skip;  // the number of a batch
    // Of the life before, if it ended in order.
    std::optional<uint64_t> clean_epoch;
};

// All outlive it.
struct LogWorld {
    Disk* disk = nullptr;
    const Clock* clock = nullptr;
    Random* random = nullptr;
    uint64_t epoch = 0;
    std::function<Executor*(const char* name, uint32_t threads, uint32_t tasks_max)> lend_executor;
    // Calls run_due() in this time, or somewhat later. False: not now.
    Alarm::WakeIn wake_in;
};

class Log {
 public:
    using Visit = std::function<Status(const LogBatch&)>;

    // Each batch of the log is visited, in order.
    static Result<std::unique_ptr<Log>> open(const LogOptions& options, const LogWorld& world,
                                             const Visit& visit);
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    Store& store() { return *journal_; }
    Journal& journal() { return *journal_; }
    const Journal& journal() const { return *journal_; }

    // Its timers share one alarm: to be called whenever a turn ends.
    void set_alarm();
    void run_due();
    // What its threads were given has run, and is done.
    void finish();

 private:
    explicit Log(const LogWorld& world) : world_(world), alarm_(*world.clock, world.wake_in) {}
    JournalWorld journal_world();

    LogWorld world_;
    Timers timers_;
    Alarm alarm_;
    std::vector<Executor*> lent_;
    std::unique_ptr<Journal> journal_;
};

}  // namespace zbridge::durable
