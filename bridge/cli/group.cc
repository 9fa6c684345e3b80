// zbridge group ls|show|pending|reset|pause|resume|rm
#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/time_text.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/group_text.h"
#include "bridge/cli/names.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

struct Options {
    std::string at, group, to, until, consumer;
    bool json = false, yes = false;
    uint32_t max = 20;
};

std::shared_ptr<Options> declare(CLI::App& app, bool group) {
    auto options = std::make_shared<Options>();
    if (group) add_name(app, "GROUP", options->group, "group", "the group's name")->required();
    declare_at(app, options->at);
    app.add_flag("--json", options->json, "everything, as JSON");
    return options;
}

void declare_consumer(CLI::App& app, Options& options) {
    app.add_option("--consumer", options.consumer,
                   "of a group with `mode: broadcast`: this one of its consumers alone")
        ->type_name("NAME");
}

// What the answer is, shown by `show` or as JSON.
template <class Show>
Exit ask_and_show(const Options& options, const std::string& call, Report args, Terminal& terminal,
                  Show&& show) {
    if (!options.group.empty()) args.add("group", options.group);
    if (!options.consumer.empty()) args.add("consumer", options.consumer);
    const auto [answer, exit] = ask_bridge(options.at, call, std::move(args), terminal);
    if (!answer) return exit;
    terminal.out << (options.json ? answer->json(JsonWriter::Style::kIndented) + "\n"
                                  : show(*answer));
    return Exit::kOk;
}

std::string or_else(const std::string& text, const char* nothing) {
    return text.empty() ? nothing : text;
}

// None: it is none of these.
std::optional<Report> place_of(const std::string& to) {
    Report args = Report::map();
    const bool digits =
        !to.empty() && to.size() < 20 &&
        std::all_of(to.begin(), to.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (to == "latest" || to == "earliest")
        args.add("to", to);
    else if (digits)
        args.add("offset", uint64_t{std::stoull(to)});
    else if (const auto from_now_ms = time_from_now(to, wall_ms()))
        args.add("time_ms", static_cast<uint64_t>(*from_now_ms));
    else if (const auto time_ms = parse_rfc3339_ms(to))
        args.add("time_ms", static_cast<uint64_t>(std::max<int64_t>(*time_ms, 0)));
    else
        return std::nullopt;
    return args;
}

// Adds where it ends. False: it is none of these.
bool add_until(const std::string& until, Report& args) {
    const auto place = place_of(until);
    if (!place) return false;
    for (const auto& [name, as] :
         {std::pair("offset", "until_offset"), std::pair("time_ms", "until_ms")}) {
        if (place->at(name).is_null()) continue;
        args.add(as, place->at(name));
        return true;
    }
    return false;
}

Exit replay(const Options& options, Report args, Terminal& terminal) {
    if (!add_until(options.until, args)) {
        terminal.err << fmt::format(
            "zbridge: group reset: --until {}: expected a time such as 2026-11-24T10:00:00Z, or an "
            "offset\n",
            options.until);
        return Exit::kUsage;
    }
    const std::string question =
        fmt::format("Give the group {} again what it has from {} to {}, before it goes on?",
                    options.group, options.to, options.until);
    if (!is_confirmed(options.yes, question, terminal)) return Exit::kFailed;
    return ask_and_show(
        options, "group reset", std::move(args), terminal, [&](const Report& answer) {
            return fmt::format("{} is given offsets {} to {} again, and then goes on\n",
                               options.group, cell(answer, "offset"), cell(answer, "until"));
        });
}

Body declare_switch(CLI::App& app, const char* call, const char* done) {
    auto options = declare(app, /*group=*/true);
    return [options, call, done](Terminal& terminal) {
        return ask_and_show(*options, call, Report::map(), terminal, [&](const Report&) {
            return fmt::format("{} {}\n", options->group, done);
        });
    };
}

}  // namespace

Body declare_group_ls(CLI::App& app) {
    auto options = declare(app, /*group=*/false);
    return [options](Terminal& terminal) {
        return ask_and_show(
            *options, "group ls", Report::map(), terminal, [&](const Report& answer) {
                return or_else(groups_text(answer, terminal.out_width), "no groups\n");
            });
    };
}

Body declare_group_show(CLI::App& app) {
    auto options = declare(app, /*group=*/true);
    return [options](Terminal& terminal) {
        return ask_and_show(*options, "group show", Report::map(), terminal,
                            [](const Report& answer) { return values_text(answer); });
    };
}

Body declare_group_pending(CLI::App& app) {
    auto options = declare(app, /*group=*/true);
    app.add_option("--max", options->max, "at most so many of each kind; else 20")
        ->check(whole_number(1, kListedMax))
        ->type_name("COUNT");
    return [options](Terminal& terminal) {
        Report args = Report::map();
        args.add("max", options->max);
        return ask_and_show(*options, "group pending", std::move(args), terminal,
                            [&](const Report& answer) {
                                return or_else(pending_text(answer, terminal.out_width),
                                               "nothing is given or waits\n");
                            });
    };
}

Body declare_group_reset(CLI::App& app) {
    auto options = declare(app, /*group=*/true);
    app.add_option(
           "--to", options->to,
           "latest, earliest, a time (2026-11-24T10:00:00Z, -1h) or an offset: from there on "
           "it is given all that the topic has, again or for the first time")
        ->required()
        ->type_name("PLACE");
    app.add_option(
           "--until", options->until,
           "a time or an offset: it is given again what is before that, forgets nothing, and "
           "then goes on where it is")
        ->type_name("PLACE");
    declare_consumer(app, *options);
    app.add_flag("--yes", options->yes, "do not ask");
    return [options](Terminal& terminal) {
        auto args = place_of(options->to);
        if (!args) {
            terminal.err << fmt::format(
                "zbridge: group reset: --to {}: expected latest, earliest, a time such as "
                "2026-11-24T10:00:00Z, or an offset\n",
                options->to);
            return Exit::kUsage;
        }
        if (!options->until.empty()) return replay(*options, *std::move(args), terminal);
        const std::string question = fmt::format(
            "Let the group {} begin at {}? It forgets what it has settled, and its retries.",
            options->group, options->to);
        if (!is_confirmed(options->yes, question, terminal)) return Exit::kFailed;
        return ask_and_show(
            *options, "group reset", *std::move(args), terminal, [&](const Report& answer) {
                return fmt::format("{} goes on at offset {}, {} messages behind\n", options->group,
                                   cell(answer, "offset"), cell(answer, "lag"));
            });
    };
}

Body declare_group_pause(CLI::App& app) {
    return declare_switch(app, "group pause", "is paused: its consumers are given nothing");
}

Body declare_group_resume(CLI::App& app) {
    return declare_switch(app, "group resume", "goes on");
}

Body declare_group_rm(CLI::App& app) {
    auto options = declare(app, /*group=*/true);
    declare_consumer(app, *options);
    app.add_flag("--yes", options->yes, "do not ask");
    return [options](Terminal& terminal) {
        const std::string what =
            options->consumer.empty()
                ? "the group " + options->group
                : fmt::format("the consumer {} of the group {}", options->consumer, options->group);
        const std::string question = fmt::format("Remove {} and what it knows of its topic?", what);
        if (!is_confirmed(options->yes, question, terminal)) return Exit::kFailed;
        return ask_and_show(*options, "group rm", Report::map(), terminal,
                            [&](const Report&) { return fmt::format("removed {}\n", what); });
    };
}

}  // namespace zbridge::cli
