#include "bridge/model/refusal.h"

#include <numeric>

#include "bridge/base/check.h"

namespace zbridge {

namespace {

struct Row {
    std::string_view name;
    std::string_view meaning;
};

constexpr Row kRows[] = {
#define ZB_X(id, name, text) {name, text},
    ZB_REFUSALS(ZB_X)
#undef ZB_X
};

const Row& row(Refusal refusal) {
    const auto index = static_cast<size_t>(refusal);
    ZB_CHECK(index < kRefusalCount, index);
    return kRows[index];
}

}  // namespace

std::string_view name_of(Refusal refusal) {
    return row(refusal).name;
}
std::string_view meaning_of(Refusal refusal) {
    return row(refusal).meaning;
}

uint64_t RefusalCounts::total() const {
    return std::accumulate(counts_.begin(), counts_.end(), uint64_t{0});
}

}  // namespace zbridge
