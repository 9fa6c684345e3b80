// Rows of an option table made from what plugins declare. Keeps the texts that its rows point to.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/plugin/options.h"
#include "bridge/settings/option.h"

namespace zbridge::settings {

class DeclaredRows {
 public:
    DeclaredRows() = default;
    DeclaredRows(const DeclaredRows&) = delete;
    DeclaredRows& operator=(const DeclaredRows&) = delete;

    void add(const Option& row) { rows_.push_back(row); }
    // A row for each option, and one for each map that a dotted key names. `prefix`: what stands
    // before their paths, "topics.*.".
    void add(const std::string& prefix, const std::vector<plugin::DeclaredOption>& options);
    // The entries of a section: `path` is "*", or "topics.*".
    void add_entries(const plugin::DeclaredSection& section, const std::string& path);

    const std::vector<Option>& rows() const { return rows_; }

 private:
    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
    void add_maps_above(const std::string& prefix, const std::string& key,
                        const std::vector<plugin::DeclaredOption>& options);
    bool has(std::string_view path) const;

    std::deque<std::string> texts_;
    std::deque<std::vector<Choice>> choices_;
    std::vector<Option> rows_;
};

}  // namespace zbridge::settings
