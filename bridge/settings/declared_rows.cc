#include "bridge/settings/declared_rows.h"

#include <algorithm>

#include <fmt/format.h>

namespace zbridge::settings {

namespace {

using plugin::DeclaredOption;

Type type_of(DeclaredOption::Type type) {
    switch (type) {
        case DeclaredOption::Type::kFlag:
            return Type::kFlag;
        case DeclaredOption::Type::kCount:
            return Type::kCount;
        case DeclaredOption::Type::kNumber:
            return Type::kNumber;
        case DeclaredOption::Type::kSize:
            return Type::kSize;
        case DeclaredOption::Type::kDuration:
            return Type::kDuration;
        case DeclaredOption::Type::kChoice:
            return Type::kChoice;
        case DeclaredOption::Type::kText:
        case DeclaredOption::Type::kSecret:
            break;
    }
    return Type::kText;
}

// "retention." of retention.age, retention.size, keep -> "A map of age, size."
std::string help_of_map(const std::string& above, const std::vector<DeclaredOption>& options) {
    std::vector<std::string> below;
    for (const DeclaredOption& option : options) {
        if (!option.key.starts_with(above)) continue;
        std::string key = option.key.substr(above.size());
        key.resize(std::min(key.find('.'), key.size()));
        if (std::find(below.begin(), below.end(), key) == below.end()) below.push_back(key);
    }
    return fmt::format("A map of {}.", fmt::join(below, ", "));
}

}  // namespace

bool DeclaredRows::has(std::string_view path) const {
    return std::any_of(rows_.begin(), rows_.end(),
                       [&](const Option& row) { return row.path == path; });
}

void DeclaredRows::add_maps_above(const std::string& prefix, const std::string& key,
                                  const std::vector<DeclaredOption>& options) {
    for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1)) {
        const std::string path = prefix + key.substr(0, dot);
        if (has(path)) continue;
        Option map;
        map.path = keep(path);
        map.whole = true;
        map.help = keep(help_of_map(key.substr(0, dot + 1), options));
        rows_.push_back(map);
    }
}

void DeclaredRows::add(const std::string& prefix, const std::vector<DeclaredOption>& options) {
    for (const DeclaredOption& declared : options) {
        add_maps_above(prefix, declared.key, options);
        Option row;
        row.path = keep(prefix + declared.key);
        row.type = type_of(declared.type);
        row.fallback = declared.fallback;
        row.min = declared.min;
        row.max = declared.max;
        row.help = declared.help;
        row.example = declared.example;
        row.many = declared.many;
        row.required = declared.required;
        if (declared.type == DeclaredOption::Type::kChoice) {
            auto& choices = choices_.emplace_back();
            for (const std::string& choice : declared.choices)
                choices.push_back({choice, {}});
            row.choices = choices;
        }
        if (!declared.map) {
            rows_.push_back(row);
            continue;
        }
        Option section;
        section.path = row.path;
        section.help = row.help;
        section.required = row.required;
        rows_.push_back(section);
        row.path = keep(prefix + declared.key + ".*");
        row.required = false;
        row.names = Names::kAny;
        rows_.push_back(row);
    }
}

void DeclaredRows::add_entries(const plugin::DeclaredSection& section, const std::string& path) {
    Option entry;
    entry.path = keep(path);
    const bool topics = section.name == "topics", groups = section.name == "groups";
    entry.names = topics || groups ? Names::kTopics : Names::kPlain;
    entry.help = topics   ? "A topic: its name is what routes and commands refer to."
                 : groups ? "A group: its name is what routes and commands refer to."
                          : "An entry: its name is what commands refer to.";
    rows_.push_back(entry);
    add(path + ".", section.options);
}

}  // namespace zbridge::settings
