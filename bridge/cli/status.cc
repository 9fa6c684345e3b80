// zbridge status [--peers] [--json] [--at PLACE]
#include <memory>

#include <CLI/CLI.hpp>

#include "bridge/cli/command.h"
#include "bridge/cli/locate.h"
#include "bridge/cli/status_text.h"
#include "bridge/net/dialled/ask.h"
#include "bridge/protocol/call.h"

namespace zbridge::cli {

namespace {

constexpr Duration kAnswerTime = std::chrono::seconds(5);

struct Options {
    std::string at;
    bool peers = false;
    bool json = false;
};

Exit status(const Options& options, Terminal& terminal) {
    const auto address = locate_bridge(options.at, terminal.environment);
    if (!address.ok()) {
        terminal.err << "zbridge: " << address.error().message() << "\n";
        return address.error().code() == Code::kUnavailable ? Exit::kNotReachable : Exit::kUsage;
    }
    protocol::Call call{"status", telemetry::Report::map()};
    call.args.add("peers", options.peers || options.json);
    const auto bytes = net::ask(*address, protocol::pack_call(call), kAnswerTime);
    if (!bytes.ok()) {
        terminal.err << "zbridge: " << bytes.error().message() << "\n";
        return Exit::kNotReachable;
    }
    const auto answer = protocol::unpack_answer(*bytes);
    if (!answer.ok()) {
        terminal.err << "zbridge: " << answer.error().message() << "\n";
        return Exit::kFailed;
    }
    if (options.json)
        terminal.out << answer->json(JsonWriter::Style::kIndented) << "\n";
    else
        terminal.out << status_text(*answer, options.peers, terminal.out_width);
    return Exit::kOk;
}

}  // namespace

Body declare_status(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option(
           "--at", options->at,
           "an address, data directory, admin socket or YAML file; else ZBRIDGE_AT, else this "
           "folder's bridge")
        ->type_name("PLACE");
    app.add_flag("--peers", options->peers, "a line for each connected peer too");
    app.add_flag("--json", options->json, "everything, peers included, as JSON");
    return [options](Terminal& terminal) { return status(*options, terminal); };
}

}  // namespace zbridge::cli
