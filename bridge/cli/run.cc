// zbridge run FILE [--accept-loss] [--strict] [--skip N] [--fail-fast]
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "bridge/app/catalog.h"
#include "bridge/app/process.h"
#include "bridge/base/clock.h"
#include "bridge/cli/command.h"
#include "bridge/cli/findings_text.h"
#include "bridge/cli/watched_load.h"

namespace zbridge::cli {

namespace {

struct Options {
    std::string file;
    bool accept_loss = false, strict = false, fail_fast = false;
    std::optional<uint64_t> skip;
};

// Of the engine: for this start alone, which is why they are no lines of the file.
Status give_to_engine(const Options& given, settings::Config& config) {
    plugin::OptionValues values;
    const auto add = [&](const char* key, int64_t value) {
        plugin::OptionValue option;
        option.text = std::to_string(value);
        option.integer = value;
        values[key] = {std::move(option)};
    };
    if (given.accept_loss) add("accept_loss", 1);
    if (given.strict) add("strict", 1);
    if (given.fail_fast) add("fail_fast", 1);
    if (given.skip) add("skip", static_cast<int64_t>(*given.skip));
    if (values.empty()) return {};
    if (!config.engine)
        return {Code::kInvalid, given.file + ": there is no journal: its file has no `topics`"};
    auto& its = config.plugins[*config.engine].options.values;
    for (auto& [key, value] : values)
        its[key] = std::move(value);
    return {};
}

Exit run_file(const Options& given, Terminal& terminal) {
    const RealClock clock;
    const auto catalog = app::make_catalog(terminal.environment, clock);
    auto loaded = load_watched(given.file, terminal, *catalog, clock);
    print_findings(terminal.err, terminal.err_colour, loaded.errors);
    print_findings(terminal.err, terminal.err_colour, loaded.warnings);
    if (!loaded.config) return Exit::kFindings;
    Status status = give_to_engine(given, *loaded.config);
    if (status.ok()) status = app::run_process(*std::move(loaded.config), *catalog);
    if (status.ok()) return Exit::kOk;
    terminal.err << "zbridge: " << status.message() << "\n";
    return Exit::kFailed;
}

}  // namespace

Body declare_run(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("FILE", options->file, "the YAML file")->required();
    auto* accept =
        app.add_flag("--accept-loss", options->accept_loss,
                     "start although the journal is damaged: what cannot be read is lost");
    app.add_flag("--strict", options->strict, "refuse a journal that is not all as it was written")
        ->excludes(accept);
    app.add_option("--skip", options->skip, "leave the journal's batch of this number out")
        ->type_name("N");
    app.add_flag("--fail-fast", options->fail_fast,
                 "end the process when the journal cannot be written any more");
    return [options](Terminal& terminal) { return run_file(*options, terminal); };
}

}  // namespace zbridge::cli
