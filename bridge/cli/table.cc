#include "bridge/cli/table.h"

#include <algorithm>

#include <fmt/format.h>

namespace zbridge::cli {

namespace {

constexpr size_t kGap = 2;

}  // namespace

Table::Table(std::vector<std::string> heads, std::vector<std::string> spare)
    : rows_{std::move(heads)}, spare_(std::move(spare)) {}

void Table::add(std::vector<std::string> cells) {
    rows_.push_back(std::move(cells));
}

std::string Table::text(size_t width_max) const {
    Columns columns;
    for (size_t i = 0; i < rows_[0].size(); i++) {
        if (!is_empty(i)) columns.push_back(i);
    }
    const std::string left_out = without_spares(columns, width_max);
    std::string text;
    for (const auto& row : rows_) {
        std::string line;
        for (const size_t i : columns) {
            line += is_number(i) ? fmt::format("{:>{}}", row[i], width_of(i))
                                 : fmt::format("{:<{}}", row[i], width_of(i));
            line.append(kGap, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
    }
    return text + left_out;
}

// Of what was left out, a line; empty if it was nothing.
std::string Table::without_spares(Columns& columns, size_t width_max) const {
    std::string names;
    for (const std::string& head : spare_) {
        size_t width = 0;
        for (const size_t i : columns)
            width += width_of(i) + (i == columns.back() ? 0 : kGap);
        if (width_max == 0 || width <= width_max) break;
        const auto is_spare = [&](size_t column) { return rows_[0][column] == head; };
        if (std::erase_if(columns, is_spare) > 0) names += (names.empty() ? "" : ", ") + head;
    }
    return names.empty() ? "" : fmt::format("({} columns: without {})\n", width_max, names);
}

size_t Table::width_of(size_t column) const {
    size_t width = 0;
    for (const auto& row : rows_)
        width = std::max(width, row[column].size());
    return width;
}

bool Table::is_number(size_t column) const {
    return std::all_of(rows_.begin() + 1, rows_.end(), [&](const auto& row) {
        return row[column].find_first_not_of("0123456789") == std::string::npos;
    });
}

bool Table::is_empty(size_t column) const {
    return std::all_of(rows_.begin() + 1, rows_.end(),
                       [&](const auto& row) { return row[column].empty(); });
}

}  // namespace zbridge::cli
