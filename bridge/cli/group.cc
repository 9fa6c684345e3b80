// zbridge group ls|show|pending|reset|pause|resume|rm
#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/time_text.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/group_text.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

struct Options {
    std::string at, group, to;
    bool json = false, yes = false;
    uint32_t max = 20;
};

std::shared_ptr<Options> declare(CLI::App& app, bool group) {
    auto options = std::make_shared<Options>();
    if (group) app.add_option("GROUP", options->group, "the group's name")->required();
    declare_at(app, options->at);
    app.add_flag("--json", options->json, "everything, as JSON");
    return options;
}

// What the answer is, shown by `show` or as JSON.
template <class Show>
Exit ask_and_show(const Options& options, const std::string& call, Report args, Terminal& terminal,
                  Show&& show) {
    if (!options.group.empty()) args.add("group", options.group);
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
    else if (const auto time_ms = parse_rfc3339_ms(to))
        args.add("time_ms", static_cast<uint64_t>(std::max<int64_t>(*time_ms, 0)));
    else
        return std::nullopt;
    return args;
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
    app.add_option("--to", options->to,
                   "latest, earliest, a time (2026-11-24T10:00:00Z) or an offset: from there on it "
                   "is given all that the topic has, again or for the first time")
        ->required()
        ->type_name("PLACE");
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
    app.add_flag("--yes", options->yes, "do not ask");
    return [options](Terminal& terminal) {
        const std::string question =
            fmt::format("Remove the group {} and what it knows of its topic?", options->group);
        if (!is_confirmed(options->yes, question, terminal)) return Exit::kFailed;
        return ask_and_show(*options, "group rm", Report::map(), terminal, [&](const Report&) {
            return fmt::format("removed the group {}\n", options->group);
        });
    };
}

}  // namespace zbridge::cli
