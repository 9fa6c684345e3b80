// Writes JSON (RFC 8259) text: indented for people, or on one line.
//
// Texts:   what is no UTF-8 of them is written as the text \xNN.
// REQUIRES: a key before each value of a map.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
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
    // A number that is none, or infinite, is null.
    template <class Number>
    JsonWriter& number(Number value) {
        if constexpr (std::is_floating_point_v<Number>)
            return real(value);
        else
            return raw(std::to_string(value));
    }
    JsonWriter& flag(bool value) { return raw(value ? "true" : "false"); }
    JsonWriter& null() { return raw("null"); }

    // A key and its value.
    JsonWriter& text(std::string_view name, std::string_view value) {
        return key(name).text(value);
    }
    template <class Number>
    JsonWriter& number(std::string_view name, Number value) {
        return key(name).number(value);
    }
    JsonWriter& flag(std::string_view name, bool value) { return key(name).flag(value); }

    // REQUIRES: everything is closed.
    std::string take() { return std::move(out_); }

 private:
    JsonWriter& open(char bracket);
    JsonWriter& close(char bracket);
    JsonWriter& real(double value);
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
