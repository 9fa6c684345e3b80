// Bytes as a test writes them: "02 00 | ff".
#pragma once

#include <string>
#include <string_view>

namespace zbridge::durable {

inline std::string bytes_of(std::string_view hex) {
    std::string bytes;
    int digits = 0, value = 0;
    for (const char c : hex) {
        if (c == ' ' || c == '|') continue;
        value = value * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
        if (++digits % 2 == 0) {
            bytes += static_cast<char>(value);
            value = 0;
        }
    }
    return bytes;
}

}  // namespace zbridge::durable
