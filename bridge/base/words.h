// Words of a frame that a peer writes by hand: ASCII, with blanks between them, in any case.
#pragma once

#include <algorithm>
#include <string_view>

namespace zbridge {

// Letters in either case are the same.
inline bool same_word(std::string_view a, std::string_view b) {
    const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return upper(x) == upper(y); });
}

// Takes words off the front of a text, which outlives it.
class Words {
 public:
    explicit Words(std::string_view text) : rest_(text) { skip_blanks(); }

    bool empty() const { return rest_.empty(); }
    std::string_view rest() const { return rest_; }
    std::string_view peek() const { return rest_.substr(0, rest_.find(' ')); }
    // Empty: there is none.
    std::string_view take() {
        const std::string_view word = peek();
        rest_.remove_prefix(word.size());
        skip_blanks();
        return word;
    }

 private:
    void skip_blanks() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    }

    std::string_view rest_;
};

}  // namespace zbridge
