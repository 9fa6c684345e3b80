// Reports as msgpack: what the admin calls carry.
#pragma once

#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "bridge/telemetry/report.h"

namespace zbridge::protocol {

std::string pack(const telemetry::Report& report);
// Limits: kDepthMax maps and lists in one another. Keys of maps are strings. Extensions are
// refused.
//         kItemsMax entries of one of them.
inline constexpr int kDepthMax = 32;
inline constexpr size_t kItemsMax = 1'000'000;
Result<telemetry::Report> unpack(std::string_view bytes);

}  // namespace zbridge::protocol
