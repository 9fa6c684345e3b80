// Asks a bridge for its status on a thread of its own, again and again: whoever looks at the screen
// does not wait for an answer.
//
// Limits:  one question at a time; kAnswerTime for its answer.
#pragma once

#include <future>
#include <optional>
#include <string>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"
#include "bridge/settings/environment.h"
#include "bridge/telemetry/report.h"

namespace zbridge::cli::top {

class Asker {
 public:
    static constexpr Duration kEvery = std::chrono::seconds(1);
    static constexpr Duration kAnswerTime = std::chrono::seconds(2);

    Asker(std::string at, settings::Environment environment, const Clock& clock);
    // Waits for the answer that is under way.
    ~Asker() = default;

    // Asks if it is time to. `peers`: with a row for each.
    void go_on(bool peers);
    void ask_soon() { due_ = {}; }

    struct Answer {
        Result<telemetry::Report> status;
        bool peers = false;
        Instant at;  // when it came
        int exit = 0;
    };
    // What has come since the last time.
    std::optional<Answer> take();
    // Waits for it. REQUIRES: go_on() has asked.
    Answer wait();

 private:
    std::string at_;
    settings::Environment environment_;
    const Clock& clock_;
    Instant due_{};
    std::future<Answer> answer_;
};

}  // namespace zbridge::cli::top
