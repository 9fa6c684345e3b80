// zbridge plugin ls [--json]
#include <algorithm>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/app/catalog.h"
#include "bridge/base/clock.h"
#include "bridge/cli/command.h"
#include "bridge/cli/plugin_text.h"
#include "bridge/cli/table.h"

namespace zbridge::cli {

namespace {

namespace fs = std::filesystem;

struct Found {
    std::vector<const plugin::Declared*> plugins;
    std::vector<std::string> failures;  // files that are no plugins that load
};

// Those linked in, then the files of each search folder by their names.
Found look(plugin::Catalog& catalog) {
    Found found;
    for (const std::string& name : catalog.names())
        found.plugins.push_back(*catalog.find(name, ""));
    for (const std::string& folder : catalog.folders()) {
        std::vector<std::string> files;
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(folder, ignored)) {
            if (entry.path().extension() == ".so") files.push_back(entry.path().string());
        }
        std::sort(files.begin(), files.end());
        for (const std::string& file : files) {
            const auto loaded = catalog.find(file, "");
            if (loaded.ok())
                found.plugins.push_back(*loaded);
            else
                found.failures.push_back(loaded.error().message());
        }
    }
    return found;
}

Exit list_plugins(bool as_json, Terminal& terminal) {
    const RealClock clock;
    const auto catalog = app::make_catalog(terminal.environment, clock);
    const Found found = look(*catalog);
    if (as_json) {
        JsonWriter json;
        json.begin_map().key("plugins").begin_list();
        for (const auto* declared : found.plugins) {
            write_plugin(json, *declared);
            json.end_map();
        }
        json.end_list().key("failures").begin_list();
        for (const std::string& failure : found.failures)
            json.text(failure);
        terminal.out << json.end_list().end_map().take() << "\n";
        return Exit::kOk;
    }
    Table table({"name", "version", "is", "summary", "file"}, {"version"});
    for (const auto* declared : found.plugins) {
        table.add({declared->name, declared->version, kinds_text(*declared), declared->summary,
                   declared->origin});
    }
    terminal.out << table.text(terminal.out_width);
    for (const std::string& failure : found.failures)
        terminal.out << "does not load: " << failure << "\n";
    return Exit::kOk;
}

}  // namespace

Body declare_plugin_ls(CLI::App& app) {
    auto json = std::make_shared<bool>(false);
    app.add_flag("--json", *json, "the same as JSON");
    return [json](Terminal& terminal) { return list_plugins(*json, terminal); };
}

}  // namespace zbridge::cli
