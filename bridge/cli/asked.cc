#include "bridge/cli/asked.h"

#include <CLI/CLI.hpp>

#include "bridge/base/time_text.h"
#include "bridge/cli/conversation.h"
#include "bridge/cli/failure.h"
#include "bridge/cli/locate.h"

namespace zbridge::cli {

void declare_at(CLI::App& app, std::string& at) {
    app.add_option(
           "--at", at,
           "an address, data directory, admin socket or YAML file; else ZBRIDGE_AT, else this "
           "folder's bridge")
        ->type_name("PLACE");
}

Asked ask_bridge(const std::string& at, const std::string& call, telemetry::Report args,
                 Terminal& terminal, Duration answer_time) {
    const auto failed = [&](const Status& why, Exit exit) {
        say(why, terminal);
        return Asked{std::nullopt, exit};
    };
    const auto address = locate_bridge(at, terminal.environment);
    if (!address.ok()) {
        return failed(address.error(), address.error().code() == Code::kUnavailable
                                           ? Exit::kNotReachable
                                           : Exit::kUsage);
    }
    const auto exit_of = [](const Status& why) {
        return why.code() == Code::kUnavailable ? Exit::kNotReachable : Exit::kFailed;
    };
    const auto bridge = Conversation::open(*address, answer_time);
    if (!bridge.ok()) return failed(bridge.error(), exit_of(bridge.error()));
    auto answer = (*bridge)->ask(call, std::move(args));
    if (!answer.ok()) return failed(answer.error(), exit_of(answer.error()));
    return {*std::move(answer), Exit::kOk};
}

std::string wrong_duration(const std::string& text) {
    return parse_duration(text) ? "" : "`" + text + "` is no duration: expected 30s, 2m";
}

telemetry::Report one_arg(std::string name, telemetry::Report value) {
    telemetry::Report args = telemetry::Report::map();
    args.add(std::move(name), std::move(value));
    return args;
}

bool is_confirmed(bool yes, const std::string& question, Terminal& terminal) {
    if (yes) return true;
    if (terminal.in == nullptr) {
        terminal.err << "zbridge: " << question << " Nobody is here to be asked: expected --yes\n";
        return false;
    }
    terminal.err << question << " [y/N] " << std::flush;
    std::string said;
    std::getline(*terminal.in, said);
    if (said == "y" || said == "Y" || said == "yes") return true;
    terminal.err << "zbridge: nothing was done\n";
    return false;
}

}  // namespace zbridge::cli
