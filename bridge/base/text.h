// Text that is compared as protocols and people do.
#pragma once

#include <algorithm>
#include <string_view>

namespace zbridge {

// The same but for upper and lower case of ASCII letters; of no locale.
inline bool same_letters(std::string_view a, std::string_view b) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace zbridge
