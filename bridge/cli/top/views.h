// What `zbridge top` shows: its views, the columns of each, and the rows that a status has for them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/telemetry/report.h"

namespace zbridge::cli::top {

// One line of a view: what is counted and measured of it, by the names of its columns' fields.
struct Row {
    std::string key;           // its own in its view, over samples
    telemetry::Report fields;  // a map
};

struct Column {
    enum class Kind : uint8_t {
        kText,
        kNumber,
        kBytes,
        kAge,       // seconds
        kRate,      // of a number that only rises: so many a second
        kByteRate,  // likewise, of bytes
        kSpark,     // what the rate of the field has been
    };
    std::string_view head;
    Kind kind;
    std::string_view field;
    uint32_t spare = 0;  // where the terminal is narrow, that with the largest goes first; 0: never
};

struct View {
    std::string_view name;
    std::string_view what;  // its rows, in a sentence about there being none
    std::vector<Column> columns;
    size_t sorted_by;  // at first
    std::vector<Row> (*rows)(const telemetry::Report& status);
};

inline constexpr size_t kViews = 5;
inline constexpr size_t kPeersView = 4;  // it alone needs a status with peers
const std::array<View, kViews>& views();

// kRate and kByteRate: a rate is shown.
bool is_rate(Column::Kind kind);
// Rows may be put in the order of it.
bool is_sortable(Column::Kind kind);

}  // namespace zbridge::cli::top
