// Turns what is counted and not logged into events: requests that ended without a reply, messages
// that were dropped or refused, plugins whose health changes.
//
// Thread:  the reactor thread.
// Promise: what is new is told within kLookEvery; then, of the same thing, its sum once in
//          kTellEvery, so that a busy bridge does not push out everything else.
#pragma once

#include <map>
#include <string>

#include "bridge/app/bridge.h"
#include "bridge/telemetry/event_ring.h"
#include "bridge/telemetry/log.h"

namespace zbridge::app {

class LossWatch {
 public:
    static constexpr Duration kLookEvery = std::chrono::seconds(1);
    static constexpr Duration kTellEvery = std::chrono::minutes(1);

    // All outlive it. Looks for the first time in kLookEvery.
    LossWatch(Bridge& bridge, const Clock& clock, telemetry::EventRing& events);
    void look();

 private:
    // What it is about: the module that counts it, and where.
    struct Place {
        const char* module;
        const char* kind;  // "service"
        const std::string& name;
    };
    struct Told {
        uint64_t count = 0;
        Instant next{};
    };

    void look_at_services();
    void look_at_sources();
    void look_at_targets();
    void look_at_plugins();
    void tell_refusals(const Place& place, const char* message, const RefusalCounts& counts);
    void tell(const Place& place, const char* message, std::string_view why, uint64_t count);

    Bridge& bridge_;
    const Clock& clock_;
    telemetry::EventRing& events_;
    std::map<std::string, Told, std::less<>> told_;            // by place, message and reason
    std::map<std::string, std::string, std::less<>> trouble_;  // of plugins
    Timer timer_;
};

}  // namespace zbridge::app
