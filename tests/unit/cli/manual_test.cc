// Help, man pages, the document of all commands and completions: one table, and all of it in each.
#include "bridge/cli/manual.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "bridge/cli/completion_text.h"
#include "bridge/cli/described.h"
#include "tests/unit/cli/ran.h"
#include "tests/unit/support/temp_folder.h"

using namespace zbridge;
using namespace zbridge::testing;
using cli::Exit;

namespace {

std::string first_word(std::string_view name) {
    return std::string(name.substr(0, name.find(' ')));
}

std::string file_text(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// As troff has it.
std::string escaped(std::string text) {
    for (size_t at = 0; (at = text.find('-', at)) != std::string::npos; at += 2)
        text.insert(at, "\\");
    return text;
}

}  // namespace

TEST_CASE("every command has help, with each thing that it takes") {
    for (const cli::Command& command : cli::commands()) {
        CAPTURE(command.name);
        const Ran ran = run({"help", std::string(command.name)});
        const cli::Described its = cli::describe(command);
        const std::string help = cli::help_of(its);
        CHECK(has(help, "usage: zbridge " + std::string(command.name)));
        CHECK_FALSE(command.help.empty());
        CHECK_FALSE(command.help.ends_with("."));
        std::vector<std::string> words{"help"};
        std::istringstream name{std::string(command.name)};
        for (std::string word; name >> word;)
            words.push_back(word);
        CHECK(run(words).out == help);
        for (const cli::DescribedOption& option : its.options) {
            CAPTURE(option.name);
            CHECK(has(help, option.name));
            CHECK_FALSE(option.help.empty());
        }
    }
}

TEST_CASE("every command and option is in its man page") {
    for (const cli::Command& command : cli::commands()) {
        CAPTURE(command.name);
        const std::string first = first_word(command.name);
        const std::string page = cli::man_page(cli::is_group(first) ? first : "");
        CHECK(has(page, escaped(".SS \"zbridge " + std::string(command.name))));
        for (const cli::DescribedOption& option : cli::describe(command).options) {
            CAPTURE(option.name);
            CHECK(has(page, ".B " + escaped(cli::words_of(option)) + "\n"));
        }
    }
    CHECK(has(cli::man_page(), "zbridge\\-topic (1)"));
    CHECK(run({"help", "--man"}).out == cli::man_page());
    CHECK(run({"help", "--man", "topic"}).out == cli::man_page("topic"));
    CHECK(run({"help", "--man", "no-such"}).exit == Exit::kUsage);
    CHECK(cli::man_pages().size() == 1 + cli::groups().size());
}

TEST_CASE("man pages are written where a build wants them") {
    const testing::TempFolder folder;
    const std::string to = folder / "man1";
    CHECK(run({"help", "--man-to", to}).exit == Exit::kOk);
    CHECK(file_text(to + "/zbridge.1") == cli::man_page());
    CHECK(file_text(to + "/zbridge-dead.1") == cli::man_page("dead"));
    CHECK(run({"help", "--man-to", to + "/zbridge.1/below"}).exit == Exit::kFailed);
}

TEST_CASE("every command and option is in the completions of every shell") {
    const std::string bash = cli::bash_completion();
    const std::string zsh = cli::zsh_completion(), fish = cli::fish_completion();
    for (const cli::Command& command : cli::commands()) {
        CAPTURE(command.name);
        const std::string name(command.name);
        CHECK(has(zsh, "'" + name + "') _arguments"));
        for (const std::string* script : {&bash, &zsh, &fish})
            CHECK(has(*script, name.substr(name.find(' ') + 1)));
        for (const cli::DescribedOption& option : cli::describe(command).options) {
            if (option.positional) continue;
            CAPTURE(option.name);
            CHECK(has(bash, option.name));
            CHECK(has(zsh, option.name + "["));
            CHECK(has(fish, " -l " + option.name.substr(2) + " "));
        }
    }
    CHECK(run({"completion", "bash"}).out == bash);
    CHECK(run({"completion", "zsh"}).out == zsh);
    CHECK(run({"completion", "fish"}).out == fish);
    CHECK(run({"completion", "tcsh"}).exit == Exit::kUsage);
}

TEST_CASE("docs/COMMANDS.md is what the table says") {
    const std::string path = ZBRIDGE_SOURCE_DIR "/docs/COMMANDS.md";
    const std::string made = run({"help", "--markdown"}).out;
    if (std::getenv("ZB_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << made;
    }
    CHECK(file_text(path) == made);
}
