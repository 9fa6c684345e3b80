// zbridge run FILE
#include <memory>

#include <CLI/CLI.hpp>

#include "bridge/app/catalog.h"
#include "bridge/app/process.h"
#include "bridge/base/clock.h"
#include "bridge/cli/command.h"
#include "bridge/cli/findings_text.h"
#include "bridge/cli/watched_load.h"

namespace zbridge::cli {

namespace {

Exit run_file(const std::string& file, Terminal& terminal) {
    const RealClock clock;
    const auto catalog = app::make_catalog(terminal.environment, clock);
    const auto loaded = load_watched(file, terminal, *catalog, clock);
    print_findings(terminal.err, terminal.err_colour, loaded.errors);
    print_findings(terminal.err, terminal.err_colour, loaded.warnings);
    if (!loaded.config) return Exit::kFindings;
    const Status status = app::run_process(*loaded.config, *catalog);
    if (status.ok()) return Exit::kOk;
    terminal.err << "zbridge: " << status.message() << "\n";
    return Exit::kFailed;
}

}  // namespace

Body declare_run(CLI::App& app) {
    auto file = std::make_shared<std::string>();
    app.add_option("FILE", *file, "the YAML file")->required();
    return [file](Terminal& terminal) { return run_file(*file, terminal); };
}

}  // namespace zbridge::cli
