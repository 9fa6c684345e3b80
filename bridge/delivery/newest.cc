#include "bridge/delivery/newest.h"

#include <algorithm>

namespace zbridge::delivery {

void Newest::add(std::string_view first_frame, uint64_t offset) {
    const auto known = offsets_.find(first_frame);
    if (known != offsets_.end()) {
        known->second = offset;
    } else if (offsets_.size() < kFramesMax && first_frame.size() <= kFrameBytesMax) {
        offsets_.emplace(first_frame, offset);
    } else {
        not_remembered_++;
    }
}

std::vector<uint64_t> Newest::of(std::string_view prefix, uint64_t below) const {
    std::vector<uint64_t> offsets;
    for (auto at = offsets_.lower_bound(prefix);
         at != offsets_.end() && at->first.starts_with(prefix); ++at) {
        if (at->second < below) offsets.push_back(at->second);
    }
    std::sort(offsets.begin(), offsets.end());
    return offsets;
}

}  // namespace zbridge::delivery
