// zbridge bench compare A B
#include <memory>

#include <CLI/CLI.hpp>

#include "bridge/cli/bench/commands.h"
#include "bridge/cli/bench/saved.h"
#include "bridge/cli/conversations.h"

namespace zbridge::cli {

using namespace bench;

namespace {

struct Options {
    std::string first, second;
    bool json = false;
};

Exit compare(const Options& options, Terminal& terminal) {
    const auto first = load_figures(options.first);
    if (!first.ok()) return failed(first.error(), terminal);
    const auto second = load_figures(options.second);
    if (!second.ok()) return failed(second.error(), terminal);
    const telemetry::Report its = comparison(*first, *second);
    if (options.json)
        terminal.out << its.json(JsonWriter::Style::kIndented) << "\n";
    else
        terminal.out << comparison_text(its);
    return Exit::kOk;
}

}  // namespace

Body declare_bench_compare(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("BEFORE", options->first, "what a run has saved with --save")->required();
    app.add_option("AFTER", options->second, "what another has")->required();
    app.add_flag("--json", options->json, "the figures and their ratios, as JSON");
    return [options](Terminal& terminal) { return compare(*options, terminal); };
}

}  // namespace zbridge::cli
