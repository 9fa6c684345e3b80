#include "bridge/cli/top/cells.h"

#include <algorithm>
#include <optional>

#include "bridge/cli/text.h"
#include "bridge/cli/top/frame.h"

namespace zbridge::cli::top {

namespace {

using telemetry::Report;
using Kind = Column::Kind;

constexpr size_t kGap = 2;
constexpr size_t kFirstColumnMin = 8;

std::string lower(std::string_view text) {
    std::string low(text);
    std::transform(low.begin(), low.end(), low.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return low;
}

bool passes(const Look& look, const Row& row) {
    if (look.filter.empty()) return true;
    const std::string wanted = lower(look.filter);
    const auto& columns = views()[look.view].columns;
    return std::any_of(columns.begin(), columns.end(), [&](const Column& column) {
        if (column.kind != Kind::kText) return false;
        return lower(cell(row.fields, column.field)).find(wanted) != std::string::npos;
    });
}

double number_of(const Samples& samples, size_t view, const Row& row, const Column& column) {
    if (is_rate(column.kind)) return samples.rate(view, row, column.field).value_or(-1);
    const Report& value = row.fields.at(column.field);
    return value.is_null() ? -1 : static_cast<double>(value.number());
}

bool comes_before(const Samples& samples, size_t view, const Column& column, const Row& one,
                  const Row& other) {
    if (column.kind == Kind::kText) {
        return cell(one.fields, column.field) < cell(other.fields, column.field);
    }
    return number_of(samples, view, one, column) < number_of(samples, view, other, column);
}

bool is_empty(const Column& column, const std::vector<const Row*>& rows) {
    if (column.kind != Kind::kText || column.spare == 0) return false;
    return std::all_of(rows.begin(), rows.end(),
                       [&](const Row* row) { return cell(row->fields, column.field).empty(); });
}

size_t total(const std::vector<Placed>& placed) {
    size_t width = 0;
    for (const Placed& each : placed)
        width += each.width + (width > 0 ? kGap : 0);
    return width;
}

// False: nothing more can be left out.
bool leave_one_out(std::vector<Placed>& placed, size_t kept) {
    const auto most =
        std::max_element(placed.begin(), placed.end(), [&](const Placed& one, const Placed& other) {
            const auto spare = [&](const Placed& each) {
                return each.number == kept ? 0 : each.column->spare;
            };
            return spare(one) < spare(other);
        });
    if (most == placed.end() || most->column->spare == 0 || most->number == kept) return false;
    placed.erase(most);
    return true;
}

}  // namespace

std::vector<const Row*> rows_to_show(const Samples& samples, const Look& look) {
    std::vector<const Row*> rows;
    for (const Row& row : samples.rows(look.view)) {
        if (passes(look, row)) rows.push_back(&row);
    }
    const Look::Order order = look.orders[look.view];
    const Column& column = views()[look.view].columns[order.column];
    std::stable_sort(rows.begin(), rows.end(), [&](const Row* one, const Row* other) {
        return order.falling ? comes_before(samples, look.view, column, *other, *one)
                             : comes_before(samples, look.view, column, *one, *other);
    });
    return rows;
}

std::string cell_text(const Samples& samples, size_t view, const Row& row, const Column& column,
                      bool utf8) {
    const Report& value = row.fields.at(column.field);
    if (is_rate(column.kind)) {
        const auto rate = samples.rate(view, row, column.field);
        if (!rate) return "-";
        return column.kind == Kind::kRate ? rate_text(*rate)
                                          : bytes_text(static_cast<uint64_t>(*rate));
    }
    switch (column.kind) {
        case Kind::kSpark:
            return spark_text(samples.past(view, row), kSparkWidth, utf8);
        case Kind::kBytes:
            return bytes_text(value.number());
        case Kind::kAge:
            return value.is_null() ? "" : duration_text(value.number());
        default:
            return value.text();
    }
}

std::vector<Placed> place_columns(const Samples& samples, const Look& look,
                                  const std::vector<const Row*>& rows, size_t width, bool utf8) {
    std::vector<Placed> placed;
    const auto& columns = views()[look.view].columns;
    const size_t sorted_by = look.orders[look.view].column;
    for (size_t i = 0; i < columns.size(); i++) {
        if (is_empty(columns[i], rows)) continue;
        size_t its = columns[i].head.size() + (i == sorted_by ? kSortMarkWidth : 0);
        if (columns[i].kind == Kind::kSpark) its = kSparkWidth;
        for (const Row* row : rows)
            its = std::max(its, width_of(cell_text(samples, look.view, *row, columns[i], utf8)));
        placed.push_back({&columns[i], i, its});
    }
    while (width > 0 && total(placed) > width && leave_one_out(placed, sorted_by)) {
    }
    if (width > 0 && !placed.empty() && total(placed) > width) {
        const size_t over = total(placed) - width;
        placed.front().width -=
            std::min(over, placed.front().width - std::min(placed.front().width, kFirstColumnMin));
    }
    return placed;
}

}  // namespace zbridge::cli::top
