// zbridge pub REF [FILE] [--body TEXT] [--lines | --json-lines] [--count N] [attributes] [--json]
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "bridge/base/nearest.h"
#include "bridge/base/time_text.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/conversations.h"
#include "bridge/cli/input_file.h"
#include "bridge/cli/names.h"
#include "bridge/cli/option_values.h"
#include "bridge/cli/parts.h"
#include "bridge/cli/pub_input.h"
#include "bridge/cli/publishing.h"
#include "bridge/cli/text.h"
#include "bridge/model/refusal.h"
#include "bridge/settings/finding.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

constexpr size_t kTopicsShownMax = 10;
constexpr size_t kWrongLinesShownMax = 20;  // beyond it they are counted only

struct Options {
    std::string at, ref, file, delay;
    std::optional<std::string> body;
    Attributed attributes;
    std::vector<std::string> properties;
    uint64_t count = 1;
    bool lines = false, json_lines = false, json = false;
};

Exit usage(Terminal& terminal, const std::string& sentence) {
    terminal.err << "zbridge: pub: " << sentence << "\n";
    return Exit::kUsage;
}

// A number is one, and so is true or false; all else is text.
Report property_of(const std::string& value) {
    if (value == "true" || value == "false") return value == "true";
    const bool digits =
        value.find_first_not_of("0123456789", value.starts_with('-') ? 1 : 0) == std::string::npos;
    if (digits && value.size() < 19 && value.find_first_of("0123456789") != std::string::npos)
        return int64_t{std::stoll(value)};
    return value;
}

// False: one is not written so.
bool take_properties(const Options& options, Attributed& attributes) {
    for (const std::string& each : options.properties) {
        const size_t equals = each.find('=');
        if (equals == std::string::npos || equals == 0) return false;
        attributes.properties.emplace_back(each.substr(0, equals),
                                           property_of(each.substr(equals + 1)));
    }
    return true;
}

void show(const Options& options, const std::string& topic, const Published& published,
          Terminal& terminal) {
    if (options.json) {
        terminal.out << published.report(topic).json(JsonWriter::Style::kIndented) << "\n";
        return;
    }
    for (const auto& [reason, count] : published.refused)
        terminal.err << fmt::format("zbridge: {} not published: {}\n", count, reason);
    if (published.stored == 0) return;
    const std::string what =
        published.stored == 1 ? "1 message" : fmt::format("{} messages", published.stored);
    const std::string ids = published.stored == 1
                                ? published.first_id
                                : fmt::format("{} to {}", published.first_id, published.last_id);
    terminal.out << fmt::format(
        "published {} to {}: {}{}\n", what, topic, ids,
        published.duplicates == 0 ? ""
                                  : fmt::format(" ({} were there already)", published.duplicates));
}

// All that is said of every message; none: it is not written so, which was said.
std::optional<Attributed> common_of(const Options& options, Terminal& terminal) {
    Attributed attributes = options.attributes;
    if (!take_properties(options, attributes)) {
        (void)usage(terminal, "--property: expected NAME=VALUE");
        return std::nullopt;
    }
    if (const auto delay = parse_duration(options.delay)) {
        attributes.deliver_at_ms =
            wall_ms() + std::chrono::duration_cast<std::chrono::milliseconds>(*delay).count();
    }
    return attributes;
}

PubInput input_of(const Options& options) {
    const bool is_standard = options.file.empty() || options.file == "-";
    return {.as = options.json_lines ? PubInput::As::kJsonLines
                  : options.lines    ? PubInput::As::kLines
                                     : PubInput::As::kWhole,
            .body = options.body,
            .count = options.count,
            .name = is_standard ? "standard input" : options.file};
}

// Each wrong line of a file, before anything of it is published. A pipe can be read but once.
bool has_wrong_lines(const Options& options, const PubInput& input, const Attributed& common,
                     Terminal& terminal) {
    std::error_code ignored;
    if (!options.json_lines || !std::filesystem::is_regular_file(options.file, ignored))
        return false;
    std::ifstream file = open_input(options.file);
    PubMessages messages(input, common, file);
    size_t wrong = 0;
    for (;;) {
        const auto message = messages.next();
        if (message.ok() && !*message) break;
        if (message.ok()) continue;
        if (++wrong <= kWrongLinesShownMax) terminal.err << message.error().message() << "\n";
    }
    if (wrong > 0)
        terminal.err << fmt::format("zbridge: pub: {}: nothing was published\n",
                                    counted(wrong, "wrong line"));
    return wrong > 0;
}

// Of a topic that is not there: which one is meant.
void say_what_is_meant(const std::string& topic, Conversation& bridge, Published& published) {
    const std::string lead = std::string(name_of(Refusal::kNotFound)) + ": ";
    for (auto& [reason, count] : published.refused) {
        if (!reason.starts_with(lead)) continue;
        const Status said{Code::kNotFound, reason.substr(lead.size())};
        auto its = published.refused.extract(reason);
        its.key() = lead + refused_name(said, "topic", topic, bridge).message();
        published.refused.insert(std::move(its));
        return;
    }
}

// What REF is, where it is no topic/NAME; with the topics there are, if the bridge answers.
std::string no_topic(const Options& options, const Terminal& terminal) {
    std::ostringstream unheard;
    Terminal quiet{.out = unheard, .err = unheard, .environment = terminal.environment};
    const auto [status, exit] = ask_bridge(options.at, "status", one_arg("peers", false), quiet);
    std::vector<std::string> topics;
    bool is_endpoint = false;
    if (status) {
        for (const Report& each : status->at("topics").items())
            topics.push_back("topic/" + cell(each, "name"));
        is_endpoint = !named(status->at("endpoints"), options.ref).is_null();
    }
    const std::string meant = did_you_mean_reference(options.ref, {topics.begin(), topics.end()});
    const size_t others = topics.size() - std::min(topics.size(), kTopicsShownMax);
    topics.resize(topics.size() - others);
    return fmt::format("{} {}: expected topic/NAME{}{}{}", settings::in_quotes(options.ref),
                       is_endpoint ? "is an endpoint, to which sockets connect" : "names no topic",
                       meant,
                       topics.empty() ? "" : fmt::format("\nthere are {}", fmt::join(topics, ", ")),
                       others == 0 ? "" : fmt::format(" and {} more", others));
}

// What stands before a wrong line of a stream has been published by then.
Exit publish(const Options& options, const PubInput& input, const Attributed& common,
             std::istream& in, Terminal& terminal) {
    const std::string topic = *name_in(options.ref, "topic");
    const auto [session, exit] = open_session(
        options.at, {"publish", "this bridge has no topics: its file has none under `topics`"},
        terminal);
    if (!session) return exit;
    Publishing publishing(*session, topic);
    PubMessages messages(input, common, in);
    auto message = messages.next();
    for (; message.ok() && *message; message = messages.next()) {
        if (const Status status = publishing.add((*message)->frames, (*message)->its); !status.ok())
            return failed(status, terminal);
    }
    auto published = publishing.finish();
    if (!published.ok()) return failed(published.error(), terminal);
    say_what_is_meant(topic, *session, *published);
    show(options, topic, *published, terminal);
    if (!message.ok()) {
        terminal.err << message.error().message()
                     << "\nzbridge: pub: it ends there: this line, and what is behind it, was not "
                        "published\n";
    }
    return message.ok() && published->refused.empty() ? Exit::kOk : Exit::kFailed;
}

Exit pub(const Options& options, Terminal& terminal) {
    if (!name_in(options.ref, "topic")) return usage(terminal, no_topic(options, terminal));
    if (options.body && (!options.file.empty() || options.lines || options.json_lines)) {
        return usage(terminal,
                     "--body is all that is published: expected no FILE, --lines, --json-lines");
    }
    const auto common = common_of(options, terminal);
    if (!common) return Exit::kUsage;
    const PubInput input = input_of(options);
    if (options.file.empty() || options.file == "-")
        return publish(options, input, *common, std::cin, terminal);
    std::ifstream file = open_input(options.file);
    if (!file) {
        terminal.err << "zbridge: cannot read " << options.file << "\n";
        return Exit::kFailed;
    }
    if (has_wrong_lines(options, input, *common, terminal)) return Exit::kFailed;
    return publish(options, input, *common, file, terminal);
}

void declare_attributes(CLI::App& app, Options& options) {
    Attributed& its = options.attributes;
    app.add_option("--key", its.keys, "what `topic query --key` finds it by; may be said again")
        ->type_name("KEY")
        ->allow_extra_args(false);
    app.add_option("--tag", its.tag, "its tag")->type_name("TAG");
    app.add_option("--order-key", its.order_key, "messages of one are given in their order")
        ->type_name("KEY");
    app.add_option("--id", its.id, "the producer's own: a topic with `dedup` has each once")
        ->type_name("ID");
    app.add_option("--priority", its.priority, "0 to 9, for groups that look at it")
        ->check(whole_number(0, 9))
        ->type_name("N");
    app.add_option("--property", options.properties, "what filters see; may be said again")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    app.add_option("--delay", options.delay, "so long until it is given to anybody")
        ->check(wrong_duration)
        ->type_name("TIME");
}

}  // namespace

Body declare_pub(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("REF", options->ref, "where to: topic/NAME")->required();
    app.add_option("FILE", options->file,
                   "what: the bytes of a file; else, or -, standard input to its end");
    app.add_option("--body", options->body, "what, in place of FILE")->type_name("TEXT");
    auto* lines = app.add_flag("--lines", options->lines, "each line is a message");
    auto* json_lines = app.add_flag(
        "--json-lines", options->json_lines,
        "each line is a message as JSON: body, or frames, or frames_hex; and keys, tag, order_key, "
        "id, priority, properties, delay or deliver_at. The options below are for lines that say "
        "nothing of it");
    lines->excludes(json_lines);
    app.add_option("--count", options->count, "publish it so many times; else once")
        ->check(whole_number(1, 1'000'000'000))
        ->type_name("N")
        ->excludes(lines)
        ->excludes(json_lines);
    declare_attributes(app, *options);
    declare_at(app, options->at);
    app.add_flag("--json", options->json, "what became of them, as JSON");
    return [options](Terminal& terminal) { return pub(*options, terminal); };
}

}  // namespace zbridge::cli
