// What an instance does wrong while the bridge runs, in the log: with its name and its place in the
// file.
//
// Thread:  any.
// Limits:  each kind at once, and then no more than once in kAgainAfter, with how often it has
//          been by then: a step can fail for every message.
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <string_view>

#include "bridge/base/clock.h"
#include "bridge/telemetry/log.h"

namespace zbridge::plugin {

class Remarks {
 public:
    static constexpr Duration kAgainAfter = std::chrono::seconds(10);

    enum class Kind : uint8_t { kFailed, kEmittedTooMany, kKeptTooMany, kCount };

    // `log` none: nothing is said. Both outlive it.
    struct Of {
        std::string title;     // "mask-cards (mask 1.0.0, ./libmask.so)"
        std::string instance;  // "mask-cards"
        std::string place;     // "shop.yaml:12:3"
    };
    Remarks(Of of, telemetry::Log* log, const Clock* clock)
        : of_(std::move(of)), log_(log), clock_(clock) {}

    // "has failed: it threw": "plugin mask-cards (...) has failed: it threw".
    void say(Kind kind, std::string_view what);

 private:
    struct Said {
        std::atomic<uint64_t> times{0};
        std::atomic<int64_t> again_ns{INT64_MIN};  // not before
    };

    const Of of_;
    telemetry::Log* const log_;
    const Clock* const clock_;
    std::array<Said, static_cast<size_t>(Kind::kCount)> said_;
};

}  // namespace zbridge::plugin
