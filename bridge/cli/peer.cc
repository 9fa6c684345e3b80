// zbridge peer ls|show|kick
#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/names.h"
#include "bridge/cli/parts.h"
#include "bridge/cli/status_text.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

struct Options {
    PartAsked asked;
    std::string endpoint;
    uint64_t peer = 0;
    bool yes = false;
};

std::shared_ptr<Options> declare(CLI::App& app, bool peer) {
    auto options = std::make_shared<Options>();
    if (peer) app.add_option("PEER", options->peer, "its number, as `peer ls` has it")->required();
    declare_asked(app, options->asked);
    return options;
}

Report status_args() {
    return one_arg("peers", true);
}

Exit list(const Options& options, Terminal& terminal) {
    const auto [status, exit] = ask_bridge(options.asked.at, "status", status_args(), terminal);
    if (!status) return exit;
    const Report& endpoints = status->at("endpoints");
    if (!options.endpoint.empty() && named(endpoints, options.endpoint).is_null())
        return none_named(endpoints, "endpoint", options.endpoint, terminal);
    const Report peers = peers_of(endpoints, options.endpoint);
    if (options.asked.json)
        terminal.out << peers.json(JsonWriter::Style::kIndented) << "\n";
    else
        terminal.out << (peers.items().empty() ? "no peers\n"
                                               : peers_text(peers, terminal.out_width));
    return Exit::kOk;
}

Exit none_such(uint64_t peer, Terminal& terminal) {
    terminal.err << fmt::format("zbridge: there is no peer {} (see `peer ls`)\n", peer);
    return Exit::kFailed;
}

Exit show(const Options& options, Terminal& terminal) {
    const auto [status, exit] = ask_bridge(options.asked.at, "status", status_args(), terminal);
    if (!status) return exit;
    const Report peers = peers_of(status->at("endpoints"));
    const auto& all = peers.items();
    const auto its = std::find_if(all.begin(), all.end(), [&](const Report& each) {
        return each.at("id").number() == options.peer;
    });
    if (its == all.end()) return none_such(options.peer, terminal);
    terminal.out << (options.asked.json ? its->json(JsonWriter::Style::kIndented) + "\n"
                                        : values_text(*its));
    return Exit::kOk;
}

Exit kick(const Options& options, Terminal& terminal) {
    const std::string question = fmt::format(
        "End the connection of peer {}? What it has and has not settled or answered is lost to it.",
        options.peer);
    if (!is_confirmed(options.yes, question, terminal)) return Exit::kFailed;
    const auto [answer, exit] =
        ask_bridge(options.asked.at, "peer kick", one_arg("peer", options.peer), terminal);
    if (!answer) return exit;
    terminal.out << (options.asked.json
                         ? answer->json(JsonWriter::Style::kIndented) + "\n"
                         : fmt::format("ended the connection of {} {} at {}; a ZeroMQ socket "
                                       "connects again by itself\n",
                                       cell(*answer, "type"), printable(cell(*answer, "address")),
                                       cell(*answer, "endpoint")));
    return Exit::kOk;
}

}  // namespace

Body declare_peer_ls(CLI::App& app) {
    auto options = declare(app, /*peer=*/false);
    add_name(app, "ENDPOINT", options->endpoint, "endpoint", "those of this endpoint alone");
    return [options](Terminal& terminal) { return list(*options, terminal); };
}

Body declare_peer_show(CLI::App& app) {
    auto options = declare(app, /*peer=*/true);
    return [options](Terminal& terminal) { return show(*options, terminal); };
}

Body declare_peer_kick(CLI::App& app) {
    auto options = declare(app, /*peer=*/true);
    app.add_flag("--yes", options->yes, "do not ask");
    return [options](Terminal& terminal) { return kick(*options, terminal); };
}

}  // namespace zbridge::cli
