#include "bridge/settings/plugin_table.h"

#include <fmt/format.h>

#include <tuple>

namespace zbridge::settings {

namespace {

using plugin::DeclaredOption;
using plugin::OptionValue;

OptionValue value_of(const Value& value) {
    OptionValue out;
    out.line = value.written ? value.place.line : 0;
    out.column = value.written ? value.place.column : 0;
    if (const bool* flag = std::get_if<bool>(&value.scalar)) {
        out.integer = *flag ? 1 : 0;
        out.text = *flag ? "true" : "false";
    } else if (const uint64_t* number = std::get_if<uint64_t>(&value.scalar)) {
        out.integer = static_cast<int64_t>(*number);
        out.number = static_cast<double>(*number);
    } else if (const double* decimal = std::get_if<double>(&value.scalar)) {
        out.number = *decimal;
        out.integer = static_cast<int64_t>(*decimal);
    } else if (const Duration* duration = std::get_if<Duration>(&value.scalar)) {
        out.integer = duration->count();
        out.number = static_cast<double>(duration->count());
    } else if (const std::string* text = std::get_if<std::string>(&value.scalar)) {
        out.text = *text;
    }
    return out;
}

}  // namespace

PluginTable::PluginTable(const plugin::Declared& declared, const plugin::DeclaredSection* section)
    : declared_(declared), options_(section != nullptr ? section->options : declared.options) {
    if (section != nullptr)
        rows_.add_entries(*section, "*");
    else
        rows_.add("", options_);
    table_.emplace(rows_.rows());
}

Status PluginTable::problem() const {
    for (const Option& row : rows_.rows()) {
        Option free = row;
        free.min = free.max = {};
        const std::tuple<std::string_view, std::string_view, const Option*> texts[] = {
            {"min", row.min, &free}, {"max", row.max, &free}, {"fallback", row.fallback, &row}};
        for (const auto& [name, text, of] : texts) {
            if (text.empty()) continue;
            const auto read = read_scalar(*of, std::string(text));
            if (read.ok()) continue;
            return Status(Code::kInvalid,
                          fmt::format("plugin {} {}: the `{}` of its option `{}` is wrong: {}",
                                      declared_.name, declared_.version, name, row.path,
                                      read.error().message()));
        }
    }
    return {};
}

const DeclaredOption* PluginTable::short_form() const {
    for (const DeclaredOption& option : options_) {
        if (option.short_form) return &option;
    }
    return nullptr;
}

plugin::OptionValues PluginTable::values(const Value& section) const {
    plugin::OptionValues all;
    collect(section, "", all);
    return all;
}

void PluginTable::collect(const Value& section, const std::string& prefix,
                          plugin::OptionValues& all) const {
    for (const auto& [key, value] : section.entries) {
        if (!value.good) continue;
        const std::string path = prefix + key;
        const bool as_map = value.option->type != Type::kSection && !value.entries.empty();
        if (value.option->whole || as_map) {
            collect(value, path + ".", all);
            continue;
        }
        auto& values = all[path];
        for (const auto& [name, entry] : value.entries) {  // of a map
            if (!entry.good) continue;
            values.push_back(value_of(entry));
            values.back().name = name;
        }
        for (const Value& item : value.items) {
            if (item.good) values.push_back(value_of(item));
        }
        const bool single =
            value.entries.empty() && !value.option->many && value.option->type != Type::kSection;
        if (single) values.push_back(value_of(value));
        if (values.empty()) all.erase(path);
    }
}

}  // namespace zbridge::settings
