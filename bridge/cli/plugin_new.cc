// zbridge plugin new NAME --kind step|source|sink [--lang cpp|c]
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/check.h"
#include "bridge/base/json_writer.h"
#include "bridge/cli/command.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/templates.h"
#include "bridge/settings/finding.h"
#include "bridge/settings/units.h"

namespace zbridge::cli {

namespace {

namespace fs = std::filesystem;

struct Options {
    std::string name;
    std::string kind;
    std::string language = "cpp";
    bool json = false;
};

using Words = std::vector<std::pair<std::string, std::string>>;

// Targets that every CMake project has, and the package's own name.
constexpr std::array<std::string_view, 9> kTaken = {
    "all", "clean", "depend", "help", "install", "package", "project", "test", "zbridge"};

// "price-filter" -> "PriceFilter"; of one that begins with a digit: "Plugin7".
std::string class_name(const std::string& name) {
    const bool digit_first = name[0] >= '0' && name[0] <= '9';
    std::string text = digit_first ? "Plugin" : "";
    bool upper = true;
    for (const char letter : name) {
        const bool separator = letter == '-' || letter == '_';
        const bool small = letter >= 'a' && letter <= 'z';
        if (!separator) text += upper && small ? static_cast<char>(letter - 'a' + 'A') : letter;
        upper = separator;
    }
    return text;
}

std::string filled(std::string text, const Words& words) {
    for (const auto& [key, word] : words) {
        const std::string mark = "{{" + key + "}}";
        for (size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += word.size())
            text.replace(at, mark.size(), word);
    }
    return text;
}

constexpr std::string_view kUnknownPrefix = " -DCMAKE_PREFIX_PATH=PREFIX";
constexpr std::string_view kPrefixNote =
    "PREFIX is where zbridge is installed; from its source tree: `cmake --install build/release "
    "--prefix PREFIX`.";

// For CMake: where this zbridge is installed; empty where it looks by itself, and where this one is
// not installed.
std::string prefix_option() {
    std::error_code ignored;
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
    const fs::path prefix = program.parent_path().parent_path();
    if (!fs::exists(prefix / "lib/cmake/zbridge", ignored)) return std::string(kUnknownPrefix);
    if (prefix == "/usr" || prefix == "/usr/local") return "";
    return fmt::format(" -DCMAKE_PREFIX_PATH={}", prefix.string());
}

// For people who have only built it: what PREFIX is; else nothing.
std::string prefix_note(std::string_view before, std::string_view behind) {
    if (prefix_option() != kUnknownPrefix) return "";
    return fmt::format("{}{}{}", before, kPrefixNote, behind);
}

std::optional<std::string> problem_of(const Options& options) {
    if (!settings::is_name(options.name))
        return fmt::format(
            "{} is no name for a plugin: expected 1 to 63 of a-z, 0-9, `_` and `-`, "
            "a letter or a digit first",
            settings::in_quotes(options.name));
    if (std::find(kTaken.begin(), kTaken.end(), options.name) != kTaken.end())
        return fmt::format("\"{}\" means something else to CMake: expected another name",
                           options.name);
    std::error_code ignored;
    if (fs::symlink_status(options.name, ignored).type() != fs::file_type::not_found)
        return fmt::format("./{} is there already: nothing was written", options.name);
    return std::nullopt;
}

Exit make_folder(const Options& options, Terminal& terminal) {
    if (const auto problem = problem_of(options)) {
        terminal.err << "zbridge: plugin new: " << *problem << "\n";
        return Exit::kUsage;
    }
    const std::string extension = options.language == "c" ? "c" : "cc";
    const Words words{{"name", options.name},      {"class", class_name(options.name)},
                      {"kind", options.kind},      {"lang", extension},
                      {"prefix", prefix_option()}, {"prefix_note", prefix_note("\n\n", "")}};
    const std::vector<std::pair<std::string, std::string>> files{
        {"CMakeLists.txt", "CMakeLists.txt"},
        {options.kind + "." + extension, options.name + "." + extension},
        {options.kind + "_test.cc", options.name + "_test.cc"},
        {options.kind + ".yaml", options.name + ".yaml"},
        {"README.md", "README.md"}};
    std::error_code error;
    fs::create_directory(options.name, error);
    for (const auto& [from, to] : files) {
        const auto found = templates().find(from);
        ZB_CHECK(found != templates().end(), from);
        std::ofstream file(fs::path(options.name) / to, std::ios::binary);
        file << filled(found->second, words);
        file.close();
        if (file) continue;
        terminal.err << fmt::format("zbridge: plugin new: {}/{} cannot be written{}\n",
                                    options.name, to, error ? ": " + error.message() : "");
        return Exit::kFailed;
    }
    if (options.json) {
        JsonWriter json;
        json.begin_map().text("folder", options.name).key("files").begin_list();
        for (const auto& [from, to] : files)
            json.text(to);
        terminal.out << json.end_list().end_map().take() << "\n";
        return Exit::kOk;
    }
    terminal.out << fmt::format(
        "{0}/ has a {1} that builds, with a test. Next:\n\n"
        "  cd {0}\n"
        "  cmake -S . -B build{2} && cmake --build build && ctest --test-dir build\n"
        "  zbridge plugin check build/{0}.so\n"
        "  zbridge run {0}.yaml\n{3}",
        options.name, options.kind, prefix_option(), prefix_note("\n", "\n"));
    return Exit::kOk;
}

}  // namespace

Body declare_plugin_new(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("NAME", options->name, "of the plugin, and of the folder that is made for it")
        ->required();
    app.add_option("--kind", options->kind, "what it is to be: step, source or sink")
        ->required()
        ->type_name("KIND")
        ->check(one_word_of("kind", {"step", "source", "sink"}));
    app.add_option("--lang", options->language, "what it is written in: cpp (C++17) or c (C99)")
        ->type_name("LANG")
        ->check(one_word_of("language", {"cpp", "c"}));
    app.add_flag("--json", options->json, "say as JSON which files were written");
    return [options](Terminal& terminal) { return make_folder(*options, terminal); };
}

}  // namespace zbridge::cli
