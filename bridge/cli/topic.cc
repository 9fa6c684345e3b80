// zbridge topic ls|show|create|set|browse|query|purge|rm
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/time_text.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/names.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/status_text.h"
#include "bridge/cli/table.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

constexpr size_t kBodyShownMax = 60;  // bytes of a message's first frame
// All digests of a store, or all of it, may have to be read.
constexpr Duration kQueryTime = std::chrono::minutes(5);

struct Options {
    std::string at;
    std::string topic;
    bool json = false;
    bool yes = false;
    std::vector<std::string> settings;
    std::optional<uint64_t> from, below;
    uint32_t max = 20;
    Duration answer_time = kAnswerTime;
    struct {
        std::string key, id, from, to;
    } query;
};

std::shared_ptr<Options> declare(CLI::App& app, bool topic) {
    auto options = std::make_shared<Options>();
    if (topic) add_name(app, "TOPIC", options->topic, "topic", "the topic's name")->required();
    declare_at(app, options->at);
    app.add_flag("--json", options->json, "everything, as JSON");
    return options;
}

CLI::Option* declare_settings(CLI::App& app, Options& options) {
    return app
        .add_option(
            "OPTION", options.settings,
            "options as the file has them, as retention.age=72h; retention.age= as it is by "
            "itself")
        ->type_name("KEY=VALUE");
}

// None: one is not written so.
std::optional<Report> args_of(const Options& options, Terminal& terminal) {
    Report args = Report::map();
    Report given = Report::map();
    for (const std::string& each : options.settings) {
        const size_t equals = each.find('=');
        if (equals == std::string::npos || equals == 0) {
            terminal.err << "zbridge: \"" << printable(each)
                         << "\" is no option: expected KEY=VALUE, as retention.age=72h\n";
            return std::nullopt;
        }
        given.add(each.substr(0, equals), each.substr(equals + 1));
    }
    if (!options.settings.empty()) args.add("options", std::move(given));
    return args;
}

// What the answer is, shown by `show` or as JSON.
template <class Show>
Exit ask_and_show(const Options& options, const std::string& call, Report args, Terminal& terminal,
                  Show&& show) {
    if (!options.topic.empty()) args.add("topic", options.topic);
    const auto [answer, exit] =
        ask_bridge(options.at, call, std::move(args), terminal, options.answer_time);
    if (!answer) return exit;
    if (options.json)
        terminal.out << answer->json(JsonWriter::Style::kIndented) << "\n";
    else
        show(*answer);
    return Exit::kOk;
}

std::string messages_text(const Report& messages, size_t width) {
    Table table({"OFFSET", "ID", "STORED", "TAG", "FRAMES", "SIZE", "BODY"},
                {"TAG", "FRAMES", "STORED"});
    for (const Report& message : messages.items()) {
        const auto& frames = message.at("frames").items();
        uint64_t bytes = 0;
        for (const Report& frame : frames)
            bytes += frame.text().size();
        std::string body = frames.empty() ? "" : frames.back().text();
        const bool cut = body.size() > kBodyShownMax;
        body = printable(body.substr(0, kBodyShownMax), true) + (cut ? "..." : "");
        const auto stored_us = static_cast<int64_t>(message.at("stored_ms").number()) * 1000;
        table.add({cell(message, "offset"), cell(message, "id"), format_utc(stored_us),
                   printable(cell(message, "tag")), std::to_string(frames.size()),
                   bytes_text(bytes), body});
    }
    return table.empty() ? "no messages there\n" : table.text(width);
}

// An answer has what was in memory, or read at once, and is of a bounded size: asked on from there.
Exit browse(const Options& options, Terminal& terminal) {
    Report found = Report::list();
    std::optional<uint64_t> from = options.from;
    while (found.items().size() < options.max) {
        Report args = one_arg("topic", options.topic);
        if (from) args.add("from", *from);
        args.add("max", options.max - found.items().size());
        const auto [answer, exit] =
            ask_bridge(options.at, "topic browse", std::move(args), terminal);
        if (!answer) return exit;
        if (answer->items().empty()) break;
        for (const Report& each : answer->items())
            found.add(each);
        from = found.items().back().at("offset").number() + 1;
    }
    terminal.out << (options.json ? found.json(JsonWriter::Style::kIndented) + "\n"
                                  : messages_text(found, terminal.out_width));
    return Exit::kOk;
}

}  // namespace

Body declare_topic_ls(CLI::App& app) {
    auto options = declare(app, /*topic=*/false);
    return [options](Terminal& terminal) {
        return ask_and_show(*options, "topic ls", Report::map(), terminal,
                            [&](const Report& answer) {
                                const std::string table = topics_text(answer, terminal.out_width);
                                terminal.out << (table.empty() ? "no topics\n" : table);
                            });
    };
}

Body declare_topic_show(CLI::App& app) {
    auto options = declare(app, /*topic=*/true);
    return [options](Terminal& terminal) {
        return ask_and_show(*options, "topic show", Report::map(), terminal,
                            [&](const Report& answer) { terminal.out << values_text(answer); });
    };
}

Body declare_topic_create(CLI::App& app) {
    auto options = declare(app, /*topic=*/true);
    declare_settings(app, *options);
    return [options](Terminal& terminal) {
        auto args = args_of(*options, terminal);
        if (!args) return Exit::kUsage;
        return ask_and_show(
            *options, "topic create", *std::move(args), terminal,
            [&](const Report&) { terminal.out << "made the topic " << options->topic << "\n"; });
    };
}

Body declare_topic_set(CLI::App& app) {
    auto options = declare(app, /*topic=*/true);
    declare_settings(app, *options)->required();
    return [options](Terminal& terminal) {
        auto args = args_of(*options, terminal);
        if (!args) return Exit::kUsage;
        return ask_and_show(*options, "topic set", *std::move(args), terminal, [&](const Report&) {
            terminal.out << "changed the topic " << options->topic << "\n";
        });
    };
}

Body declare_topic_browse(CLI::App& app) {
    auto options = declare(app, /*topic=*/true);
    app.add_option("--from", options->from, "an offset; else the oldest message")
        ->type_name("OFFSET");
    app.add_option("--max", options->max, "at most so many messages; else 20")
        ->check(whole_number(1, kListedMax))
        ->type_name("COUNT");
    return [options](Terminal& terminal) { return browse(*options, terminal); };
}

Body declare_topic_query(CLI::App& app) {
    auto options = declare(app, /*topic=*/true);
    auto& query = options->query;
    CLI::Option* const key = app.add_option("--key", query.key, "messages that have this key");
    CLI::Option* const id = app.add_option(
        "--id", query.id, "the one of this id: a receipt's 26 characters, or the producer's own");
    CLI::Option* const from =
        app.add_option("--from", query.from,
                       "stored at this time or later: 2026-11-24T10:00:00Z, or -5m")
            ->check(wrong_time);
    CLI::Option* const to =
        app.add_option("--to", query.to, "stored at this time or before")->check(wrong_time);
    app.add_option("--max", options->max, "at most so many messages, the oldest; else 20")
        ->check(whole_number(1, kListedMax))
        ->type_name("COUNT");
    key->excludes(id)->excludes(from)->excludes(to);
    id->excludes(from)->excludes(to);
    for (CLI::Option* const time : {from, to})
        time->type_name("TIME");
    return [options, key, id, from, to](Terminal& terminal) {
        Report args = Report::map();
        if (key->count() > 0) args.add("key", options->query.key);
        if (id->count() > 0) args.add("id", options->query.id);
        const auto add_time = [&](const char* name, const std::string& text) {
            args.add(name, static_cast<uint64_t>(*time_argument(text, wall_ms())));
        };
        if (from->count() > 0) add_time("from_ms", options->query.from);
        if (to->count() > 0) add_time("to_ms", options->query.to);
        if (args.entries().empty()) {
            terminal.err << "zbridge: what to look for is missing: expected --key, --id, --from or "
                            "--to\n";
            return Exit::kUsage;
        }
        args.add("max", options->max);
        options->answer_time = kQueryTime;
        return ask_and_show(*options, "topic query", std::move(args), terminal,
                            [&](const Report& answer) {
                                terminal.out << messages_text(answer, terminal.out_width);
                            });
    };
}

Body declare_topic_purge(CLI::App& app) {
    auto options = declare(app, /*topic=*/true);
    app.add_option("--below", options->below, "only those below this offset; else all")
        ->type_name("OFFSET");
    app.add_flag("--yes", options->yes, "do not ask");
    return [options](Terminal& terminal) {
        const std::string which =
            options->below ? fmt::format("the messages below {}", *options->below) : "all messages";
        if (!is_confirmed(options->yes,
                          fmt::format("Remove {} of the topic {}?", which, options->topic),
                          terminal))
            return Exit::kFailed;
        Report args = Report::map();
        if (options->below) args.add("below", *options->below);
        return ask_and_show(*options, "topic purge", std::move(args), terminal,
                            [&](const Report& answer) {
                                terminal.out << options->topic << " begins at "
                                             << cell(answer, "floor") << " now\n";
                            });
    };
}

Body declare_topic_rm(CLI::App& app) {
    auto options = declare(app, /*topic=*/true);
    app.add_flag("--yes", options->yes, "do not ask");
    return [options](Terminal& terminal) {
        if (!is_confirmed(options->yes,
                          fmt::format("Remove the topic {} with all its messages?", options->topic),
                          terminal))
            return Exit::kFailed;
        return ask_and_show(*options, "topic rm", Report::map(), terminal, [&](const Report&) {
            terminal.out << "removed the topic " << options->topic << "\n";
        });
    };
}

}  // namespace zbridge::cli
