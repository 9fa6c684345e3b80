// What a command asks a running bridge, the way of all of them: found by --at, asked, and its answer
// or what is wrong told to the user.
#pragma once

#include <optional>
#include <string>

#include "bridge/base/clock.h"
#include "bridge/cli/command.h"
#include "bridge/telemetry/report.h"

namespace zbridge::cli {

// Declares --at; the value goes into `at`.
void declare_at(CLI::App& app, std::string& at);

// The bridge's answer. An exit: what is wrong stands on terminal.err.
struct Asked {
    std::optional<telemetry::Report> answer;
    Exit exit = Exit::kOk;
};
inline constexpr Duration kAnswerTime = std::chrono::seconds(5);
Asked ask_bridge(const std::string& at, const std::string& call, telemetry::Report args,
                 Terminal& terminal, Duration answer_time = kAnswerTime);

// Of an option: empty, or what is wrong with it.
std::string wrong_duration(const std::string& text);

// Of a call with one argument.
telemetry::Report one_arg(std::string name, telemetry::Report value);

// Before what cannot be taken back: asks on the terminal. False, having said so: the user does not
// want it, or there is nobody to be asked and --yes was not given.
bool is_confirmed(bool yes, const std::string& question, Terminal& terminal);

}  // namespace zbridge::cli
