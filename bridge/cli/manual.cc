#include "bridge/cli/manual.h"

#include <fmt/format.h>

#include "bridge/cli/described.h"

namespace zbridge::cli {

namespace {

constexpr std::string_view kSummary =
    "a message bridge that existing ZeroMQ programs connect to unchanged";

struct ExitRow {
    int code;
    std::string_view meaning;
};
constexpr ExitRow kExits[] = {
    {0, "done; of run: ended as it was asked to"},
    {1, "failed; of health: the bridge is not well"},
    {2, "the command line is wrong"},
    {3, "no bridge answers"},
    {4,
     "the YAML file has errors, with --strict also for warnings; of journal check and scrub: "
     "damage"},
};

// As text of troff: what it would obey is escaped.
std::string troff(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '\\')
            escaped += "\\e";
        else if (c == '-')
            escaped += "\\-";
        else if (c == '\'')
            escaped += "\\(aq";
        else if (c == '`')
            escaped += "\\(ga";
        else
            escaped += c;
    }
    return escaped.starts_with('.') ? "\\&" + escaped : escaped;
}

bool belongs(const Command& command, std::string_view group) {
    const bool of_group = command.name.starts_with(std::string(group) + " ");
    return group.empty() ? !is_group(command.name.substr(0, command.name.find(' '))) : of_group;
}

std::string man_of(const Described& command) {
    std::string text =
        fmt::format(".SS \"zbridge {}\"\n{}.\n", troff(usage_of(command)), troff(command.help));
    for (const DescribedOption& option : command.options)
        text += fmt::format(".TP\n.B {}\n{}\n", troff(words_of(option)), troff(option.help));
    return text;
}

std::string synopsis(std::string_view group) {
    if (!group.empty()) return fmt::format(".B zbridge {}\nCOMMAND [options]\n", troff(group));
    return ".B zbridge\nCOMMAND [options]\n.br\n.B zbridge help\n[COMMAND]\n";
}

std::string see_also(std::string_view group) {
    std::string text = ".SH SEE ALSO\n";
    if (!group.empty()) return text + ".BR zbridge (1)\n";
    const char* between = "";
    for (const std::string_view each : groups()) {
        text += fmt::format("{}.BR zbridge\\-{} (1)", between, troff(each));
        between = ",\n";
    }
    return text + "\n";
}

std::string markdown_of(const Described& command) {
    std::string text = fmt::format("\n### `zbridge {}`\n\n{}.\n", usage_of(command), command.help);
    if (command.options.empty()) return text;
    text += "\n| | |\n| --- | --- |\n";
    for (const DescribedOption& option : command.options) {
        std::string help;
        for (const char c : option.help)
            help += c == '|' ? "\\|" : std::string(1, c);
        text += fmt::format("| `{}` | {} |\n", words_of(option), help);
    }
    return text;
}

}  // namespace

std::string man_page(std::string_view group) {
    const std::string name = group.empty() ? "zbridge" : fmt::format("zbridge-{}", group);
    std::string text = fmt::format(
        ".\\\" Made by `zbridge help --man`.\n.TH {} 1 \"\" \"zbridge {}\" \"zbridge\"\n"
        ".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}",
        troff(name), ZBRIDGE_VERSION, troff(name),
        group.empty() ? std::string(kSummary)
                      : fmt::format("the {} commands of zbridge(1)", troff(group)),
        synopsis(group));
    text += ".SH COMMANDS\n";
    for (const Command& command : commands()) {
        if (belongs(command, group)) text += man_of(describe(command));
    }
    text += ".SH EXIT STATUS\n";
    for (const auto& [code, meaning] : kExits)
        text += fmt::format(".TP\n.B {}\n{}\n", code, troff(meaning));
    text +=
        ".SH ENVIRONMENT\n.TP\n.B ZBRIDGE_AT\nthe bridge that is asked where there is no "
        "\\-\\-at\n.TP\n.B NO_COLOR\nset and not empty: no colours\n";
    return text + see_also(group);
}

std::vector<std::pair<std::string, std::string>> man_pages() {
    std::vector<std::pair<std::string, std::string>> pages{{"zbridge.1", man_page()}};
    for (const std::string_view group : groups())
        pages.emplace_back(fmt::format("zbridge-{}.1", group), man_page(group));
    return pages;
}

std::string commands_markdown() {
    std::string text =
        "# The commands\n\nMade by `zbridge help --markdown` from the table that the program "
        "itself "
        "uses. How they are used, by what one wants to do: [OPERATING.md](OPERATING.md).\n\n"
        "| exit code | means |\n| --- | --- |\n";
    for (const auto& [code, meaning] : kExits)
        text += fmt::format("| {} | {} |\n", code, meaning);
    text += "\n## The bridge\n";
    for (const Command& command : commands()) {
        if (belongs(command, "")) text += markdown_of(describe(command));
    }
    for (const std::string_view group : groups()) {
        text += fmt::format("\n## {}\n", group);
        for (const Command& command : commands()) {
            if (belongs(command, group)) text += markdown_of(describe(command));
        }
    }
    return text;
}

}  // namespace zbridge::cli
