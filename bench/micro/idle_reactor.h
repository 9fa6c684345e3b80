// What stands in the bridge's place for code that needs executors: it waits for them.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "bridge/base/clock.h"
#include "bridge/base/executor.h"
#include "bridge/base/timers.h"

namespace zbridge::bench {

// A reactor that does nothing else.
class IdleReactor {
 public:
    std::unique_ptr<Executor> make(ExecutorOptions options) {
        return std::make_unique<ThreadExecutor>(std::move(options), [this] {
            const std::lock_guard lock(mutex_);
            woken_ = true;
            changed_.notify_one();
        });
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return woken_; });
        woken_ = false;
    }
    RealClock clock;
    Timers timers;

 private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
};

}  // namespace zbridge::bench
