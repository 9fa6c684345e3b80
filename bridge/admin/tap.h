// One tap: a sample of what passes where somebody looks, kept until it is asked for.
//
// Flow:    Passing -> [offer: looked at, copied] -> take() -> the command line
// Promise: nothing that passes waits for it, or is changed by it. What is not shown is counted:
//          missed().
// Limits:  kMessagesMax messages and kBytesMax of their bytes wait to be taken; with a filter
//          kLooksMax messages and kLookBytesMax are looked at in each kLooksEvery. What is beyond is
//          missed. Of a message kFramesMax frames are kept, and kFrameBytesMax of each; its attributes,
//          if they are kAttributeBytesMax at most.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bridge/admin/tap_filter.h"
#include "bridge/base/clock.h"
#include "bridge/telemetry/report.h"

namespace zbridge::admin {

class Tap {
 public:
    static constexpr size_t kMessagesMax = 256;
    static constexpr size_t kBytesMax = 1 << 20;
    static constexpr size_t kFramesMax = 32;
    static constexpr size_t kFrameBytesMax = 4096;
    static constexpr size_t kAttributeBytesMax = 16 << 10;
    static constexpr Duration kLooksEvery = std::chrono::milliseconds(100);
    static constexpr size_t kLooksMax = 1000;
    static constexpr size_t kLookBytesMax = 2 << 20;

    // No filter: every message.
    explicit Tap(std::optional<TapFilter> filter) : filter_(std::move(filter)) {}

    struct Time {
        Instant now;
        int64_t wall_us = 0;
    };
    // `at`: the place, as users name it.
    void offer(const Passing& passing, std::string_view at, Time time);
    // So many more have passed that were not even offered.
    void miss(uint64_t messages) { missed_ += messages; }

    bool empty() const { return kept_.items().empty() && missed_ == 0; }
    bool full() const { return kept_.items().size() >= kMessagesMax || bytes_ >= kBytesMax; }

    // {messages: [...], missed: since the last time}
    telemetry::Report take();

 private:
    bool may_look(Instant now, size_t bytes);
    void keep(const Passing& passing, const Message& message, std::string_view at, int64_t wall_us);

    std::optional<TapFilter> filter_;
    telemetry::Report kept_ = telemetry::Report::list();
    size_t bytes_ = 0;
    uint64_t missed_ = 0;
    // Of the time from looks_since_ on.
    Instant looks_since_{};
    size_t looks_ = 0, look_bytes_ = 0;
};

}  // namespace zbridge::admin
