// What a route knows of a message beside its frames.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace zbridge {

// Of a property: SQL filters compare these. An integer stays one as long as it fits.
using Value = std::variant<bool, int64_t, double, std::string>;

inline constexpr uint8_t kPriorityMax = 9;

struct Attributes {
    std::optional<std::string> id;
    std::vector<std::string> keys;
    std::optional<std::string> order_key;
    std::optional<std::string> tag;
    std::optional<int64_t> deliver_at_ms;  // since 1970
    std::vector<std::pair<std::string, Value>> properties;
    bool once = false;                // refused where a second one of this id would be stored
    std::optional<uint8_t> priority;  // 0 to kPriorityMax; none: 0
};

}  // namespace zbridge
