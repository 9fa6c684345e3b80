// zbridge call SERVICE BODY [--timeout TIME] [--json]
#include <iostream>
#include <iterator>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/time_text.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/conversations.h"
#include "bridge/cli/message_frames.h"
#include "bridge/cli/names.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

constexpr uint64_t kRef = 1;
// Where no --timeout is given the service's own ends it before.
constexpr Duration kLongest = std::chrono::hours(24 * 7);

struct Options {
    std::string at, service, body, timeout;
    bool json = false;
};

Status ask(const Options& options, Conversation& bridge) {
    Report fields = one_arg("ref", kRef);
    fields.add("service", options.service);
    if (const auto timeout = parse_duration(options.timeout)) {
        fields.add("timeout",
                   std::chrono::duration_cast<std::chrono::milliseconds>(*timeout).count());
    }
    std::string block;
    const std::string body = options.body == "-"
                                 ? std::string(std::istreambuf_iterator<char>(std::cin), {})
                                 : options.body;
    append_message(block, {body});
    return bridge.say("CALL", fields, block);
}

Exit show(const Options& options, const std::string& block, Terminal& terminal) {
    const auto messages = messages_in(block);
    if (!messages || messages->size() != 1)
        return failed({Code::kInvalid, "a REPLY whose block cannot be read"}, terminal);
    if (!options.json) {
        terminal.out << frames_text(messages->front(), terminal.out_width > 0);
        return Exit::kOk;
    }
    Report report = one_arg("service", options.service);
    Report& frames = report.add("frames", Report::list());
    for (const std::string& frame : messages->front())
        frames.add(frame);
    terminal.out << report.json(JsonWriter::Style::kIndented) << "\n";
    return Exit::kOk;
}

// "accounts: no_worker: no worker took the request in time"
Exit refused(const Options& options, const Report& why, Conversation& bridge, Terminal& terminal) {
    const std::string code = why.at("code").text();
    const Status told = protocol::status_of(why);
    const std::string text = told.code() != Code::kNotFound
                                 ? why.at("text").text()
                                 : refused_name(told, "service", options.service, bridge).message();
    terminal.err << fmt::format("zbridge: {}: {}: {}\n", options.service, code, text);
    if (options.json) {
        Report report = one_arg("service", options.service);
        report.add("code", why.at("code"));
        report.add("text", text);
        terminal.out << report.json(JsonWriter::Style::kIndented) << "\n";
    }
    return Exit::kFailed;
}

Exit call(const Options& options, Terminal& terminal) {
    const auto [bridge, exit] = open_session(
        options.at, {"calls", "this bridge has no services: its file has none under `services`"},
        terminal);
    if (!bridge) return exit;
    if (const Status status = ask(options, *bridge); !status.ok()) return failed(status, terminal);
    const auto timeout = parse_duration(options.timeout);
    const Duration patience = timeout ? *timeout + kAnswerTime : kLongest;
    for (;;) {
        const auto piece = bridge->hear(patience);
        if (!piece.ok()) return failed(piece.error(), terminal);
        if (piece->name == "REPLY") return show(options, piece->block, terminal);
        if (piece->name == "REFUSED") return refused(options, piece->fields, *bridge, terminal);
    }
}

}  // namespace

Body declare_call(CLI::App& app) {
    auto options = std::make_shared<Options>();
    add_name(app, "SERVICE", options->service, "service", "the service that is asked")->required();
    app.add_option("BODY", options->body, "what it is asked; -: standard input")->required();
    app.add_option("--timeout", options->timeout,
                   "how long to wait for the reply; else as long as the "
                   "service's `timeout`")
        ->check(wrong_duration)
        ->type_name("TIME");
    declare_at(app, options->at);
    app.add_flag("--json", options->json, "the frames of the reply, as JSON");
    return [options](Terminal& terminal) { return call(*options, terminal); };
}

}  // namespace zbridge::cli
