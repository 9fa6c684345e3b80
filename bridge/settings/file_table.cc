#include "bridge/settings/file_table.h"

namespace zbridge::settings {

namespace {

// Null: no plugin that is known by its name declares it.
const plugin::DeclaredSection* section_named(std::string_view name, plugin::Declarations& plugins) {
    for (const auto& plugin : plugins.names()) {
        const auto declared = plugins.find(plugin, "");
        if (!declared.ok()) continue;
        for (const auto& section : (*declared)->sections) {
            if (section.name == name) return &section;
        }
    }
    return nullptr;
}

}  // namespace

FileTable::FileTable(plugin::Declarations& plugins) {
    for (const Option& row : bridge_table().options()) {
        if (!is_engine_section(row)) {
            rows_.add(row);
            continue;
        }
        const auto* declared = section_named(row.path, plugins);
        if (declared == nullptr) continue;
        Option section = row;
        section.type = Type::kSection;
        section.help = declared->help;
        section.commented = true;  // it needs its engine under `plugins`
        rows_.add(section);
        rows_.add_entries(*declared, declared->name + ".*");
    }
    table_.emplace(rows_.rows());
}

}  // namespace zbridge::settings
