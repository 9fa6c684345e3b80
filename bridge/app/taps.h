// The taps of this bridge: who looks at what passes, from outside.
//
// Calls:   tap {ref, where?} -> {tap: number, places: [...]}
//          tap next {tap} -> {messages, missed}: as soon as there are any, or after kWaitMax none
//          tap end {tap}
// Topics:  what is stored in one is read from behind its head when `tap next` asks.
// Limits:  kTapsMax at a time (busy); one that nobody asks for kIdleMax is ended. Of a topic at
//          most kReadMessages are read each kReadEvery: what is further behind is missed.
// Thread:  the reactor.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/admin/admin.h"
#include "bridge/admin/tap.h"
#include "bridge/app/bridge.h"
#include "bridge/app/tap_places.h"
#include "bridge/base/timers.h"

namespace zbridge::app {

class Taps {
 public:
    static constexpr size_t kTapsMax = 16;
    static constexpr Duration kIdleMax = std::chrono::seconds(10);
    static constexpr Duration kWaitMax = std::chrono::seconds(1);
    static constexpr Duration kGather =
        std::chrono::milliseconds(50);  // what follows the first one
    static constexpr Duration kReadEvery = std::chrono::milliseconds(50);
    static constexpr uint64_t kReadMessages = admin::Tap::kMessagesMax;

    // Both outlive it.
    Taps(Bridge& bridge, const Clock& clock);
    ~Taps();

    void serve(admin::Admin& admin);

    Result<telemetry::Report> begin(const telemetry::Report& args);
    void next(const telemetry::Report& args, admin::Admin::Tell tell);
    Result<telemetry::Report> end(const telemetry::Report& args);

 private:
    class Open;
    class Place;

    Open* find(const telemetry::Report& args) const;
    void remove(uint64_t number);
    void on_sweep();

    Bridge& bridge_;
    const Clock& clock_;
    std::map<std::string, std::unique_ptr<Place>> places_;  // that somebody looks at
    std::map<uint64_t, std::shared_ptr<Open>> open_;
    uint64_t next_number_ = 1;
    Timer sweep_;
};

}  // namespace zbridge::app
