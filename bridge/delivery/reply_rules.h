// What a worker's reply makes of its message: `settle` of a route.
#pragma once

#include <string_view>
#include <vector>

#include "bridge/delivery/options.h"
#include "bridge/plugin/engine.h"

namespace zbridge::delivery {

inline constexpr size_t kReasonBytesMax = 256;  // of a settlement; the rest is cut off

// Without rules: an ack. With rules: as the first says that matches; none: a retry, for nobody has
// said that the work is done.
plugin::Verdict verdict_of(const std::vector<SettleRule>& rules, std::string_view first_frame);

// What a peer's bytes give as a reason: text, cut between characters; empty if it is none.
std::string_view reason_of(std::string_view bytes);

}  // namespace zbridge::delivery
