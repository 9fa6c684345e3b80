// What an expression found in one message: a scalar, or nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bridge/base/sql92/filter.h"
#include "bridge/model/attributes.h"

namespace zbridge::routing {

// A view: it lives as long as the message and until the evaluator that holds it reads the next one.
struct Found {
    enum class Kind : uint8_t { kNothing, kBool, kInteger, kLarge, kDouble, kText };
    Kind kind = Kind::kNothing;
    bool boolean = false;
    int64_t integer = 0;
    uint64_t large = 0;  // kLarge: an integer above the largest int64_t
    double real = 0;
    std::string_view
        text{};  // kText: its bytes; a number: its digits as they were written, where they were

    explicit operator bool() const { return kind != Kind::kNothing; }

    static Found of_text(std::string_view bytes) { return {.kind = Kind::kText, .text = bytes}; }
    static Found of_bool(bool value) { return {.kind = Kind::kBool, .boolean = value}; }
    static Found of_integer(int64_t value, std::string_view digits = {}) {
        return {.kind = Kind::kInteger, .integer = value, .text = digits};
    }
    static Found of_large(uint64_t value) { return {.kind = Kind::kLarge, .large = value}; }
    static Found of_double(double value, std::string_view digits = {}) {
        return {.kind = Kind::kDouble, .real = value, .text = digits};
    }
};

// A number is an int64_t if it fits, else a double. NULL if nothing was found; a text is a view, as
// `found` is.
sql92::Value view_of(const Found& found);
// As view_of(), with a text of its own. REQUIRES: found.
Value value_of(const Found& found);
// "true", "17", "0.25": a number as it was written (JSON), or with the fewest digits that read back
// the same (msgpack).
std::string text_of(const Found& found);

}  // namespace zbridge::routing
