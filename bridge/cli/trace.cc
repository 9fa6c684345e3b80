// zbridge trace ID
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/trace_text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

// All digests of a store, or all of it, may have to be read, twice.
constexpr Duration kTraceTime = std::chrono::minutes(10);

struct Options {
    std::string at, id;
    bool json = false;
};

bool has_leased(const Report& trace) {
    for (const Report& each : trace.at("now").items()) {
        if (each.at("state").text() == "leased") return true;
    }
    return false;
}

// The engine knows consumers by their numbers alone; the bridge knows who they are.
Report named(const Report& trace, const Report& status) {
    Report all = Report::map();
    for (const auto& [name, value] : trace.entries()) {
        if (name != "now") {
            all.add(name, value);
            continue;
        }
        Report& now = all.add(name, Report::list());
        for (Report each : value.items()) {
            if (each.at("state").text() == "leased") add_consumer(each, status);
            now.add(std::move(each));
        }
    }
    return all;
}

}  // namespace

Body declare_trace(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("ID", options->id,
                   "the message's: the 26 characters of its receipt; or its producer's own")
        ->required();
    declare_at(app, options->at);
    app.add_flag("--json", options->json, "everything, as JSON");
    return [options](Terminal& terminal) {
        Report args = Report::map();
        args.add("id", options->id);
        auto [trace, exit] =
            ask_bridge(options->at, "trace", std::move(args), terminal, kTraceTime);
        if (!trace) return exit;
        if (has_leased(*trace)) {
            const auto [status, asked] = ask_bridge(options->at, "status", Report::map(), terminal);
            if (!status) return asked;
            trace = named(*trace, *status);
        }
        terminal.out << (options->json ? trace->json(JsonWriter::Style::kIndented) + "\n"
                                       : trace_text(*trace, terminal.out_width));
        return Exit::kOk;
    };
}

}  // namespace zbridge::cli
