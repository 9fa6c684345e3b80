#include "plugins/durable/journal/journal_stats.h"

#include <algorithm>

namespace zbridge::durable {

void Times::add(Duration time) {
    count++;
    sum += time;
    longest = std::max(longest, time);
    const int64_t us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    const auto at = std::upper_bound(kEndsUs.begin(), kEndsUs.end(), us);
    classes[static_cast<size_t>(at - kEndsUs.begin())]++;
}

}  // namespace zbridge::durable
