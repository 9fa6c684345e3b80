// A number as the widest type of its kind: what fields of the log and values of reports hold.
#pragma once

#include <cstdint>
#include <type_traits>

namespace zbridge::telemetry {

template <class T>
constexpr auto widened(T value) {
    static_assert(std::is_arithmetic_v<T>);
    if constexpr (std::is_same_v<T, bool>)
        return value;
    else if constexpr (std::is_floating_point_v<T>)
        return double{value};
    else if constexpr (std::is_signed_v<T>)
        return int64_t{value};
    else
        return uint64_t{value};
}

}  // namespace zbridge::telemetry
