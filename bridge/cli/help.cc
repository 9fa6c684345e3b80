// zbridge help [COMMAND], zbridge help --man [GROUP] | --man-to FOLDER | --markdown
#include "bridge/cli/help.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "bridge/cli/described.h"
#include "bridge/cli/manual.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

Exit write_pages(const std::string& folder, Terminal& terminal) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    for (const auto& [name, text] : man_pages()) {
        const std::string path = folder + "/" + name;
        std::ofstream file(path, std::ios::binary | std::ios::trunc);
        if (!(file << text << std::flush)) {
            terminal.err << "zbridge: cannot write " << path << "\n";
            return Exit::kFailed;
        }
    }
    return Exit::kOk;
}

// Those whose names begin so.
std::vector<NamedText> commands_of(const std::string& beginning) {
    std::vector<NamedText> rows;
    for (const Command& command : commands()) {
        if (command.name.starts_with(beginning)) rows.emplace_back(command.name, command.help);
    }
    return rows;
}

}  // namespace

std::string list_of(std::string_view group, size_t width) {
    return named_rows(commands_of(std::string(group) + " "), width);
}

std::string overview(size_t width) {
    std::vector<NamedText> rows = commands_of("");
    rows.emplace_back("help", "print this, or what `zbridge help COMMAND` takes");
    const auto paragraph = [&](const std::string& text) {
        return (width == 0 ? text : wrapped(text, width)) + "\n";
    };
    return paragraph(
               "zbridge: a message bridge that existing ZeroMQ programs connect to unchanged") +
           "\nusage: zbridge COMMAND [options]\n\n" + named_rows(rows, width) + "\n" +
           paragraph(
               "exit: 0 ok, 1 failed, 2 wrong usage, 3 no bridge answers, 4 check found errors or "
               "damage");
}

std::optional<Exit> print_manual(const std::vector<std::string>& arguments, Terminal& terminal) {
    if (arguments.empty()) return std::nullopt;
    const std::string& what = arguments[0];
    const bool alone = arguments.size() == 1;
    if (what == "--markdown" && alone) {
        terminal.out << commands_markdown();
        return Exit::kOk;
    }
    if (what == "--man-to" && arguments.size() == 2) return write_pages(arguments[1], terminal);
    if (what != "--man") return std::nullopt;
    if (!alone && (arguments.size() > 2 || !is_group(arguments[1]))) return std::nullopt;
    terminal.out << man_page(alone ? "" : arguments[1]);
    return Exit::kOk;
}

}  // namespace zbridge::cli
