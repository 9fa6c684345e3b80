// The option table of a plugin as one of ours: its YAML is checked, shown and described by the same
// code as the rest.
#pragma once

#include <optional>

#include "bridge/plugin/options.h"
#include "bridge/settings/declared_rows.h"
#include "bridge/settings/option.h"
#include "bridge/settings/values.h"

namespace zbridge::settings {

class PluginTable {
 public:
    // Of its options; with `section`, one of those that it declares, of that one: a map of names,
    // each an entry with its options. Both outlive it.
    explicit PluginTable(const plugin::Declared& declared,
                         const plugin::DeclaredSection* section = nullptr);

    const Table& table() const { return *table_; }
    // What the plugin says of its options must itself be readable: none, or a sentence.
    Status problem() const;
    // Null: the plugin has no short form.
    const plugin::DeclaredOption* short_form() const;
    // What the file gives, and fallbacks: of the options, or of one entry of the section. Values of
    // which there is a finding are left out.
    plugin::OptionValues values(const Value& section) const;

 private:
    void collect(const Value& section, const std::string& prefix, plugin::OptionValues& all) const;

    const plugin::Declared& declared_;
    const std::vector<plugin::DeclaredOption>& options_;
    DeclaredRows rows_;
    std::optional<Table> table_;
};

}  // namespace zbridge::settings
