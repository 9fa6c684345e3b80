#include "bridge/cli/plugin_text.h"

#include <algorithm>

#include <fmt/format.h>

namespace zbridge::cli {

namespace {

using plugin::Declared;
using plugin::DeclaredOption;
using Type = DeclaredOption::Type;

std::string_view name_of(Type type) {
    switch (type) {
        case Type::kText:
            return "text";
        case Type::kFlag:
            return "true or false";
        case Type::kCount:
            return "count";
        case Type::kNumber:
            return "number";
        case Type::kSize:
            return "size";
        case Type::kDuration:
            return "duration";
        case Type::kChoice:
            return "choice";
        case Type::kSecret:
            return "secret";
    }
    return "";
}

// A text as YAML takes it for one.
std::string quoted(const std::string& text) {
    const auto plain = [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               letter == '_' || letter == '/' || letter == '.';
    };
    if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return text;
    std::string out = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\') out += '\\';
        out += letter;
    }
    return out + "\"";
}

std::string sample_of(const DeclaredOption& option) {
    switch (option.type) {
        case Type::kFlag:
            return "true";
        case Type::kCount:
        case Type::kNumber:
            return option.min.empty() ? "1" : option.min;
        case Type::kSize:
            return option.min.empty() ? "1KiB" : option.min;
        case Type::kDuration:
            return option.min.empty() ? "1s" : option.min;
        case Type::kChoice:
            return option.choices.front();
        case Type::kText:
        case Type::kSecret:
            break;
    }
    return option.map ? "{ name: value }" : "x";
}

void write_rows(JsonWriter& json, const std::vector<DeclaredOption>& options) {
    json.key("options").begin_list();
    for (const DeclaredOption& option : options) {
        json.begin_map().text("key", option.key).text("type", name_of(option.type));
        json.flag("required", option.required).flag("many", option.many).flag("map", option.map);
        const auto some = [&](std::string_view key, const std::string& value) {
            if (!value.empty()) json.text(key, value);
        };
        some("default", option.fallback);
        some("min", option.min);
        some("max", option.max);
        some("example", option.example);
        if (option.type == Type::kChoice) {
            json.key("choices").begin_list();
            for (const std::string& choice : option.choices)
                json.text(choice);
            json.end_list();
        }
        json.text("help", option.help).end_map();
    }
    json.end_list();
}

}  // namespace

std::string kinds_text(const Declared& declared) {
    std::string text;
    const auto add = [&](bool is, std::string_view name) {
        if (is) text += (text.empty() ? "" : ", ") + std::string(name);
    };
    add(declared.step, "step");
    add(declared.source, "source");
    add(declared.sink, "sink");
    add(declared.auth, "auth");
    add(declared.engine, "engine");
    return text;
}

std::string type_text(const DeclaredOption& option) {
    std::string text(name_of(option.type));
    if (option.type == Type::kChoice) text = fmt::format("{}", fmt::join(option.choices, " | "));
    if (option.many) text += ", or a list";
    if (option.map) text = "map of " + text;
    return text;
}

std::string range_text(const DeclaredOption& option) {
    if (option.min.empty() && option.max.empty()) return "";
    if (option.max.empty()) return option.min + " or more";
    if (option.min.empty()) return option.max + " at most";
    return option.min + " to " + option.max;
}

std::string example_of(const DeclaredOption& option) {
    if (!option.example.empty()) return option.example;
    if (option.fallback.empty()) return sample_of(option);
    const bool words = option.type == Type::kText || option.type == Type::kSecret;
    return words ? quoted(option.fallback) : option.fallback;
}

std::string option_lines(const std::vector<OptionLine>& lines, size_t indent) {
    std::string text;
    std::vector<std::string> maps;  // written already
    for (const OptionLine& line : lines) {
        const size_t dot = line.key.find('.');
        if (dot == std::string::npos) {
            text += fmt::format("{:{}}{}{}: {}\n", "", indent, line.commented ? "#" : "", line.key,
                                line.value);
            continue;
        }
        const std::string map = line.key.substr(0, dot);
        if (std::find(maps.begin(), maps.end(), map) != maps.end()) continue;
        maps.push_back(map);
        std::vector<OptionLine> below;
        for (const OptionLine& other : lines) {
            if (other.key.starts_with(map + "."))
                below.push_back({other.key.substr(dot + 1), other.value, other.commented});
        }
        const bool commented =
            std::all_of(below.begin(), below.end(), [](const auto& in) { return in.commented; });
        text += fmt::format("{:{}}{}{}:\n", "", indent, commented ? "#" : "", map) +
                option_lines(below, indent + 2);
    }
    return text;
}

std::string example_yaml(const Declared& declared, const std::string& use) {
    std::string text = fmt::format("plugins:\n  my-{}:\n    use: {}\n", declared.name, use);
    const auto lines_of = [](const std::vector<DeclaredOption>& options) {
        std::vector<OptionLine> lines;
        for (const DeclaredOption& option : options)
            lines.push_back({option.key, example_of(option), !option.required});
        return lines;
    };
    const bool some = std::any_of(declared.options.begin(), declared.options.end(),
                                  [](const DeclaredOption& option) { return option.required; });
    if (!declared.options.empty()) text += some ? "    config:\n" : "    #config:\n";
    text += option_lines(lines_of(declared.options), 6);
    for (const auto& section : declared.sections)
        text += section.name + ":\n  my-name:\n" + option_lines(lines_of(section.options), 4);
    text += "routes:\n";
    const auto route = [&](bool is, std::string_view shape) {
        if (is) text += fmt::format(fmt::runtime(shape), declared.name);
    };
    route(declared.step, "  - {{ from: in, steps: [my-{}], to: out }}\n");
    route(declared.source, "  - {{ from: plugin/my-{}, to: out }}\n");
    route(declared.sink, "  - {{ from: in, to: plugin/my-{} }}\n");
    for (const auto& section : declared.sections) {
        if (section.name == "topics") text += "  - { from: in, to: topic/my-name }\n";
    }
    return text;
}

void write_plugin(JsonWriter& json, const Declared& declared) {
    json.begin_map().text("name", declared.name).text("version", declared.version);
    json.text("summary", declared.summary).text("file", declared.origin);
    json.key("kinds").begin_list();
    if (declared.step) json.text("step");
    if (declared.source) json.text("source");
    if (declared.sink) json.text("sink");
    if (declared.auth) json.text("auth");
    if (declared.engine) json.text("engine");
    json.end_list();
}

void write_options(JsonWriter& json, const Declared& declared) {
    write_rows(json, declared.options);
    if (declared.sections.empty()) return;
    json.key("sections").begin_list();
    for (const auto& section : declared.sections) {
        json.begin_map().text("name", section.name).text("help", section.help);
        write_rows(json, section.options);
        json.end_map();
    }
    json.end_list();
}

}  // namespace zbridge::cli
