// What drives the core: one thread that owns the socket, and a lock for those who call from outside.
//
// Flow:    a verb (any thread) -> enter(): the core, under the lock -> the thread: sends, receives,
//          keeps leases and heartbeats, makes callbacks
// Thread:  every public call may come from any thread. Callbacks are made in the client's own
//          thread, without the lock: they may call what does not wait; what waits throws WrongThread
//          there. A callback that throws ends the client.
// Failure: what goes wrong in the thread ends the client: all that wait are told Closed.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/core.hpp"
#include "link.hpp"

namespace zbridge::client {

class Engine {
 public:
    using Clock = std::chrono::steady_clock;
    using Deadline = std::optional<Clock::time_point>;  // none: for ever
    using Lock = std::unique_lock<std::mutex>;

    Engine(std::string address, const Options& options, Configure configure)
        : link_(std::move(address), std::move(configure)),
          core_(options, now_ms(), first_seq(options), std::random_device{}()),
          thread_([this] { drive(); }) {}
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine() { stop(); }

    static Deadline deadline_in(std::optional<milliseconds> timeout) {
        if (!timeout) return std::nullopt;
        return Clock::now() + *timeout;
    }

    // call(core, now in ms) with the lock; the thread is woken if something is due then.
    template <class Call>
    auto enter(Call call) {
        const Lock lock(mutex_);
        const Nudge nudge{*this};
        return call(core_, now_ms());
    }

    // Likewise for what is called often: the thread is woken only if is_due(core).
    template <class Call, class IsDue>
    auto enter(Call call, IsDue is_due) {
        const Lock lock(mutex_);
        const auto found = call(core_, now_ms());
        if (is_due(core_)) nudge();
        return found;
    }

    // Until call(core, now in ms) returns something that is true, which this returns; what is not,
    // when the deadline is over.
    template <class Call>
    auto enter_until(Deadline deadline, Call call) {
        Lock lock(mutex_);
        while (true) {
            auto found = [&] {
                const Nudge nudge{*this};
                return call(core_, now_ms());
            }();
            if (found || (deadline && Clock::now() >= *deadline)) return found;
            if (is_own_thread())
                throw WrongThread("no waiting in a callback: it runs in the client's own thread");
            wait(lock, deadline);
        }
    }

    // Those that wait look again: what they wait for may have been changed by another call.
    void stir() {
        const Lock lock(mutex_);
        changed_.notify_all();
    }

    // For callbacks that the core is to be given.
    core::Calls& calls() { return core_.calls; }

    bool is_own_thread() const { return std::this_thread::get_id() == own_.load(); }

    // Finishes what was begun, gives back what is held and says BYE; after the timeout it goes
    // without.
    void close(milliseconds timeout) {
        if (is_own_thread()) throw WrongThread("close: not in a callback");
        enter([this](core::Core& core, uint64_t now) {
            core.close(now);
            wake();
            changed_.notify_all();  // subscriptions have ended
        });
        enter_until(Clock::now() + timeout, [](core::Core& core, uint64_t) {
            return core.state() == core::Core::State::kFailed;
        });
        stop();
    }

 private:
    // Wakes the thread, when it goes out of scope, if it would sleep beyond what is due.
    struct Nudge {
        Engine& engine;
        ~Nudge() { engine.nudge(); }
    };

    static uint64_t now_ms() {
        return static_cast<uint64_t>(
            std::chrono::duration_cast<milliseconds>(Clock::now().time_since_epoch()).count());
    }
    static uint64_t first_seq(const Options& options) {
        options.check();
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        return options.first_seq.value_or(static_cast<uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
    }

    void nudge() {
        if (!sleeps_until_ms_) return;  // it looks at all of it before it does
        const auto due = core_.next_deadline();
        const bool ends = core_.state() == core::Core::State::kFailed;
        if (!ends && core_.calls.empty() && (!due || *due >= *sleeps_until_ms_)) return;
        wake();
    }
    void wake() {
        if (!sleeps_until_ms_) return;
        sleeps_until_ms_.reset();
        link_.wake();
    }

    // Until something has changed, or the deadline is there.
    void wait(Lock& lock, Deadline deadline) {
        waiting_++;
        if (deadline)
            changed_.wait_until(lock, *deadline);
        else
            changed_.wait(lock);
        waiting_--;
    }

    void stop() {
        enter([this](core::Core& core, uint64_t) {
            core.fail({"closed", "the client is closed"});
            changed_.notify_all();
        });
        std::call_once(joined_, [this] { thread_.join(); });
    }

    void drive();
    // What came, what is due, callbacks, what goes out, sleep; false: this was the last.
    bool turn(const std::vector<Came>& came, bool lost);
    void hear(const Came& came, uint64_t now);
    void break_down(const std::string& why);
    static void make_all(core::Calls& calls);  // whatever they throw

    std::mutex mutex_;
    std::condition_variable changed_;
    size_t waiting_ = 0;
    // Of the thread; none: it does not sleep.
    std::optional<uint64_t> sleeps_until_ms_;
    Link link_;
    core::Core core_;
    core::Calls due_calls_;  // the thread's own
    std::once_flag joined_;
    std::atomic<std::thread::id> own_;
    std::thread thread_;
};

inline void Engine::drive() {
    own_ = std::this_thread::get_id();
    try {
        std::vector<Came> came;
        bool lost = false;
        while (turn(came, lost)) {
            lost = link_.is_lost();
            came = link_.receive();
        }
        link_.follow(0);
    } catch (const std::exception& broken) {
        break_down(broken.what());
    }
}

inline bool Engine::turn(const std::vector<Came>& came, bool lost) {
    Lock lock(mutex_);
    const uint64_t now = now_ms();
    sleeps_until_ms_.reset();
    const auto before = core_.mark();
    for (const Came& each : came)
        hear(each, now);
    // What came before the end is looked at first.
    const bool has_all = came.size() < Link::kReceiveMessagesMax;
    if (lost && has_all && core_.link_number() == link_.number())
        core_.lost("the connection ended", now);
    core_.tick(now);
    std::vector<core::Said> output = core_.take_output(now);
    const uint64_t number = core_.link_number();
    const auto due = core_.sleep_until(now);
    core_.calls.swap(due_calls_);
    const bool ended = core_.state() == core::Core::State::kFailed && due_calls_.empty();
    const bool sleeps = !ended && due_calls_.empty();
    if (sleeps) sleeps_until_ms_ = due.value_or(core::Core::kNeverMs);
    if (waiting_ > 0 && core_.mark() != before) changed_.notify_all();
    lock.unlock();

    link_.follow(number);
    link_.send(std::move(output));
    due_calls_.make();
    if (sleeps) link_.sleep(!due ? -1 : *due > now ? static_cast<int64_t>(*due - now) : 0);
    return !ended;
}

inline void Engine::hear(const Came& came, uint64_t now) {
    if (core_.link_number() != link_.number()) return;  // over a connection of before
    if (came.nonsense) return core_.received_nonsense(now);
    core::Block block;
    if (came.block) block = {came.block, {came.block->data<char>(), came.block->size()}};
    core_.received({came.header.data<char>(), came.header.size()}, std::move(block), now);
}

// Nobody is to wait for ever.
inline void Engine::break_down(const std::string& why) {
    make_all(due_calls_);  // what stood behind the one that threw
    core::Calls last;
    {
        const Lock lock(mutex_);
        sleeps_until_ms_.reset();
        core_.fail({"closed", "the client's thread has failed: " + why});
        last.swap(core_.calls);
        changed_.notify_all();
    }
    make_all(last);
}

inline void Engine::make_all(core::Calls& calls) {
    while (true) {
        try {
            return calls.make();
        } catch (const std::exception&) {
            continue;  // the client has ended already
        }
    }
}

}  // namespace zbridge::client
