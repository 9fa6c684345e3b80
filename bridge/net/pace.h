// How fast one peer may send: so many messages a second, and `burst` at once after a pause.
#pragma once

#include <algorithm>
#include <cstdint>

#include "bridge/base/clock.h"

namespace zbridge::net {

class Pace {
 public:
    // Both 1 or more.
    Pace(uint32_t messages_a_second, uint32_t burst)
        : interval_(Duration(std::chrono::seconds(1)) / messages_a_second),
          slack_(interval_ * (burst - 1)) {}

    // Another message may be taken.
    bool allows(Instant now) const { return again_at() <= now; }
    void took_one(Instant now) { next_ = std::max(next_, now) + interval_; }
    // From then on it does.
    Instant again_at() const { return next_ - slack_; }

 private:
    Duration interval_, slack_;
    Instant next_{};  // when the next one would be due if they came evenly
};

}  // namespace zbridge::net
