// zbridge drain [--wait TIME], zbridge stop [--no-wait] [--yes]
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/clock.h"
#include "bridge/base/time_text.h"
#include "bridge/base/wait.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/command.h"
#include "bridge/cli/locate.h"
#include "bridge/cli/text.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

constexpr Duration kLookEvery = std::chrono::milliseconds(50);

struct Options {
    std::string at, wait;
    bool json = false, yes = false;
};

std::shared_ptr<Options> declare(CLI::App& app) {
    auto options = std::make_shared<Options>();
    declare_at(app, options->at);
    app.add_option("--wait", options->wait, "how long to wait for it at most; else 0: not at all")
        ->check(wrong_duration)
        ->type_name("TIME");
    app.add_flag("--yes", options->yes, "do not ask");
    app.add_flag("--json", options->json, "the same as JSON");
    return options;
}

// False: `time` was over before.
template <class Condition>
bool wait_until(Duration time, Condition&& is_true) {
    const RealClock clock;
    const Instant until = clock.now() + time;
    while (!is_true()) {
        if (clock.now() >= until) return false;
        wait_for(kLookEvery);
    }
    return true;
}

Duration time_of(const Options& options) {
    return parse_duration(options.wait).value_or(Duration{});
}

// `state`: as status has it: "drained".
void show(const Options& options, const Report& asked, const char* state, Terminal& terminal) {
    if (!options.json) {
        terminal.out << fmt::format("{} (pid {}) {} {}\n", cell(asked, "name"), cell(asked, "pid"),
                                    std::string_view(state) == "ended" ? "has" : "is", state);
        return;
    }
    Report report = asked;
    report.add("state", std::string(state));
    terminal.out << report.json(JsonWriter::Style::kIndented) << "\n";
}

Exit drain(const Options& options, Terminal& terminal) {
    if (!is_confirmed(options.yes, "Take nothing new until the bridge is started again?", terminal))
        return Exit::kFailed;
    const auto [asked, exit] = ask_bridge(options.at, "drain", Report::map(), terminal);
    if (!asked) return exit;
    Exit failed = Exit::kOk;
    const bool drained = wait_until(time_of(options), [&] {
        const auto [status, status_exit] =
            ask_bridge(options.at, "status", one_arg("peers", false), terminal);
        failed = status_exit;
        return !status || cell(status->at("bridge"), "state") == "drained";
    });
    if (failed != Exit::kOk) return failed;
    show(options, *asked, drained ? "drained" : "draining", terminal);
    return drained || options.wait.empty() ? Exit::kOk : Exit::kFailed;
}

// Nobody may have asked yet how it ended: then it is still listed.
bool is_gone(pid_t pid) {
    if (kill(pid, 0) != 0) return true;
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    const std::string line(std::istreambuf_iterator<char>(file), {});
    const size_t name_end = line.rfind(") ");
    return name_end != std::string::npos && line[name_end + 2] == 'Z';
}

// Its socket goes first, then the process; one in another container is not seen.
bool has_ended(const std::string& address, pid_t pid) {
    std::error_code error;
    const std::string path = address.substr(std::string("ipc://").size());
    return !std::filesystem::exists(path, error) && is_gone(pid);
}

Exit stop(const Options& options, Terminal& terminal) {
    if (!is_confirmed(options.yes, "Stop the bridge?", terminal)) return Exit::kFailed;
    const auto address = locate_bridge(options.at, terminal.environment);
    const auto [asked, exit] = ask_bridge(options.at, "stop", Report::map(), terminal);
    if (!asked) return exit;
    const auto pid = static_cast<pid_t>(asked->at("pid").number());
    const bool ended = wait_until(time_of(options), [&] { return has_ended(*address, pid); });
    show(options, *asked, ended ? "ended" : "ending", terminal);
    return ended || options.wait.empty() ? Exit::kOk : Exit::kFailed;
}

}  // namespace

Body declare_drain(CLI::App& app) {
    auto options = declare(app);
    return [options](Terminal& terminal) { return drain(*options, terminal); };
}

Body declare_stop(CLI::App& app) {
    auto options = declare(app);
    return [options](Terminal& terminal) { return stop(*options, terminal); };
}

}  // namespace zbridge::cli
