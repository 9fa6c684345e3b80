// A table for people: columns as wide as their widest cell, numbers to the right.
#pragma once

#include <string>
#include <vector>

namespace zbridge::cli {

class Table {
 public:
    // `spare`: the heads of columns that may be left out, the first one first.
    explicit Table(std::vector<std::string> heads, std::vector<std::string> spare = {});
    void add(std::vector<std::string> cells);
    bool empty() const { return rows_.size() == 1; }

    // Without the columns that no row has anything in. `width_max`: of the terminal; spare columns
    // are left out until the table fits, and a last line says which. 0: there is no limit.
    std::string text(size_t width_max = 0) const;

 private:
    using Columns = std::vector<size_t>;
    size_t width_of(size_t column) const;
    bool is_number(size_t column) const;
    bool is_empty(size_t column) const;
    std::string without_spares(Columns& columns, size_t width_max) const;

    std::vector<std::vector<std::string>> rows_;  // the heads first
    std::vector<std::string> spare_;
};

}  // namespace zbridge::cli
