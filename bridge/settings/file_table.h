// The option table of the whole file, with the sections that engines declare: what the reference
// and the schema show.
#pragma once

#include <optional>

#include "bridge/plugin/options.h"
#include "bridge/settings/declared_rows.h"
#include "bridge/settings/option.h"

namespace zbridge::settings {

class FileTable {
 public:
    // Of the engines among those that it knows by name. It outlives this.
    explicit FileTable(plugin::Declarations& plugins);

    const Table& table() const { return *table_; }

 private:
    DeclaredRows rows_;
    std::optional<Table> table_;
};

}  // namespace zbridge::settings
