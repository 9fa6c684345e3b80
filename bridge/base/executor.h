// The Executor seam: work that may block runs on a helper thread, and its answer comes back to the
// reactor's.
//
// Flow:    reactor: submit(work, done) -> helper thread: work() -> reactor: run_done() calls done()
// Thread:  submit() and run_done() on the reactor thread; work() elsewhere; done() on the reactor
//          thread. What both need they share: work() writes it, done() reads it, never at once.
// Promise: of what one thread executes, work runs, and done is called, in the order of submit().
//          Every accepted work runs, also when the executor ends; its done does not, then.
// Limits:  ExecutorOptions::tasks_max works are accepted and not yet done; beyond that submit()
//          refuses. So an answer always has its place. A helper thread looks for its next work for
//          kLookMax at most before it sleeps, where the one before hurried and came soon enough.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bridge/base/clock.h"
#include "bridge/base/random.h"

namespace zbridge {

struct ExecutorOptions {
    std::string name = "helper";  // of its threads, for people: at most 15 bytes
    uint32_t threads = 1;
    uint32_t tasks_max = 256;
};

class Executor {
 public:
    using Work = std::function<void()>;
    using Done = std::function<void()>;

    virtual ~Executor() = default;
    // False: full. Nothing is kept then.
    [[nodiscard]] virtual bool submit(Work work, Done done) = 0;
    // Calls the done of each work that has ended since; those that end meanwhile wait for the next
    // call. Returns how many.
    virtual size_t run_done() = 0;
    // Waits until all has run, and is done, also what a done() submits. Blocks: for the end.
    virtual void finish() = 0;
    // Accepted and not yet done.
    virtual size_t tasks() const = 0;

    // A hint: the work that was submitted last is over within `most`, and somebody waits for it. So
    // who has the reactor may look for it so long instead of sleeping, and the helper thread for the
    // next one, which often follows: two wakes of a thread take as long as a fast disk.
    virtual void hurry(Duration most) { (void)most; }
    // What is left of that; 0 once a done() was called.
    virtual Duration hurries() const { return {}; }
};

// Real threads. They start with the first submit(): an executor that is not used costs nothing.
class ThreadExecutor final : public Executor {
 public:
    // Longer than a quick client takes to answer a receipt: one that is missed costs a wake, which
    // makes the next one late too.
    static constexpr Duration kLookMax = std::chrono::microseconds(300);

    // `wake` ends the reactor's wait, so that it calls run_done(); it is called on the helper
    // threads.
    ThreadExecutor(ExecutorOptions options, std::function<void()> wake);
    // Waits until what was accepted has run.
    ~ThreadExecutor() override;
    ThreadExecutor(const ThreadExecutor&) = delete;
    ThreadExecutor& operator=(const ThreadExecutor&) = delete;

    bool submit(Work work, Done done) override;
    size_t run_done() override;
    void finish() override;
    size_t tasks() const override { return tasks_; }
    void hurry(Duration most) override;
    Duration hurries() const override;

 private:
    struct Shared;
    void start();

    ExecutorOptions options_;
    std::unique_ptr<Shared> shared_;
    size_t tasks_ = 0;
    RealClock clock_;
    std::optional<Instant> hurries_until_;
};

// On the caller's thread, in an order that the Random decides, as far as `threads` real threads
// could run them so.
class SimExecutor final : public Executor {
 public:
    // `random` outlives it.
    SimExecutor(ExecutorOptions options, Random& random)
        : options_(std::move(options)), random_(random) {}
    ~SimExecutor() override;

    bool submit(Work work, Done done) override;
    size_t run_done() override;
    void finish() override { run_all(); }
    size_t tasks() const override { return waiting_.size() + ended_.size(); }

    // Runs one work, if one waits. False: none did.
    bool step();
    // Runs none, some or all that wait, by chance. Called by the simulated world each turn.
    void run_some();
    // Runs and finishes all, also what that submits.
    void run_all();

 private:
    struct Task {
        Work work;
        Done done;
    };

    ExecutorOptions options_;
    Random& random_;
    std::deque<Task> waiting_;
    std::deque<Task> ended_;
};

}  // namespace zbridge
