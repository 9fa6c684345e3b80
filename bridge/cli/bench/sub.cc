// zbridge bench sub FROM [--messages COUNT] [--duration TIME] ...
#include <memory>

#include <CLI/CLI.hpp>

#include "bridge/base/time_text.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/bench/commands.h"
#include "bridge/cli/bench/ends.h"
#include "bridge/cli/bench/idle.h"
#include "bridge/cli/bench/options.h"
#include "bridge/cli/bench/taking.h"
#include "bridge/cli/conversations.h"
#include "bridge/cli/option_values.h"

namespace zbridge::cli {

using namespace bench;

namespace {

struct Options {
    Common common{"sub", {}, {}, {}};
    Sockets sockets;
    std::string from, subscribe, time, first, quiet;
    uint64_t messages = 0;
    uint32_t consumers = 1;
};

Duration or_else(const std::string& text, Duration otherwise) {
    return parse_duration(text).value_or(otherwise);
}

Measured measured(const Options& options, const Arrivals& arrivals, bool subscribed) {
    Measured its = of_arrivals("sub", arrivals);
    its.about = {{"from", options.from}};
    its.lost = arrivals.missing(subscribed);
    if (subscribed) its.before_first = arrivals.missing() - arrivals.missing(true);
    const uint64_t expected = options.messages * (arrivals.each_has_all() ? options.consumers : 1);
    const uint64_t there = arrivals.count() + its.lost;
    if (expected > there) its.lost += expected - there;
    if (arrivals.count() == 0) its.trouble = "nothing of a load has arrived";
    return its;
}

Exit sub(const Options& options, const CLI::App& app, Terminal& terminal) {
    Places places(options.common, terminal);
    const auto from = places.find(options.from);
    if (!from) return places.exit();
    const SocketType by = Ends::takes_by(*from, options.sockets);
    if (const auto idle = idle_option(app, TakesFrom{*from, by}); !idle.empty())
        return usage(options.common, idle, terminal);
    net::PlainSockets sockets;
    const Ends ends{sockets, options.common, terminal};
    const bool subscribed = from->kind == Place::Kind::kEndpoint && by == SocketType::kSub;
    auto source = ends.source(*from, {by, options.consumers, options.subscribe});
    if (!source.ok()) return failed(source.error(), terminal);
    const RealClock clock;
    Arrivals arrivals({.boot = boot_of(clock),
                       .consumers = options.consumers,
                       .each_has_all = subscribed && options.consumers > 1});
    Taking::Setup setup;
    if (options.messages > 0) setup.messages = options.messages;
    setup.time = or_else(options.time, setup.time);
    setup.first = or_else(options.first, setup.first);
    setup.quiet = or_else(options.quiet, setup.quiet);
    Taking taking(setup, **source, arrivals, clock);
    if (Status status = taking.run(); !status.ok()) return failed(status, terminal);
    if (arrivals.count() == 0) {
        terminal.err << "zbridge: nothing of a load has arrived\n";
        if (arrivals.foreign() == 0) return Exit::kFailed;
    }
    return tell(measured(options, arrivals, subscribed), options.common, terminal);
}

}  // namespace

Body declare_bench_sub(CLI::App& app) {
    auto options = std::make_shared<Options>();
    const auto time = [&](const char* name, std::string& value, const char* help) {
        app.add_option(name, value, help)->check(wrong_duration)->type_name("TIME");
    };
    app.add_option(
           "FROM", options->from,
           "where from: an endpoint's name, tcp://..., or group/NAME; what comes, of a load or "
           "not, is taken from there")
        ->required();
    app.add_option("--messages", options->messages,
                   "so many are there to be: what does not come is lost")
        ->check(whole_number(1, kCountMax))
        ->type_name("COUNT");
    time("--duration", options->time, "for so long, from the first one on");
    time("--wait", options->first, "so long for the first one; else 60s");
    time("--quiet", options->quiet, "when none came for so long it ends; else 3s");
    declare_consumers(app, options->consumers, options->subscribe);
    declare_takes(app, options->sockets);
    declare_common(app, options->common);
    return [options, &app](Terminal& terminal) { return sub(*options, app, terminal); };
}

}  // namespace zbridge::cli
