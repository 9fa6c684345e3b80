// Sizes as the file has them: 20GiB.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace zbridge::durable {

inline std::string size_text(uint64_t bytes) {
    constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    while (bytes > 0 && bytes % 1024 == 0 && unit + 1 < kUnits.size()) {
        bytes /= 1024;
        unit++;
    }
    return std::to_string(bytes) + kUnits[unit];
}

}  // namespace zbridge::durable
