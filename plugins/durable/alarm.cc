#include "plugins/durable/alarm.h"

#include <algorithm>
#include <bit>

#include "bridge/base/check.h"

namespace zbridge::durable {

namespace {

Duration down_to_a_power_of_two(Duration time) {
    return Duration(static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(time.count()))));
}

}  // namespace

void Alarm::set(Instant at) {
    const Instant now = clock_.now();
    if (!out_.empty() && out_.back() <= std::max(at, now + kNear)) return;
    Duration in = std::clamp(at - now, Duration(0), kFar);
    if (!out_.empty() && in > kNear) in = std::max(kNear, down_to_a_power_of_two(in));
    if (!wake_in_(in)) return;
    out_.push_back(now + in);
    ZB_CHECK(out_.size() <= kTimersMax, out_.size());
}

}  // namespace zbridge::durable
