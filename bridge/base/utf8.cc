#include "bridge/base/utf8.h"

#include <cstdint>

namespace zbridge {

size_t utf8_bytes(std::string_view text) {
    if (text.empty()) return 0;
    const auto byte = [&](size_t i) {
        return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
    };
    const auto follows = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
    const uint8_t first = byte(0);
    if (first < 0x80) return 1;
    if (first < 0xc2) return 0;
    if (first < 0xe0) return follows(1) ? 2 : 0;
    if (first < 0xf0) {
        if (first == 0xe0 && byte(1) < 0xa0) return 0;   // could have been shorter
        if (first == 0xed && byte(1) >= 0xa0) return 0;  // a surrogate
        return follows(1) && follows(2) ? 3 : 0;
    }
    if (first > 0xf4 || (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) >= 0x90))
        return 0;
    return follows(1) && follows(2) && follows(3) ? 4 : 0;
}

std::optional<size_t> first_not_utf8(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        const size_t bytes = utf8_bytes(text.substr(at, 4));
        if (bytes == 0) return at;
        at += bytes;
    }
    return std::nullopt;
}

std::optional<size_t> first_control_character(std::string_view text) {
    for (size_t at = 0; at < text.size(); at++) {
        const auto c = static_cast<unsigned char>(text[at]);
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return at;
    }
    return std::nullopt;
}

}  // namespace zbridge
