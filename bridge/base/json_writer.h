// Writes JSON (RFC 8259) text: indented for people, or on one line.
//
// REQUIRES: a key before each value of a map, and texts in UTF-8; bytes that are not become U+FFFD.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zbridge {

class JsonWriter {
 public:
    enum class Style : uint8_t { kIndented, kOneLine };
    explicit JsonWriter(Style style = Style::kIndented) : style_(style) {}

    JsonWriter& begin_map() { return open('{'); }
    JsonWriter& end_map() { return close('}'); }
    JsonWriter& begin_list() { return open('['); }
    JsonWriter& end_list() { return close(']'); }
    JsonWriter& key(std::string_view name);
    JsonWriter& text(std::string_view value);
    JsonWriter& number(uint64_t value) { return raw(std::to_string(value)); }
    JsonWriter& flag(bool value) { return raw(value ? "true" : "false"); }
    JsonWriter& null() { return raw("null"); }

    // A key and its value.
    JsonWriter& text(std::string_view name, std::string_view value) {
        return key(name).text(value);
    }
    JsonWriter& number(std::string_view name, uint64_t value) { return key(name).number(value); }
    JsonWriter& flag(std::string_view name, bool value) { return key(name).flag(value); }

    // REQUIRES: everything is closed.
    std::string take() { return std::move(out_); }

 private:
    JsonWriter& open(char bracket);
    JsonWriter& close(char bracket);
    JsonWriter& raw(std::string_view value);
    void begin_value();
    void new_line();
    void write_quoted(std::string_view text);

    Style style_;
    std::string out_;
    std::vector<bool> has_values_;  // of each map and list that is open
    bool after_key_ = false;
};

}  // namespace zbridge
