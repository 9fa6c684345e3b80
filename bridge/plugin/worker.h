// The thread of an instance that may block: what it is given runs there, one at a time, in order.
#pragma once

#include <memory>

#include "bridge/base/executor.h"
#include "bridge/base/timers.h"
#include "bridge/plugin/instance.h"

namespace zbridge::plugin {

struct Worker {
    Worker(Instance& its_instance, std::unique_ptr<Executor> its_executor)
        : instance(its_instance), executor(std::move(its_executor)) {}

    Instance& instance;
    std::unique_ptr<Executor> executor;
    Pulse pulse;
};

// A pause that grows: after something has failed.
class Backoff {
 public:
    static constexpr Duration kLeast = std::chrono::milliseconds(10);
    static constexpr Duration kMost = std::chrono::seconds(10);

    Duration next() {
        const Duration now = pause_;
        pause_ = std::min(2 * pause_, kMost);
        return now;
    }
    void reset() { pause_ = kLeast; }

 private:
    Duration pause_ = kLeast;
};

}  // namespace zbridge::plugin
