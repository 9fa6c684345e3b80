// UTF-8 (RFC 3629: no surrogates, nothing longer than needed).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace zbridge {

// The bytes of the character at the start of `text`; 0 if there is none, or it is not well formed.
size_t utf8_bytes(std::string_view text);

// In well-formed text: not a byte that continues a character.
inline bool begins_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

// The beginning of `text`, of at most `bytes_max` bytes: where it must be cut, no character is.
inline std::string_view cut_at_character(std::string_view text, size_t bytes_max) {
    if (text.size() <= bytes_max) return text;
    size_t end = bytes_max;
    while (end > 0 && bytes_max - end < 3 && !begins_character(text[end]))
        end--;
    // No character has three such bytes and more before it: it is no UTF-8.
    return text.substr(0, begins_character(text[end]) ? end : bytes_max);
}

// The first byte that is not part of a well-formed character.
std::optional<size_t> first_not_utf8(std::string_view text);

// The first of the C0 characters, DEL included, that is neither a tab nor the end of a line.
std::optional<size_t> first_control_character(std::string_view text);

}  // namespace zbridge
