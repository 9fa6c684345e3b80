#include "bridge/cli/described.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

// Of a type such as "KIND:{step,source}".
std::vector<std::string> choices_of(const std::string& type) {
    const size_t begin = type.find('{'), end = type.find('}');
    if (begin == std::string::npos || end == std::string::npos) return {};
    std::vector<std::string> choices(1);
    for (const char c : type.substr(begin + 1, end - begin - 1)) {
        if (c == ',')
            choices.emplace_back();
        else
            choices.back() += c;
    }
    return choices;
}

DescribedOption described(const CLI::Option& option) {
    DescribedOption its;
    its.positional = option.get_positional();
    its.name = its.positional ? option.get_name(true) : "--" + option.get_lnames()[0];
    if (!option.get_snames().empty()) its.letter = "-" + option.get_snames()[0];
    its.help = option.get_description();
    its.required = option.get_required();
    its.repeats = option.get_items_expected_max() > 1;
    const std::string type = option.get_type_name();
    if (!its.positional && option.get_items_expected_max() > 0)
        its.value = type.substr(0, type.find(':'));
    its.choices = choices_of(type);
    return its;
}

// "check", "FILE", "[--strict]"
std::vector<std::string> usage_words(const Described& command) {
    std::vector<std::string> words{std::string(command.name)};
    for (const DescribedOption& option : command.options) {
        const std::string word = option.name + (option.value.empty() ? "" : " " + option.value);
        words.push_back(option.required ? word : fmt::format("[{}]", word));
        if (option.positional && option.repeats) words.back() += "...";
    }
    return words;
}

}  // namespace

bool is_group(std::string_view word) {
    const auto all = commands();
    return std::any_of(all.begin(), all.end(), [&](const Command& command) {
        return command.name.starts_with(word) && command.name.substr(word.size()).starts_with(" ");
    });
}

std::vector<std::string_view> groups() {
    std::vector<std::string_view> words;
    for (const Command& command : commands()) {
        const std::string_view word = command.name.substr(0, command.name.find(' '));
        const bool is_known = std::find(words.begin(), words.end(), word) != words.end();
        if (is_group(word) && !is_known) words.push_back(word);
    }
    return words;
}

Described describe(const Command& command) {
    CLI::App app;
    (void)command.declare(app);  // nothing of it is run
    Described described_command{command.name, command.help, {}};
    for (const auto* option : app.get_options()) {
        if (option == app.get_help_ptr()) continue;
        if (option->get_positional() || !option->get_lnames().empty())
            described_command.options.push_back(described(*option));
    }
    return described_command;
}

std::string words_of(const DescribedOption& option) {
    return (option.letter.empty() ? "" : option.letter + ", ") + option.name +
           (option.value.empty() ? "" : " " + option.value);
}

std::string usage_of(const Described& command) {
    return fmt::format("{}", fmt::join(usage_words(command), " "));
}

std::string help_of(const Described& command, size_t width) {
    constexpr size_t kUsageIndent = 8;
    std::vector<NamedText> rows;
    for (const DescribedOption& option : command.options)
        rows.emplace_back(words_of(option), option.help);
    std::vector<std::string> usage = usage_words(command);
    usage.front().insert(0, "usage: zbridge ");
    return fmt::format(
        "{}: {}\n\n{}\n{}{}", command.name, command.help,
        wrapped(usage, width == 0 ? std::numeric_limits<size_t>::max() : width, kUsageIndent),
        rows.empty() ? "" : "\n", named_rows(rows, width));
}

}  // namespace zbridge::cli
