#include "bridge/settings/schema.h"

#include <fmt/format.h>

#include "bridge/base/json_writer.h"
#include "bridge/settings/units.h"

namespace zbridge::settings {

namespace {

constexpr std::string_view kNamePattern = "^[a-z0-9][a-z0-9_-]{0,62}$";

// What the names of a row `*` match.
std::string_view pattern_of(Names names) {
    switch (names) {
        case Names::kPlain:
            return kNamePattern;
        case Names::kProperties:
            return "^[A-Za-z_][A-Za-z0-9_.-]{0,254}$";
        case Names::kTopics:
            return "^[A-Za-z0-9%_.-]{1,127}$";
        case Names::kAny:
            break;
    }
    return "";
}

class SchemaWriter {
 public:
    std::string write(const Table& table) {
        json_.begin_map();
        json_.text("$schema", "https://json-schema.org/draft/2020-12/schema");
        json_.text("title", "zbridge");
        json_.text("description", "The configuration of a zbridge process");
        write_section_body(table.root(), true);
        json_.key("$defs").begin_map();
        json_.key("variable").begin_map();
        json_.text("description", "A value from the environment: ${NAME} or ${NAME:-default}");
        json_.text("type", "string").text("pattern", "\\$\\{").end_map();
        json_.end_map();
        return json_.end_map().take() + "\n";
    }

 private:
    void write_row(const Table::Row& row) {
        json_.begin_map();
        write_about(*row.option);
        if (row.items() != nullptr) {
            write_types({"array", "null"});
            json_.key("items");
            write_row(*row.items());
        } else if (row.option->type == Type::kSection) {
            write_section(row);
        } else if (row.option->type != Type::kOpaque) {  // of that, anything is right
            write_value(row);
        }
        json_.end_map();
    }

    void write_about(const Option& option) {
        json_.text("description",
                   fmt::format("{} (a change needs: {})", option.help, name_of(option.reload)));
        const bool typed = option.type == Type::kCount || option.type == Type::kFlag;
        if (option.fallback.empty()) return;
        if (option.type == Type::kCount)
            json_.number("default", *parse_count(option.fallback));
        else if (!typed)
            json_.text("default", option.fallback);
        else
            json_.flag("default", option.fallback == "true");
    }

    void write_section(const Table::Row& row) {
        if (row.option->short_for.empty()) return write_section_body(row, false);
        json_.key("anyOf").begin_list();
        write_row(*row.find(row.option->short_for));
        json_.begin_map();
        write_section_body(row, false);
        json_.end_map().end_list();
    }

    void write_section_body(const Table::Row& row, bool is_root) {
        if (is_root)
            json_.text("type", "object");
        else
            write_types({"object", "null"});
        std::vector<std::string_view> required;
        json_.key("properties").begin_map();
        for (const auto& below : row.below) {
            if (below.key == "*" || below.option->type == Type::kAbsent) continue;
            if (below.option->required) required.push_back(below.key);
            json_.key(below.key);
            write_row(below);
        }
        json_.end_map();
        json_.key("patternProperties").begin_map();
        if (is_root) json_.key("^x-").begin_map().end_map();
        if (const auto* names = row.names()) {
            json_.key(pattern_of(names->option->names));
            write_row(*names);
        }
        json_.end_map();
        json_.flag("additionalProperties", false);
        if (required.empty()) return;
        json_.key("required").begin_list();
        for (const auto key : required)
            json_.text(key);
        json_.end_list();
    }

    void write_value(const Table::Row& row) {
        const Option& option = *row.option;
        json_.key("anyOf").begin_list();
        write_scalar(option);
        json_.begin_map().text("$ref", "#/$defs/variable").end_map();
        if (option.many) {
            json_.begin_map().text("type", "array").number("minItems", 1);
            json_.key("items").begin_map().key("anyOf").begin_list();
            write_scalar(option);
            json_.begin_map().text("$ref", "#/$defs/variable").end_map();
            json_.end_list().end_map().end_map();
        }
        if (option.type == Type::kSize || option.type == Type::kDuration) {
            json_.begin_map().key("const").number(0).end_map();
        }
        if (option.off) json_.begin_map().text("const", "off").end_map();
        if (!row.below.empty()) {  // it may be a map as well
            json_.begin_map();
            write_section_body(row, false);
            json_.end_map();
        }
        json_.end_list();
    }

    void write_scalar(const Option& option) {
        json_.begin_map();
        switch (option.type) {
            case Type::kFlag:
                json_.text("type", "boolean");
                break;
            case Type::kCount:
                json_.text("type", "integer");
                if (!option.min.empty()) json_.number("minimum", *parse_count(option.min));
                if (!option.max.empty()) json_.number("maximum", *parse_count(option.max));
                break;
            case Type::kNumber:
                json_.text("type", "number");
                break;
            case Type::kSize:
                json_.text("type", "string")
                    .text("pattern", "^[0-9]+ ?(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)$");
                break;
            case Type::kDuration:
                json_.text("type", "string").text("pattern", "^[0-9]+ ?(ms|s|m|h|d)$");
                break;
            case Type::kChoice:
                json_.key("enum").begin_list();
                for (const auto& choice : option.choices) {
                    if (choice.absent.empty()) json_.text(choice.name);
                }
                json_.end_list();
                break;
            case Type::kName:
                json_.text("type", "string").text("pattern", kNamePattern);
                break;
            case Type::kAddress:
                json_.text("type", "string").text("pattern", "^(tcp|ipc)://");
                break;
            case Type::kReference:
            case Type::kFilter:
                json_.text("type", "string");
                break;
            // YAML takes `tag: 5` for a number; we take every scalar for its text.
            case Type::kText:
            case Type::kExpression:
            case Type::kTemplate:
                write_types({"string", "number", "boolean"});
                break;
            case Type::kSection:
            case Type::kOpaque:
            case Type::kAbsent:
                break;
        }
        json_.end_map();
    }

    void write_types(std::initializer_list<std::string_view> types) {
        json_.key("type").begin_list();
        for (const auto type : types)
            json_.text(type);
        json_.end_list();
    }

    JsonWriter json_;
};

}  // namespace

std::string json_schema(const Table& table) {
    return SchemaWriter().write(table);
}

}  // namespace zbridge::settings
