// A report: what the bridge tells about itself, as a tree of named values in a fixed order. Made by
// the parts, carried by the admin calls, shown by the command line as tables or JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bridge/base/json_writer.h"
#include "bridge/telemetry/widened.h"

namespace zbridge::telemetry {

class Report {
 public:
    using List = std::vector<Report>;
    using Map = std::vector<std::pair<std::string, Report>>;
    using Value =
        std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, List, Map>;

    Report() = default;
    template <class T>
    Report(T value)
        : value_(value_of(std::move(value))) {
    }  // NOLINT(*-explicit-*): values are written in braces

    static Report map() { return Report(Map{}); }
    static Report list() { return Report(List{}); }

    // REQUIRES: a map. Adds a value and returns it.
    Report& add(std::string name, Report value);
    // REQUIRES: a list.
    Report& add(Report value);

    const Value& value() const { return value_; }
    // Of a map; null if it is none, or has no such name.
    const Report& at(std::string_view name) const;
    const List& items() const;   // of a list; else none
    const Map& entries() const;  // of a map; else none
    uint64_t number() const;     // 0 if it is none, or negative
    std::string text()
        const;  // of a string as it is; of numbers and booleans as in JSON; else empty
    bool is_null() const { return std::holds_alternative<std::monostate>(value_); }

    std::string json(JsonWriter::Style style = JsonWriter::Style::kOneLine) const;

 private:
    template <class T>
    static Value value_of(T value) {
        if constexpr (std::is_same_v<T, List> || std::is_same_v<T, Map>)
            return value;
        else if constexpr (std::is_arithmetic_v<T>)
            return widened(value);
        else
            return std::string(std::move(value));
    }
    Value value_;
};

}  // namespace zbridge::telemetry
