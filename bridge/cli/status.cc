// zbridge status [--peers] [--json] [--at PLACE]
#include <memory>

#include <CLI/CLI.hpp>

#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/status_text.h"

namespace zbridge::cli {

namespace {

struct Options {
    std::string at;
    bool peers = false;
    bool json = false;
};

Exit status(const Options& options, Terminal& terminal) {
    telemetry::Report args = telemetry::Report::map();
    args.add("peers", options.peers || options.json);
    const auto [answer, exit] = ask_bridge(options.at, "status", std::move(args), terminal);
    if (!answer) return exit;
    if (options.json)
        terminal.out << answer->json(JsonWriter::Style::kIndented) << "\n";
    else
        terminal.out << status_text(*answer, options.peers, terminal.out_width);
    return Exit::kOk;
}

}  // namespace

Body declare_status(CLI::App& app) {
    auto options = std::make_shared<Options>();
    declare_at(app, options->at);
    app.add_flag("--peers", options->peers, "a line for each connected peer too");
    app.add_flag("--json", options->json, "everything, peers included, as JSON");
    return [options](Terminal& terminal) { return status(*options, terminal); };
}

}  // namespace zbridge::cli
