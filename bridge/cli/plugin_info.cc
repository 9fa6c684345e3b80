// zbridge plugin info NAME|FILE.so [--json]
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/app/catalog.h"
#include "bridge/base/clock.h"
#include "bridge/base/nearest.h"
#include "bridge/cli/command.h"
#include "bridge/cli/plugin_text.h"
#include "bridge/cli/table.h"

namespace zbridge::cli {

namespace {

std::string options_text(const std::vector<plugin::DeclaredOption>& options) {
    Table table({"option", "type", "default", "range"});
    for (const auto& option : options) {
        table.add({option.key + (option.required ? " (required)" : ""), type_text(option),
                   option.fallback, range_text(option)});
    }
    std::string text = table.empty() ? "" : "\n" + table.text() + "\n";
    for (const auto& option : options)
        text += fmt::format("{}: {}\n", option.key, option.help);
    return text;
}

std::string info_text(const plugin::Declared& declared, const std::string& use) {
    std::string text = fmt::format("{} {}: {}\n{}\n", declared.name, declared.version,
                                   kinds_text(declared), declared.summary);
    if (!declared.origin.empty()) text += declared.origin + "\n";
    text += options_text(declared.options);
    for (const auto& section : declared.sections)
        text +=
            fmt::format("\n{}: {}\n", section.name, section.help) + options_text(section.options);
    return text + "\n" + example_yaml(declared, use);
}

Exit info(const std::string& which, bool as_json, Terminal& terminal) {
    const RealClock clock;
    const auto catalog = app::make_catalog(terminal.environment, clock);
    const bool is_file = which.find('/') == std::string::npos && which.ends_with(".so");
    const std::string use = is_file ? "./" + which : which;
    const auto found = catalog->find(use, "");
    if (!found.ok()) {
        const auto names = catalog->names();
        terminal.err << "zbridge: " << found.error().message()
                     << did_you_mean(which, {names.begin(), names.end()}) << "\n";
        return Exit::kFailed;
    }
    if (as_json) {
        JsonWriter json;
        write_plugin(json, **found);
        write_options(json, **found);
        json.text("example", example_yaml(**found, use));
        terminal.out << json.end_map().take() << "\n";
    } else {
        terminal.out << info_text(**found, use);
    }
    return Exit::kOk;
}

}  // namespace

Body declare_plugin_info(CLI::App& app) {
    struct Options {
        std::string which;
        bool json = false;
    };
    auto options = std::make_shared<Options>();
    app.add_option("PLUGIN", options->which,
                   "a name, as `plugin ls` shows it, or a file: ./NAME.so")
        ->required();
    app.add_flag("--json", options->json, "the same as JSON");
    return [options](Terminal& terminal) { return info(options->which, options->json, terminal); };
}

}  // namespace zbridge::cli
