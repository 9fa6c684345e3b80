// What has happened lately, for whoever asks later: lines of the log, and what is too frequent to
// be one.
//
// Thread:  any. Lines are logged from every thread; adding one takes a lock for as long as it takes
//          to copy it.
// Promise: events are numbered in the order in which they came, from 1 on: who asks for those
//          behind a number is told whether some of them are gone.
// Limits:  kEventsMax of each level; the oldest of its level goes. So a storm of connections takes
//          no warning with it. Of a text, as much as the log shows.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "bridge/telemetry/report.h"

namespace zbridge::telemetry {

enum class Level : uint8_t;
struct Field;

class EventRing {
 public:
    static constexpr size_t kEventsMax = 500;
    static constexpr size_t kLevels = 6;

    void add(int64_t time_us, Level level, std::string_view module, std::string_view message,
             std::span<const Field> fields);

    struct Wanted {
        uint64_t after = 0;  // a number
        Level least{};       // the least important level
        size_t max = 100;    // the newest of them
    };
    // {"last": the newest number, "missing": some behind `after` are gone or beyond `max`, "events":
    // [...], the oldest first}
    Report told(const Wanted& wanted) const;

 private:
    struct Event {
        uint64_t number;
        Report report;
    };
    struct Lane {
        std::deque<Event> events;
        uint64_t dropped_up_to = 0;  // a number
    };

    mutable std::mutex mutex_;
    uint64_t last_ = 0;
    std::array<Lane, kLevels> lanes_;  // by level
};

}  // namespace zbridge::telemetry
