// zbridge check FILE [--strict] [--json]
#include <memory>

#include <CLI/CLI.hpp>

#include "bridge/app/catalog.h"
#include "bridge/base/clock.h"
#include "bridge/cli/command.h"
#include "bridge/cli/config_text.h"
#include "bridge/cli/findings_text.h"
#include "bridge/cli/watched_load.h"

namespace zbridge::cli {

namespace {

struct Options {
    std::string file;
    bool strict = false;
    bool json = false;
};

Exit check(const Options& options, Terminal& terminal) {
    const RealClock clock;
    const auto catalog = app::make_catalog(terminal.environment, clock);
    const auto loaded = load_watched(options.file, terminal, *catalog, clock);
    const bool failed = !loaded.config || (options.strict && !loaded.warnings.empty());
    if (options.json) {
        terminal.out << config_json(options.file, loaded, !failed);
    } else {
        print_findings(terminal.out, terminal.out_colour, loaded.errors);
        print_findings(terminal.out, terminal.out_colour, loaded.warnings);
        terminal.out << config_text(options.file, loaded, terminal.out_colour);
    }
    return failed ? Exit::kFindings : Exit::kOk;
}

}  // namespace

Body declare_check(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("FILE", options->file, "the YAML file")->required();
    app.add_flag("--strict", options->strict, "warnings are errors");
    app.add_flag("--json", options->json,
                 "findings, endpoints, services, topics and routes as JSON");
    return [options](Terminal& terminal) { return check(*options, terminal); };
}

}  // namespace zbridge::cli
