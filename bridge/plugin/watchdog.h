// Looks from a thread of its own at who is inside a plugin, and for how long: names whoever does
// not come back.
//
// Promise: a call on the reactor that takes longer than Instance::kLongCall is counted with its
//          instance. One that takes longer than kNameAfter is named in the log, and again each time
//          its time has doubled: the bridge stands still meanwhile, and this line is all that can
//          be seen. A thread of an instance's own may take its time: named after kNameThreadAfter.
// Failure: none. Without plugins there is no such thread.
#pragma once

#include <condition_variable>
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

    struct Watched {
        const Pulse* pulse = nullptr;
        bool reactor = false;  // else a thread of the instance's own, which may take its time
    };
    // Both outlive it.
    Watchdog(std::vector<Watched> watched, telemetry::Log& log);
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

    std::vector<Watched> watched_;
    std::vector<Seen> seen_;
    telemetry::Log& log_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool end_ = false;
    std::thread thread_;
};

}  // namespace zbridge::plugin
