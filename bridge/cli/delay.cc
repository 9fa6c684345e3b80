// zbridge delay ls|recall|reschedule
#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/time_text.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/message_text.h"
#include "bridge/cli/names.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

struct Options {
    std::string at, topic, id, to;
    bool json = false;
    uint64_t limit = 20;
};

std::shared_ptr<Options> declare(CLI::App& app) {
    auto options = std::make_shared<Options>();
    declare_at(app, options->at);
    app.add_flag("--json", options->json, "everything, as JSON");
    return options;
}

void declare_id(CLI::App& app, Options& options) {
    app.add_option("ID", options.id, "the message's: the 26 characters of its receipt")->required();
}

// "+10m" of now, by the bridge's clock; or a time. None: it is neither.
std::optional<Report> new_time_of(const std::string& to) {
    Report args = Report::map();
    if (to.starts_with("+")) {
        const auto in = parse_duration(std::string_view(to).substr(1));
        if (!in) return std::nullopt;
        const auto in_ms = std::chrono::ceil<std::chrono::milliseconds>(*in).count();
        args.add("in_ms", static_cast<uint64_t>(in_ms));
        return args;
    }
    const auto time_ms = parse_time_ms(to);
    if (!time_ms) return std::nullopt;
    args.add("time_ms", static_cast<uint64_t>(std::max<int64_t>(*time_ms, 0)));
    return args;
}

std::string topics_of(const Report& answer) {
    std::string names;
    for (const Report& each : answer.at("topics").items())
        names += (names.empty() ? "" : ", ") + each.text();
    return names;
}

// Those of a topic, a piece a call.
Exit ask_for_list(const Options& options, Report& messages, bool& more, Terminal& terminal) {
    Report args = Report::map();
    args.add("topic", options.topic);
    more = true;
    while (more && messages.items().size() < options.limit) {
        Report piece = args;
        piece.add("max", options.limit - messages.items().size());
        const auto [answer, exit] = ask_bridge(options.at, "delay ls", std::move(piece), terminal);
        if (!answer) return exit;
        for (const Report& each : answer->at("messages").items())
            messages.add(each);
        more = cell(*answer, "done") != "true";
        args = Report::map();
        args.add("topic", options.topic);
        args.add("due_ms", answer->at("due_ms"));
        args.add("offset", answer->at("offset"));
    }
    return Exit::kOk;
}

}  // namespace

Body declare_delay_ls(CLI::App& app) {
    auto options = declare(app);
    add_name(app, "TOPIC", options->topic, "topic", "the topic that they are for")->required();
    app.add_option("--limit", options->limit, "at most so many, the next ones; else 20")
        ->check(whole_number(1, kListedMax))
        ->type_name("COUNT");
    return [options](Terminal& terminal) {
        Report messages = Report::list();
        bool more = false;
        const Exit exit = ask_for_list(*options, messages, more, terminal);
        if (exit != Exit::kOk) return exit;
        if (options->json) {
            terminal.out << messages.json(JsonWriter::Style::kIndented) << "\n";
            return exit;
        }
        const std::string table = delayed_text(messages, terminal.out_width);
        if (!table.empty())
            terminal.out << table << (more ? "(there may be more: see --limit)\n" : "");
        else if (!more)
            terminal.out << "no message waits for its time\n";
        return exit;
    };
}

Body declare_delay_recall(CLI::App& app) {
    auto options = declare(app);
    declare_id(app, *options);
    return [options](Terminal& terminal) {
        Report args = Report::map();
        args.add("id", options->id);
        const auto [answer, exit] =
            ask_bridge(options->at, "delay recall", std::move(args), terminal);
        if (!answer) return exit;
        terminal.out << (options->json ? answer->json(JsonWriter::Style::kIndented) + "\n"
                                       : fmt::format("recalled {}: {} will not get it\n",
                                                     options->id, topics_of(*answer)));
        return Exit::kOk;
    };
}

Body declare_delay_reschedule(CLI::App& app) {
    auto options = declare(app);
    declare_id(app, *options);
    app.add_option("--to", options->to,
                   "its new time: 2026-11-24T10:00:00Z, milliseconds since 1970, or +10m: so long "
                   "from now on; one that is over: now")
        ->required()
        ->type_name("TIME|+DURATION");
    return [options](Terminal& terminal) {
        auto args = new_time_of(options->to);
        if (!args) {
            terminal.err << fmt::format(
                "zbridge: delay reschedule: --to {}: expected a time such as "
                "2026-11-24T10:00:00Z, milliseconds since 1970, or +10m\n",
                options->to);
            return Exit::kUsage;
        }
        args->add("id", options->id);
        const auto [answer, exit] =
            ask_bridge(options->at, "delay reschedule", *std::move(args), terminal);
        if (!answer) return exit;
        const auto due_us = static_cast<int64_t>(answer->at("due_ms").number()) * 1000;
        terminal.out << (options->json
                             ? answer->json(JsonWriter::Style::kIndented) + "\n"
                             : fmt::format("rescheduled {}: {} gets it at {}\n", options->id,
                                           topics_of(*answer), format_utc(due_us)));
        return Exit::kOk;
    };
}

}  // namespace zbridge::cli
