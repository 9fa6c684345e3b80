#include "bridge/cli/plugin_check/settings.h"

#include <fmt/format.h>

#include "bridge/cli/plugin_text.h"
#include "bridge/settings/plugin_table.h"
#include "bridge/settings/yaml.h"

namespace zbridge::cli {

namespace {

using plugin::Declared;
using plugin::DeclaredOption;
using plugin::InstanceOptions;

std::optional<std::string> no_environment(const std::string&) {
    return std::nullopt;
}

// `text`: the YAML of a `config`.
Result<InstanceOptions, std::vector<std::string>> read(const Declared& declared,
                                                       const std::string& text) {
    const settings::Source source("options", text);
    settings::Findings findings(source);
    InstanceOptions options;
    options.name = "checked";
    options.use = declared.name;
    options.file = source.name();
    options.line = options.column = 1;
    const settings::PluginTable table(declared);
    const auto node = settings::read_yaml(no_environment, findings);
    const settings::Node none{settings::Node::Kind::kMap, {}, {}, {}, {}};
    const bool empty = !node || node->kind == settings::Node::Kind::kNothing;
    const auto section =
        settings::read_section(empty ? none : *node, table.table(), findings, "its table");
    options.values = table.values(section);
    std::vector<std::string> errors;
    for (const auto& finding : findings.of(settings::Finding::Severity::kError))
        errors.push_back(finding.message);
    if (!errors.empty()) return errors;
    return options;
}

std::vector<std::string> problems_of_row(const settings::Option& row, const std::string& key) {
    std::vector<std::string> found;
    settings::Option boundless = row;
    boundless.min = boundless.max = {};
    for (const auto& [what, bound] : {std::pair{"min", row.min}, std::pair{"max", row.max}}) {
        if (bound.empty()) continue;
        const auto read = settings::read_scalar(boundless, std::string(bound));
        if (!read.ok())
            found.push_back(
                fmt::format("option {}: its {}: {}", key, what, read.error().message()));
    }
    if (!found.empty() || row.fallback.empty()) return found;
    const auto fallback = settings::read_scalar(row, std::string(row.fallback));
    if (!fallback.ok())
        found.push_back(
            fmt::format("option {}: its fallback: {}", key, fallback.error().message()));
    return found;
}

}  // namespace

Result<InstanceOptions, std::vector<std::string>> sample_options(
    const Declared& declared, const std::vector<std::string>& given) {
    std::vector<OptionLine> lines;
    std::vector<std::string> keys;
    for (const std::string& one : given) {
        const size_t equals = one.find('=');
        if (equals == std::string::npos) {
            return std::vector<std::string>{
                fmt::format("--set {}: expected KEY=VALUE, as --set file=/tmp/x", one)};
        }
        keys.push_back(one.substr(0, equals));
        lines.push_back({keys.back(), one.substr(equals + 1)});
    }
    for (const DeclaredOption& option : declared.options) {
        const bool is_given = std::find(keys.begin(), keys.end(), option.key) != keys.end();
        if (option.required && !is_given) lines.push_back({option.key, example_of(option)});
    }
    return read(declared, option_lines(lines, 0));
}

std::vector<std::string> problems_of_table(const Declared& declared) {
    std::vector<std::string> found;
    const settings::PluginTable table(declared);
    for (const settings::Option& row : table.table().options()) {
        for (std::string& problem : problems_of_row(row, std::string(row.path)))
            found.push_back(std::move(problem));
    }
    if (!found.empty()) return found;
    std::vector<OptionLine> lines;
    for (const DeclaredOption& option : declared.options)
        lines.push_back({option.key, example_of(option)});
    const auto examples = read(declared, option_lines(lines, 0));
    if (examples.ok()) return {};
    for (const std::string& error : examples.error())
        found.push_back("the examples of its options: " + error);
    return found;
}

}  // namespace zbridge::cli
