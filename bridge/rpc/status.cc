#include "bridge/rpc/status.h"

#include <numeric>

#include "bridge/base/check.h"

namespace zbridge::rpc {

std::string_view name_of(LateReason reason) {
    static constexpr std::string_view kNames[] = {
#define ZB_X(id, name) name,
        ZB_LATE_REASONS(ZB_X)
#undef ZB_X
    };
    const auto index = static_cast<size_t>(reason);
    ZB_CHECK(index < kLateReasonCount, index);
    return kNames[index];
}

uint64_t LateCounts::total() const {
    return std::accumulate(counts_.begin(), counts_.end(), uint64_t{0});
}

}  // namespace zbridge::rpc
