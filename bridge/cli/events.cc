// zbridge events [--follow] [--level LEVEL] [--max COUNT] [--json]
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/time_text.h"
#include "bridge/base/wait.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/conversations.h"
#include "bridge/cli/event_text.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/parts.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

constexpr Duration kLookEvery = std::chrono::milliseconds(250);
constexpr uint64_t kFollowMax = 10'000;  // of one look: more than there can be

struct Options {
    PartAsked asked;
    std::string level = "debug";
    uint64_t max = 100;
    bool follow = false;
};

Result<Report> ask(const Options& options, uint64_t after, uint64_t max, Conversation& bridge) {
    Report args = one_arg("after", after);
    args.add("level", options.level);
    args.add("max", max);
    return bridge.ask("events", std::move(args));
}

void show(const Options& options, const Report& answer, Terminal& terminal) {
    for (const Report& event : answer.at("events").items()) {
        terminal.out << (options.asked.json ? event.json(JsonWriter::Style::kOneLine) + "\n"
                                            : event_line(event));
    }
    terminal.out << std::flush;
}

// Until the bridge ends, or the reader does.
Exit follow(const Options& options, Report answer, Conversation& bridge, Terminal& terminal) {
    while (true) {
        show(options, answer, terminal);
        if (!terminal.out.good()) return Exit::kOk;
        wait_for(kLookEvery);
        auto next = ask(options, answer.at("last").number(), kFollowMax, bridge);
        if (!next.ok()) return failed(next.error(), terminal);
        if (cell(*next, "missing") == "true")
            terminal.err << "zbridge: events came faster than they were read: some are missing\n";
        answer = *std::move(next);
    }
}

Exit events(const Options& options, Terminal& terminal) {
    const auto [bridge, exit] =
        open_session(options.asked.at, {"admin", "this is no admin socket"}, terminal);
    if (!bridge) return exit;
    auto answer = ask(options, 0, options.max, *bridge);
    if (!answer.ok()) return failed(answer.error(), terminal);
    if (options.follow) return follow(options, *std::move(answer), *bridge, terminal);
    if (options.asked.json)
        terminal.out << answer->at("events").json(JsonWriter::Style::kIndented) << "\n";
    else if (answer->at("events").items().empty())
        terminal.out << "no events\n";
    else
        show(options, *answer, terminal);
    return Exit::kOk;
}

// A value as one word: in quotes if it is none.
std::string word_of(const Report& value) {
    const std::string text = value.text();
    const bool plain = !text.empty() && text.find_first_of(" \"=") == std::string::npos;
    return plain ? text : '"' + text + '"';
}

}  // namespace

std::string event_line(const Report& event) {
    std::string line = fmt::format(
        "{} {:<5} {:<8} {}", format_utc(static_cast<int64_t>(event.at("time_us").number())),
        cell(event, "level"), cell(event, "module"), cell(event, "message"));
    const auto& values = event.at("values").entries();
    for (const auto& [name, value] : values)
        line +=
            fmt::format("{}{}={}", name == values.front().first ? "  " : " ", name, word_of(value));
    return line + "\n";
}

Body declare_events(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_flag("-f,--follow", options->follow,
                 "and then those that come; with --json one a line");
    app.add_option("--level", options->level, "those at least as important; else debug: all")
        ->check(one_word_of("level", {"debug", "info", "warn", "error"}))
        ->type_name("LEVEL");
    app.add_option("--max", options->max, "at most so many, the newest; else 100")
        ->check(whole_number(1, 10'000))
        ->type_name("COUNT");
    declare_asked(app, options->asked);
    return [options](Terminal& terminal) { return events(*options, terminal); };
}

}  // namespace zbridge::cli
