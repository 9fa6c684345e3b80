// The log that the engine stands on, opened from its options.
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
#include "plugins/durable/store.h"
#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

struct LogOptions {
    std::string folder;  // empty: the data directory's `journal`
    uint64_t segment_bytes = 64 << 20;
    bool accept_loss = false;
    bool strict = false;
    std::optional<uint64_t> skip;
};

struct LogWorld {
    Disk* disk = nullptr;
    Clock* clock = nullptr;
    Random* random = nullptr;
    uint64_t epoch = 0;
    bool was_clean = true;
    std::function<Executor*(const char* name, uint32_t threads, uint32_t tasks_max)> make_executor;
};

// What the status tells of it.
struct LogFigures {
    uint64_t commits = 0, bytes = 0;
};

class Log {
 public:
    using Visit = std::function<Status(const LogBatch&)>;

    virtual ~Log() = default;
    virtual Store& store() = 0;
    // Sentences about what the opening has found.
    virtual const std::vector<std::string>& found() const = 0;
    virtual LogFigures figures() const = 0;
    // Something that its threads have done is told.
    virtual void run_done() = 0;
};

// Blocks. Each batch of the log is visited, in order.
Result<std::unique_ptr<Log>> open_log(const LogOptions& options, const LogWorld& world,
                                      const Log::Visit& visit);

}  // namespace zbridge::durable
