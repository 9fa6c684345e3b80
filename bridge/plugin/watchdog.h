// Looks from a thread of its own at who is inside a plugin, and for how long: names whoever does
// not come back.
//
// Promise: a call on the reactor that takes longer than Instance::kLongCall is counted with its
//          instance. One that takes longer than kNameAfter is named in the log, and again each time
//          its time has doubled: the bridge stands still meanwhile, and this line is all that can
//          be seen. A thread of an instance's own may take its time: named after kNameThreadAfter.
//          Load, create, start, drain, stop and destroy are named with their phase each
//          kNameLifeEvery that they take.
// Failure: none. Without plugins there is no such thread.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "bridge/plugin/instance.h"

namespace zbridge::plugin {

class Watchdog {
 public:
    static constexpr Duration kLookEvery = std::chrono::milliseconds(25);
    static constexpr Duration kNameAfter = std::chrono::seconds(1);         // on the reactor
    static constexpr Duration kNameThreadAfter = std::chrono::seconds(30);  // on its own thread

    static constexpr Duration kNameLifeEvery = std::chrono::seconds(2);
    static_assert(kNameLifeEvery % kLookEvery == Duration{});

    struct Watched {
        const Pulse* pulse = nullptr;
        bool reactor = false;  // else a thread of the instance's own, which may take its time
    };
    // Both outlive it.
    Watchdog(const LifeCalls& lives, telemetry::Log& log);
    // These, instead of those before; their pulses live until others are watched, or it ends.
    void watch(std::vector<Watched> watched);
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

 private:
    struct Seen {
        uint64_t calls = 0;
        Instance* inside = nullptr;
        Duration time{};       // inside this call, at least
        bool counted = false;  // as a long call
        Duration name_at{};
    };
    void run();
    void look(const Watched& watched, Seen& seen);
    void look_at_lives();
    void name(const LifeCalls::Call& call, Duration time);

    const LifeCalls& lives_;
    std::map<uint64_t, Duration> lives_seen_;  // by number: inside, at least
    telemetry::Log& log_;
    std::mutex mutex_;
    std::vector<Watched> watched_;  // under mutex_
    std::vector<Seen> seen_;        // likewise
    std::condition_variable ended_;
    bool end_ = false;
    std::thread thread_;
};

}  // namespace zbridge::plugin
