// A part of sorted times: 0.5 is the median.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace zbridge::bench {

inline double percentile_us(const std::vector<uint32_t>& sorted_ns, double part) {
    if (sorted_ns.empty()) return 0;
    const auto at = static_cast<size_t>(part * static_cast<double>(sorted_ns.size() - 1));
    return sorted_ns[at] / 1e3;
}

}  // namespace zbridge::bench
