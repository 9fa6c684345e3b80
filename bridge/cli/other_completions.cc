// zsh and fish: each has words with a line of help beside them.
#include <fmt/format.h>

#include "bridge/cli/completion_text.h"
#include "bridge/cli/described.h"

namespace zbridge::cli {

namespace {

// Within '...' of either shell, each of `obeyed` behind a backslash.
std::string quoted(std::string_view text, std::string_view obeyed) {
    std::string out;
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
            continue;
        }
        if (obeyed.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

std::string_view first_word(std::string_view name) {
    return name.substr(0, name.find(' '));
}

// ---- zsh ----

std::string zsh_words(std::string_view group) {
    std::string text;
    std::string_view last;
    for (const Command& command : commands()) {
        const std::string_view first = first_word(command.name);
        if (group.empty() && first != last) {
            const std::string help =
                is_group(first) ? fmt::format("commands of {}", first) : std::string(command.help);
            text += fmt::format(" '{}:{}'", first, quoted(help, ":"));
        } else if (command.name.starts_with(std::string(group) + " ")) {
            text += fmt::format(" '{}:{}'", command.name.substr(group.size() + 1),
                                quoted(command.help, ":"));
        }
        last = first;
    }
    return text;
}

std::string zsh_option(const DescribedOption& option) {
    const std::string help = quoted(option.help, "[]:");
    std::string action = "_files";
    if (!option.choices.empty()) action = fmt::format("({})", fmt::join(option.choices, " "));
    if (option.positional)
        return fmt::format(" '{}:{}:{}'", option.repeats ? "*" : "", quoted(option.name, ":"),
                           action);
    if (option.value.empty()) return fmt::format(" '{}[{}]'", option.name, help);
    return fmt::format(" '{}[{}]:{}:{}'", option.name, help, quoted(option.value, ":"), action);
}

// ---- fish ----

std::string fish_of(const Described& command) {
    const size_t blank = command.name.find(' ');
    const std::string_view first = first_word(command.name);
    std::string seen = fmt::format("__fish_seen_subcommand_from {}", first);
    if (blank != std::string_view::npos)
        seen += fmt::format("; and __fish_seen_subcommand_from {}", command.name.substr(blank + 1));
    std::string text;
    for (const DescribedOption& option : command.options) {
        std::string its = fmt::format("complete -c zbridge -n '{}'", seen);
        const std::string choices = fmt::format("{}", fmt::join(option.choices, " "));
        if (option.positional && option.choices.empty()) continue;
        if (!option.positional) its += fmt::format(" -l {}", option.name.substr(2));
        if (!option.letter.empty()) its += fmt::format(" -s {}", option.letter.substr(1));
        if (!option.value.empty()) its += " -r";
        if (!choices.empty()) its += fmt::format(" -f -a '{}'", choices);
        text += its + fmt::format(" -d '{}'\n", quoted(option.help, "\\"));
    }
    return text;
}

}  // namespace

std::string zsh_completion() {
    std::string cases;
    for (const std::string_view group : groups()) {
        cases += fmt::format(
            "        {})\n            (( CURRENT == 3 )) && {{ words_of=({}); _describe command "
            "words_of; return }} ;;\n",
            group, zsh_words(group));
    }
    std::string options;
    for (const Command& command : commands()) {
        const Described its = describe(command);
        options += fmt::format("        '{}') _arguments", its.name);
        for (const DescribedOption& option : its.options)
            options += zsh_option(option);
        options += " ;;\n";
    }
    return fmt::format(
        "#compdef zbridge\n# Completion of zbridge for zsh, made by `zbridge completion zsh`.\n\n"
        "_zbridge() {{\n    local -a words_of\n    local command=$words[2]\n"
        "    (( CURRENT == 2 )) && {{ words_of=({} 'help:print what a command takes'); _describe "
        "command words_of; return }}\n"
        "    case $command in\n{}    esac\n"
        "    case $command in\n        {}) command+=\" $words[3]\"; shift words; (( CURRENT-- )) "
        ";;\n    esac\n    shift words; (( CURRENT-- ))\n    case $command in\n{}    esac\n}}\n\n"
        "if [ \"$funcstack[1]\" = _zbridge ]; then _zbridge \"$@\"; else compdef _zbridge zbridge; "
        "fi\n",
        zsh_words(""), cases, fmt::join(groups(), " | "), options);
}

std::string fish_completion() {
    std::string text =
        "# Completion of zbridge for fish, made by `zbridge completion fish`.\n\n"
        "complete -c zbridge -f -n __fish_use_subcommand -a help -d 'print what a command takes'\n";
    std::string_view last;
    for (const Command& command : commands()) {
        const std::string_view first = first_word(command.name);
        const bool grouped = is_group(first);
        if (first != last) {
            text += fmt::format(
                "complete -c zbridge -f -n __fish_use_subcommand -a {} -d '{}'\n", first,
                quoted(grouped ? fmt::format("commands of {}", first) : std::string(command.help),
                       "\\"));
        }
        last = first;
        if (grouped) {
            text += fmt::format(
                "complete -c zbridge -f -n '__fish_seen_subcommand_from {}' -a {} -d '{}'\n", first,
                command.name.substr(first.size() + 1), quoted(command.help, "\\"));
        }
        text += fish_of(describe(command));
    }
    return text;
}

}  // namespace zbridge::cli
