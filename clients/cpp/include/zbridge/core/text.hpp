// Texts that go over the wire are UTF-8: one that is not is malformed, and costs the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace zbridge::client::core {

// How many octets the character at the beginning has (RFC 3629); 0: it is none.
inline size_t character_size(std::string_view text) {
    const auto octet = [text](size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned first = octet(0);
    const size_t size = first < 0x80   ? 1
                        : first < 0xc2 ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf5 ? 4
                                       : 0;
    if (size > text.size()) return 0;
    for (size_t at = 1; at < size; at++)
        if ((octet(at) & 0xc0) != 0x80) return 0;
    if (size < 3) return size;
    const unsigned second = octet(1);
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    return overlong || beyond ? 0 : size;
}

inline bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const size_t size = character_size(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

// For people: what is no UTF-8 becomes `?`, and what is above so many octets is cut off.
inline std::string readable(std::string_view text, size_t octets_max) {
    std::string found;
    while (!text.empty()) {
        const size_t size = character_size(text);
        if (found.size() + (size == 0 ? 1 : size) > octets_max) break;
        if (size == 0)
            found += '?';
        else
            found += text.substr(0, size);
        text.remove_prefix(size == 0 ? 1 : size);
    }
    return found;
}

}  // namespace zbridge::client::core
