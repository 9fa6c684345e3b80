// What stands in the columns of a view: texts, and what rows are put in order and chosen by.
#pragma once

#include <string>
#include <vector>

#include "bridge/cli/top/look.h"
#include "bridge/cli/top/samples.h"

namespace zbridge::cli::top {

inline constexpr size_t kSparkWidth = 20;
inline constexpr size_t kSortMarkWidth = 2;  // behind a head: " v"

// The rows that the filter lets through, in order.
std::vector<const Row*> rows_to_show(const Samples& samples, const Look& look);

// Of a rate that is not known yet: "-".
std::string cell_text(const Samples& samples, size_t view, const Row& row, const Column& column,
                      bool utf8);

// The columns of a view that fit, left to right; `width` 0: all. Columns in which no row has
// anything are left out.
struct Placed {
    const Column* column;
    size_t number;  // in the view
    size_t width;
};
std::vector<Placed> place_columns(const Samples& samples, const Look& look,
                                  const std::vector<const Row*>& rows, size_t width, bool utf8);

}  // namespace zbridge::cli::top
