#include "bridge/settings/scalar_place.h"

#include <algorithm>

namespace zbridge::settings {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_blank(char c) {
    return kBlanks.find(c) != std::string_view::npos;
}

// Reads a scalar in the file beside its value.
class Walk {
 public:
    Walk(std::string_view text, size_t at) : text_(text), at_(std::min(at, text.size())) {
        const char first = at_ < text_.size() ? text_[at_] : ' ';
        if (first == '\'' || first == '"') {
            quote_ = first;
            at_++;
        } else if (first == '|' || first == '>') {
            at_ = std::min(text_.find('\n', at_), text_.size());
            skip_line_end();
        }
    }

    size_t at() const { return at_; }

    // False: the file has something else here.
    bool take(char c) {
        if (is_blank(c) && skip_line_end()) return true;
        if (at_ >= text_.size()) return false;
        const bool escape =
            quote_ == '\'' ? text_[at_] == '\'' : quote_ == '"' && text_[at_] == '\\';
        if (escape) at_++;
        if (at_ >= text_.size() || text_[at_] != c) return false;
        if (escape && c != quote_ && c != '\\') return false;  // \n and its like
        at_++;
        return true;
    }

    // The end of a line with the next one's indentation, which YAML reads as one character. False:
    // none is here.
    bool skip_line_end() {
        const size_t end = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
        const auto blanks = text_.substr(at_, end - at_);
        if (blanks.find('\n') == std::string_view::npos) return false;
        at_ = end;
        return true;
    }

 private:
    std::string_view text_;
    size_t at_;
    char quote_ = 0;
};

}  // namespace

std::optional<Place> place_in_scalar(const Source& source, Place scalar, std::string_view value,
                                     size_t byte) {
    // What is missing at the end is missing behind the last word.
    const size_t last = value.find_last_not_of(kBlanks);
    byte = std::min(byte, last == std::string_view::npos ? 0 : last + 1);
    Walk walk(source.text(),
              source.offset_of(scalar.line) + source.byte_of_column(scalar.line, scalar.column));
    for (const char c : value.substr(0, byte)) {
        if (!walk.take(c)) return std::nullopt;
    }
    return source.place_of_byte(walk.at());
}

}  // namespace zbridge::settings
