#include "bridge/base/executor.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "bridge/base/check.h"

namespace zbridge {

namespace {

struct Task {
    Executor::Work work;
    Executor::Done done;
};

}  // namespace

// The two mailboxes. tasks_max bounds both together.
struct ThreadExecutor::Shared {
    explicit Shared(std::function<void()> wake_reactor) : wake(std::move(wake_reactor)) {}

    void serve() {
        std::unique_lock lock(mutex);
        while (true) {
            if (waiting.empty() && !ending && hurried) look_for_work(lock);
            changed.wait(lock, [&] { return ending || !waiting.empty(); });
            if (waiting.empty()) return;
            Task task = std::move(waiting.front());
            waiting.pop_front();
            arrived--;
            lock.unlock();
            task.work();
            task.work = nullptr;  // what it holds goes here, not on the reactor thread
            lock.lock();
            ended.push_back(std::move(task));
            last_end = clock.now();
            if (finishing) changed.notify_all();
            // One wake is enough until run_done() has looked.
            const bool first = ended.size() == 1;
            if (!first) continue;
            lock.unlock();
            wake();
            lock.lock();
        }
    }

    // For a moment, without the lock and without sleeping.
    void look_for_work(std::unique_lock<std::mutex>& lock) {
        lock.unlock();
        const Instant until = clock.now() + kLookMax;
        while (arrived == 0 && clock.now() < until) {
        }
        lock.lock();
    }

    const RealClock clock;
    std::mutex mutex;
    std::condition_variable changed;
    std::atomic<size_t> arrived = 0;  // works in `waiting`
    std::deque<Task> waiting;
    std::vector<Task> ended;
    Instant last_end{};
    bool soon = false;     // the work that came last did soon behind the end of the one before
    bool hurried = false;  // and it hurries: so may the next one
    bool ending = false;
    bool finishing = false;  // the reactor waits in finish()
    std::function<void()> wake;
    std::vector<std::thread> threads;
};

ThreadExecutor::ThreadExecutor(ExecutorOptions options, std::function<void()> wake)
    : options_(std::move(options)), shared_(std::make_unique<Shared>(std::move(wake))) {
    ZB_CHECK(options_.threads > 0 && options_.tasks_max > 0);
}

ThreadExecutor::~ThreadExecutor() {
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->ending = true;
    }
    shared_->changed.notify_all();
    for (auto& thread : shared_->threads)
        thread.join();
}

void ThreadExecutor::start() {
    for (uint32_t i = 0; i < options_.threads; i++) {
        shared_->threads.emplace_back([this] { shared_->serve(); });
        (void)pthread_setname_np(shared_->threads.back().native_handle(),
                                 options_.name.substr(0, 15).c_str());
    }
}

bool ThreadExecutor::submit(Work work, Done done) {
    if (tasks_ == options_.tasks_max) return false;
    if (shared_->threads.empty()) start();
    tasks_++;
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->waiting.push_back({std::move(work), std::move(done)});
        shared_->arrived++;
        shared_->soon = clock_.now() - shared_->last_end < 2 * kLookMax;
        shared_->hurried = false;
    }
    shared_->changed.notify_one();
    return true;
}

void ThreadExecutor::hurry(Duration most) {
    // One processor alone has others to run meanwhile.
    if (std::thread::hardware_concurrency() == 1) return;
    hurries_until_ = clock_.now() + most;
    const std::lock_guard lock(shared_->mutex);
    shared_->hurried = shared_->soon;
}

Duration ThreadExecutor::hurries() const {
    if (!hurries_until_) return {};
    return std::max(*hurries_until_ - clock_.now(), Duration{});
}

size_t ThreadExecutor::run_done() {
    std::vector<Task> ended;
    {
        const std::lock_guard lock(shared_->mutex);
        ended.swap(shared_->ended);
    }
    if (!ended.empty()) hurries_until_.reset();
    for (Task& task : ended) {
        tasks_--;  // before done(), which may submit again
        if (task.done) task.done();
    }
    return ended.size();
}

void ThreadExecutor::finish() {
    while (tasks_ > 0) {
        {
            std::unique_lock lock(shared_->mutex);
            shared_->finishing = true;
            shared_->changed.wait(lock, [&] { return !shared_->ended.empty(); });
            shared_->finishing = false;
        }
        run_done();
    }
}

SimExecutor::~SimExecutor() {
    while (step()) {
    }
}

bool SimExecutor::submit(Work work, Done done) {
    if (tasks() == options_.tasks_max) return false;
    waiting_.push_back({std::move(work), std::move(done)});
    return true;
}

bool SimExecutor::step() {
    if (waiting_.empty()) return false;
    const size_t running = std::min<size_t>(waiting_.size(), options_.threads);
    const auto chosen = waiting_.begin() + static_cast<ptrdiff_t>(random_.below(running));
    Task task = std::move(*chosen);
    waiting_.erase(chosen);
    task.work();
    task.work = nullptr;
    ended_.push_back(std::move(task));
    return true;
}

void SimExecutor::run_some() {
    for (uint64_t steps = random_.below(waiting_.size() + 1); steps > 0; steps--)
        step();
}

void SimExecutor::run_all() {
    while (tasks() > 0) {
        while (step()) {
        }
        run_done();
    }
}

size_t SimExecutor::run_done() {
    std::deque<Task> ended;
    ended.swap(ended_);
    const size_t count = ended.size();
    for (Task& task : ended) {
        if (task.done) task.done();
    }
    return count;
}

}  // namespace zbridge
