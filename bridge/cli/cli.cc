#include "bridge/cli/cli.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/nearest.h"
#include "bridge/cli/bench/commands.h"
#include "bridge/cli/described.h"
#include "bridge/cli/failure.h"
#include "bridge/cli/help.h"
#include "bridge/cli/option_values.h"
#include "bridge/settings/finding.h"

namespace zbridge::cli {

namespace {

// In the order in which help shows them.
constexpr std::array kCommands = {
    Command{"init", "write a YAML file to begin with", declare_init},
    Command{"run", "run the bridge that a YAML file describes", declare_run},
    Command{"status", "show a running bridge: endpoints, peers, routes, services, what was refused",
            declare_status},
    Command{"health", "say on one line whether a bridge is well, or why not", declare_health},
    Command{"events", "show what has happened lately: peers, refusals, losses, the store",
            declare_events},
    Command{"endpoint ls", "list the endpoints of a running bridge, and what each serves",
            declare_endpoint_ls},
    Command{"route ls", "list its routes: from where to where, and how much", declare_route_ls},
    Command{"peer ls", "list who is connected", declare_peer_ls},
    Command{"peer show", "show one peer, with its counters", declare_peer_show},
    Command{"peer kick", "end the connection of a peer", declare_peer_kick},
    Command{"service ls", "list the services of a running bridge", declare_service_ls},
    Command{"service show", "show one service, with its counters", declare_service_show},
    Command{"service pause", "give nothing to the workers of a service until it is resumed",
            declare_service_pause},
    Command{"service resume", "go on with a service that was paused", declare_service_resume},
    Command{"pub", "publish a file, standard input or a text to a topic", declare_pub},
    Command{"get", "show what a group would give, or take it", declare_get},
    Command{"call", "ask a service, and show its reply", declare_call},
    Command{"drain", "take nothing new, finish what is on its way, and wait for `stop`",
            declare_drain},
    Command{"stop", "end a bridge in order, as SIGTERM does", declare_stop},
    Command{"top", "watch a running bridge: rates, lags, what waits; on the whole screen",
            declare_top},
    Command{"tap", "look at messages as they pass: a sample, and nothing waits for it",
            declare_tap},
    Command{"check", "say everything that is wrong with a YAML file, or what it means",
            declare_check},
    Command{"topic ls", "list the topics of a running bridge", declare_topic_ls},
    Command{"topic show", "show one topic, with its options", declare_topic_show},
    Command{"topic create", "make a topic that the file does not name", declare_topic_create},
    Command{"topic set", "change options of a topic that the file does not name",
            declare_topic_set},
    Command{"topic browse", "look at messages of a topic; changes nothing", declare_topic_browse},
    Command{"topic query", "look for messages by key, id or time; changes nothing",
            declare_topic_query},
    Command{"topic purge", "remove the messages of a topic", declare_topic_purge},
    Command{"topic rm", "remove a topic that the file does not name, with its messages",
            declare_topic_rm},
    Command{"group ls", "list the consumer groups of a running bridge, and how far they are",
            declare_group_ls},
    Command{"group show", "show one group, with its counters and options", declare_group_show},
    Command{"group pending",
            "show what consumers of a group have, and what waits for a retry or its key",
            declare_group_pending},
    Command{"group reset",
            "let a group begin elsewhere: at an offset or a time, to have messages again",
            declare_group_reset},
    Command{"group pause", "give nothing of a group until it is resumed", declare_group_pause},
    Command{"group resume", "go on with a group that was paused", declare_group_resume},
    Command{"group rm", "remove a group that the file does not name any more", declare_group_rm},
    Command{"trace", "tell what became of one message, and how it stands; changes nothing",
            declare_trace},
    Command{"delay ls", "list the messages that wait for their time, for one topic",
            declare_delay_ls},
    Command{"delay recall", "take back a message that waits for its time", declare_delay_recall},
    Command{"delay reschedule", "give a message that waits another time", declare_delay_reschedule},
    Command{"dead ls", "list the dead letters of a group", declare_dead_ls},
    Command{"dead show", "show one dead letter, or its body alone", declare_dead_show},
    Command{"dead redrive", "publish dead letters of a group again, to the topic they came from",
            declare_dead_redrive},
    Command{"dead edit", "publish a dead letter again with another body", declare_dead_edit},
    Command{"dead rm", "remove dead letters of a group", declare_dead_rm},
    Command{"dead export", "write the dead letters of a group as JSON, one a line",
            declare_dead_export},
    Command{"tx ls", "list the messages that are prepared", declare_tx_ls},
    Command{"tx commit", "publish a prepared message", declare_tx_commit},
    Command{"tx rollback", "drop a prepared message", declare_tx_rollback},
    Command{"journal check", "say what is damaged or lost of a journal that no bridge runs on",
            declare_journal_check},
    Command{"journal stat", "show the segments and topics of such a journal", declare_journal_stat},
    Command{"journal dump", "show its batches and their records", declare_journal_dump},
    Command{"journal scrub", "read each of its segments from the disk, and check it by itself",
            declare_journal_scrub},
    Command{"explain", "say what a code of a refusal means, and what to do about it",
            declare_explain},
    Command{"schema", "print the JSON Schema of the YAML file, for editors", declare_schema},
    Command{"plugin ls", "list the plugins that can be used here", declare_plugin_ls},
    Command{"plugin info", "show what a plugin is and its options", declare_plugin_info},
    Command{"plugin new", "write a folder with a new plugin that builds, and its test",
            declare_plugin_new},
    Command{"plugin check", "look for mistakes in a plugin: life cycle, options, random messages",
            declare_plugin_check},
    Command{"bench pub", "send a load, and measure how it is taken", declare_bench_pub},
    Command{"bench sub", "take a load where it arrives; measure and verify it", declare_bench_sub},
    Command{"bench rpc", "ask a service, and measure its replies", declare_bench_rpc},
    Command{"bench e2e", "send a load and take it where it comes out; measure and verify it",
            declare_bench_e2e},
    Command{"bench fanout", "the same by one PUB, to many SUBs that each have all of it",
            declare_bench_fanout},
    Command{"bench compare", "show the figures of two runs beside each other",
            declare_bench_compare},
    Command{"completion", "print what lets a shell complete commands and options",
            declare_completion},
    Command{"version", "print the version", declare_version},
};

const Command* find(std::string_view name) {
    const auto found = std::find_if(kCommands.begin(), kCommands.end(),
                                    [&](const Command& command) { return command.name == name; });
    return found == kCommands.end() ? nullptr : &*found;
}

Exit usage_error(Terminal& terminal, const std::string& sentence, std::string_view command = "") {
    terminal.err << "zbridge: " << sentence << "\n"
                 << "`zbridge help" << (command.empty() ? "" : " ") << command << "` says more\n";
    return Exit::kUsage;
}

Exit unknown_command(Terminal& terminal, const std::string& name) {
    std::vector<std::string_view> known;
    for (const auto& command : kCommands)
        known.push_back(command.name);
    for (const std::string_view group : groups())
        known.push_back(group);
    return usage_error(
        terminal, fmt::format("no command is named \"{}\"{}", name, did_you_mean(name, known)));
}

// CLI11: "Could not convert: --max = many". All that is converted here are numbers.
std::string no_number(std::string_view what) {
    constexpr std::string_view kLead = "Could not convert: ", kIs = " = ";
    const size_t is = what.find(kIs);
    if (!what.starts_with(kLead) || is == std::string_view::npos) return std::string(what);
    return fmt::format("{}: {} is no number that it can be",
                       what.substr(kLead.size(), is - kLead.size()),
                       settings::in_quotes(what.substr(is + kIs.size())));
}

// CLI11 says which arguments it did not expect, and not which it knows.
std::string explain(const CLI::App& app, const CLI::ParseError& error,
                    const std::vector<std::string>& arguments) {
    std::vector<std::string> names;
    for (const auto* option : app.get_options()) {
        for (const auto& name : option->get_lnames())
            names.push_back("--" + name);
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    for (const auto& argument : arguments) {
        const bool is_option = argument.starts_with("--");
        const bool is_known = std::find(names.begin(), names.end(),
                                        argument.substr(0, argument.find('='))) != names.end();
        if (!is_option || is_known) continue;
        return fmt::format("no option is named \"{}\"{}", argument, did_you_mean(argument, known));
    }
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError))
        return fmt::format("\"{}\" is more than it takes", arguments.back());
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ConversionError))
        return no_number(error.what());
    return error.what();
}

// None: what it takes is read. Empty: help is wanted. Else what is wrong.
std::optional<std::string> parse(CLI::App& app, const std::vector<std::string>& given) {
    auto arguments = with_negative_values(app, given);
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    try {
        app.parse(arguments);
    } catch (const CLI::CallForHelp&) {
        return "";
    } catch (const CLI::ParseError& error) {
        return explain(app, error, given);
    }
    return std::nullopt;
}

Exit run_command(const Command& command, const std::vector<std::string>& arguments,
                 Terminal& terminal) {
    CLI::App app{std::string(command.help), fmt::format("zbridge {}", command.name)};
    const Body body = command.declare(app);
    const bool as_json = app.get_option_no_throw("--json") != nullptr &&
                         std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    const auto parsed = [&](Terminal& its) {
        const auto wrong = parse(app, arguments);
        if (!wrong) return body(its);
        if (wrong->empty()) {
            its.out << help_of(describe(command), its.out_width);
            return Exit::kOk;
        }
        return usage_error(its, fmt::format("{}: {}", command.name, *wrong), command.name);
    };
    return as_json ? run_for_json(parsed, terminal) : parsed(terminal);
}

// But for whether what it printed has arrived.
Exit run_words(const std::vector<std::string>& arguments, Terminal& terminal) {
    if (arguments.empty()) {
        terminal.err << overview(terminal.out_width);
        return Exit::kUsage;
    }
    std::string name = arguments[0];
    std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    const auto take_second_word = [&] {
        if (!is_group(name) || rest.empty() || rest[0].starts_with("-")) return;
        name += " " + rest[0];
        rest.erase(rest.begin());
    };
    if (name == "--version") name = "version";
    if (name == "help" || name == "--help" || name == "-h") {
        if (rest.empty() || rest[0] == "help") {
            terminal.out << overview(terminal.out_width);
            return Exit::kOk;
        }
        if (const auto printed = print_manual(rest, terminal)) return *printed;
        name = rest[0];
        rest.erase(rest.begin());
        take_second_word();
        if (is_group(name)) {
            terminal.out << "usage: zbridge " << name << " COMMAND [options]\n\n"
                         << list_of(name, terminal.out_width);
            return Exit::kOk;
        }
        rest = {"--help"};
    } else {
        take_second_word();
    }
    if (is_group(name) && !rest.empty()) return run_words({"help", name}, terminal);
    if (is_group(name)) return usage_error(terminal, name + ": which of its commands?", name);
    const Command* command = find(name);
    if (command == nullptr && name.starts_with("-")) {
        return usage_error(terminal, fmt::format("the command comes first: \"{}\" is none", name));
    }
    if (command == nullptr) return unknown_command(terminal, name);
    return run_command(*command, rest, terminal);
}

}  // namespace

std::span<const Command> commands() {
    return kCommands;
}

Exit run(const std::vector<std::string>& arguments, Terminal& terminal) {
    const Exit exit = run_words(arguments, terminal);
    const bool was_good = terminal.out.good();
    errno = 0;
    if (terminal.out.flush()) return exit;
    const bool has_reason = was_good && errno != 0;
    terminal.err << "zbridge: standard output cannot be written"
                 << (has_reason ? std::string(": ") + std::strerror(errno) : "") << "\n";
    return exit == Exit::kOk ? Exit::kFailed : exit;
}

}  // namespace zbridge::cli
