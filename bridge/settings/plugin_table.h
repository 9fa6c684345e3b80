// The option table of a plugin as one of ours: its YAML is checked, shown and described by the same
// code as the rest.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/plugin/options.h"
#include "bridge/settings/option.h"
#include "bridge/settings/values.h"

namespace zbridge::settings {

class PluginTable {
 public:
    // `declared` outlives it.
    explicit PluginTable(const plugin::Declared& declared);
    PluginTable(const PluginTable&) = delete;
    PluginTable& operator=(const PluginTable&) = delete;

    const Table& table() const { return *table_; }
    // What the plugin says of its options must itself be readable: none, or a sentence.
    Status problem() const;
    // Null: the plugin has no short form.
    const plugin::DeclaredOption* short_form() const;
    // What the file gives, and fallbacks. Values of which there is a finding are left out.
    std::map<std::string, std::vector<plugin::OptionValue>> values(const Value& section) const;

 private:
    const plugin::Declared& declared_;
    std::deque<std::string> texts_;  // that the rows point to
    std::deque<std::vector<Choice>> choices_;
    std::vector<Option> rows_;
    std::unique_ptr<Table> table_;
};

}  // namespace zbridge::settings
