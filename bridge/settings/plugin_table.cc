#include "bridge/settings/plugin_table.h"

#include <fmt/format.h>

#include <tuple>

namespace zbridge::settings {

namespace {

using plugin::DeclaredOption;
using plugin::OptionValue;

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

PluginTable::PluginTable(const plugin::Declared& declared) : declared_(declared) {
    const auto keep = [this](std::string text) -> std::string_view {
        return texts_.emplace_back(std::move(text));
    };
    for (const DeclaredOption& declared_option : declared.options) {
        Option row;
        row.path = declared_option.key;
        row.type = type_of(declared_option.type);
        row.fallback = declared_option.fallback;
        row.min = declared_option.min;
        row.max = declared_option.max;
        row.help = declared_option.help;
        row.example = declared_option.example;
        row.many = declared_option.many;
        row.required = declared_option.required;
        if (declared_option.type == DeclaredOption::Type::kChoice) {
            auto& choices = choices_.emplace_back();
            for (const std::string& choice : declared_option.choices)
                choices.push_back({choice, {}});
            row.choices = choices;
        }
        if (!declared_option.map) {
            rows_.push_back(row);
            continue;
        }
        Option section;
        section.path = row.path;
        section.help = row.help;
        section.required = row.required;
        rows_.push_back(section);
        row.path = keep(declared_option.key + ".*");
        row.required = false;
        row.any_name = true;
        rows_.push_back(row);
    }
    table_ = std::make_unique<Table>(rows_);
}

Status PluginTable::problem() const {
    for (const Option& row : rows_) {
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
    for (const DeclaredOption& option : declared_.options) {
        if (option.short_form) return &option;
    }
    return nullptr;
}

std::map<std::string, std::vector<OptionValue>> PluginTable::values(const Value& section) const {
    std::map<std::string, std::vector<OptionValue>> all;
    for (const auto& [key, value] : section.entries) {
        if (!value.good) continue;
        auto& values = all[key];
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
        if (values.empty()) all.erase(key);
    }
    return all;
}

}  // namespace zbridge::settings
