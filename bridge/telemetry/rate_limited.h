// One line a minute for each key, with the count of those that were held back: for what peers can
// cause at will.
//
// Thread:  one.
// Promise: the first line of a key is written at once. The count of those held back stands in the
//          key's next line as `suppressed`, or in a line of its own once its time is over: at the
//          next call of log() or tick(), or at the end.
// Limits:  keys_max keys are told apart; beyond that all others share one line a minute, so that
//          new keys make no flood.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "bridge/base/clock.h"
#include "bridge/telemetry/log.h"

namespace zbridge::telemetry {

class RateLimited {
 public:
    // `log` and `clock` outlive it.
    RateLimited(Log& log, const Clock& clock, Duration every = std::chrono::minutes(1),
                size_t keys_max = 1000)
        : log_(log), clock_(clock), every_(every), keys_max_(keys_max) {}
    ~RateLimited();
    RateLimited(const RateLimited&) = delete;
    RateLimited& operator=(const RateLimited&) = delete;

    // `key` says which lines are alike: "wrong_type tcp://10.0.0.7 packers REQ".
    void log(std::string_view key, Level level, std::string_view module, std::string_view message,
             Fields fields = {});
    // Tells what has been held back and is due. Call it now and then.
    void tick();

    size_t keys() const { return lines_.size(); }

 private:
    struct Line {
        Instant until;
        uint64_t suppressed = 0;
        Level level = Level::kInfo;
        std::string module, message;
    };

    void write(Line& line, Level level, std::string_view module, std::string_view message,
               Fields fields);
    void tell(const std::string& key, const Line& line);

    Log& log_;
    const Clock& clock_;
    const Duration every_;
    const size_t keys_max_;
    std::unordered_map<std::string, Line> lines_;  // found by key, never walked over
    std::deque<std::string> oldest_first_;         // its keys
    Line others_;                                  // of all keys beyond keys_max_
};

}  // namespace zbridge::telemetry
