// The text of a YAML file with its name: what findings point into.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zbridge::settings {

// Where something stands in the file. {0, 0}: the file as a whole.
struct Place {
    uint32_t line = 0, column = 0;  // from 1; a column is a character, not a byte

    auto operator<=>(const Place&) const = default;
};

class Source {
 public:
    // Limits: kBytesMax, checked by whoever reads the file or gives the text.
    static constexpr size_t kBytesMax = 1 << 20;

    Source(std::string name, std::string text);

    const std::string& name() const { return name_; }
    const std::string& text() const { return text_; }
    // Without its end; empty beyond the last. `number` counts from 1.
    std::string_view line(uint32_t number) const;
    // Of the first byte of a line.
    size_t offset_of(uint32_t line_number) const;
    // The column of a byte of a line; both count from 0, the result from 1.
    uint32_t column_of_byte(uint32_t line_number, size_t byte) const;
    // Of a byte of the text.
    Place place_of_byte(size_t byte) const;
    // The byte, from 0, at which a column of a line begins.
    size_t byte_of_column(uint32_t line_number, uint32_t column) const;

 private:
    std::string name_;
    std::string text_;
    std::vector<size_t> line_starts_;
};

}  // namespace zbridge::settings
