// zbridge schema [--yaml | --markdown]
#include <memory>

#include <CLI/CLI.hpp>

#include "bridge/app/catalog.h"
#include "bridge/base/clock.h"
#include "bridge/cli/command.h"
#include "bridge/settings/file_table.h"
#include "bridge/settings/reference.h"
#include "bridge/settings/schema.h"

namespace zbridge::cli {

Body declare_schema(CLI::App& app) {
    struct Options {
        bool yaml = false, markdown = false;
    };
    auto options = std::make_shared<Options>();
    auto* yaml = app.add_flag("--yaml", options->yaml,
                              "every key with its default and its help, as a YAML file");
    app.add_flag("--markdown", options->markdown, "the same as tables")->excludes(yaml);
    return [options](Terminal& terminal) {
        const RealClock clock;
        const auto catalog = app::make_catalog(terminal.environment, clock);
        const settings::FileTable file(*catalog);
        const auto& table = file.table();
        if (options->yaml)
            terminal.out << settings::reference_yaml(table);
        else if (options->markdown)
            terminal.out << settings::reference_markdown(table);
        else
            terminal.out << settings::json_schema(table);
        return Exit::kOk;
    };
}

}  // namespace zbridge::cli
