#include "bridge/settings/source.h"

#include <algorithm>

#include "bridge/base/utf8.h"

namespace zbridge::settings {

Source::Source(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)) {
    line_starts_.push_back(0);
    for (size_t i = 0; i < text_.size(); i++) {
        if (text_[i] == '\n') line_starts_.push_back(i + 1);
    }
}

std::string_view Source::line(uint32_t number) const {
    if (number == 0 || number > line_starts_.size()) return {};
    const size_t start = line_starts_[number - 1];
    const size_t end = number < line_starts_.size() ? line_starts_[number] - 1 : text_.size();
    auto line = std::string_view(text_).substr(start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

size_t Source::offset_of(uint32_t line_number) const {
    const bool known = line_number > 0 && line_number <= line_starts_.size();
    return known ? line_starts_[line_number - 1] : text_.size();
}

uint32_t Source::column_of_byte(uint32_t line_number, size_t byte) const {
    const auto before = line(line_number).substr(0, byte);
    return static_cast<uint32_t>(std::count_if(before.begin(), before.end(), begins_character)) + 1;
}

Place Source::place_of_byte(size_t byte) const {
    const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), byte);
    const auto number = static_cast<uint32_t>(next - line_starts_.begin());
    return {number, column_of_byte(number, byte - offset_of(number))};
}

size_t Source::byte_of_column(uint32_t line_number, uint32_t column) const {
    const auto text = line(line_number);
    size_t byte = 0;
    for (uint32_t at = 1; byte < text.size(); byte++) {
        if (begins_character(text[byte]) && at++ == column) break;
    }
    return byte;
}

}  // namespace zbridge::settings
