// zbridge bench e2e FROM TO, zbridge bench fanout FROM TO: a load sent and taken in one process
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/time_text.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/bench/commands.h"
#include "bridge/cli/bench/cross.h"
#include "bridge/cli/bench/ends.h"
#include "bridge/cli/bench/idle.h"
#include "bridge/cli/bench/options.h"
#include "bridge/cli/conversations.h"

namespace zbridge::cli {

using namespace bench;

namespace {

// Of what is dropped where it does not fit: as fast as it goes it is kept within what fits.
constexpr uint64_t kPubWindow = 2'000;
constexpr uint64_t kReceiptWindow = 1'000;

struct Options {
    Common common;
    Load load;
    Sockets sockets;
    std::string into, out, subscribe, quiet, wait;
    uint32_t consumers = 1;
};

uint64_t window_of(const Options& options, SocketType sends, bool answers) {
    if (options.load.window) return *options.load.window;
    if (answers) return kReceiptWindow;
    return sends == SocketType::kPub && options.load.rate.empty() ? kPubWindow : 0;
}

struct Run {
    Sink& sink;
    Source& source;
    Payload& payload;
    SocketType sends, takes;
};

Exit measure(const Options& options, const Run& run, Terminal& terminal) {
    const RealClock clock;
    const uint32_t number = new_run();
    Crossing crossing;
    Sending::Setup sends{.schedule = options.load.schedule(),
                         .window = window_of(options, run.sends, run.sink.answers()),
                         .run = number,
                         .boot = boot_of(clock),
                         .crossing = &crossing};
    sends.patience = parse_duration(options.wait).value_or(sends.patience);
    Taking::Setup takes{.crossing = &crossing};
    takes.quiet = parse_duration(options.quiet).value_or(takes.quiet);
    Arrivals arrivals({.run = number,
                       .boot = boot_of(clock),
                       .consumers = options.consumers,
                       .each_has_all = run.takes == SocketType::kSub});
    Sending sending(sends, run.payload, run.sink, clock);
    Taking taking(takes, run.source, arrivals, clock);
    if (Status status = cross(sending, taking, crossing); !status.ok())
        return failed(status, terminal);
    Measured its = crossed(options.common.bench, sending, arrivals);
    its.settings = options.load.described(run.payload);
    its.about = {{"from", options.into}, {"to", options.out}};
    if (options.consumers > 1)
        its.about.emplace_back("consumers", fmt::to_string(options.consumers));
    return tell(its, options.common, terminal);
}

Exit e2e(const Options& options, const CLI::App& app, Terminal& terminal) {
    auto payload = options.load.payload();
    if (!payload.ok()) return failed(payload.error(), terminal);
    Places places(options.common, terminal);
    const auto into = places.find(options.into);
    const auto out = into ? places.find(options.out) : std::nullopt;
    if (!out) return places.exit();
    const SocketType sends = Ends::sends_by(*into, options.sockets);
    const SocketType takes = out->kind == Place::Kind::kGroup
                                 ? SocketType::kPull
                                 : Ends::takes_by(*out, options.sockets);
    for (const auto& idle : {idle_option(app, SendsTo{*into, sends, /*is_taken=*/true}),
                             idle_option(app, TakesFrom{*out, takes})})
        if (!idle.empty()) return usage(options.common, idle, terminal);
    if (out->kind == Place::Kind::kGroup && options.consumers > 1)
        return usage(options.common, "of a group one consumer takes", terminal);
    net::PlainSockets sockets;
    const Ends ends{sockets, options.common, terminal};
    auto source = ends.source(*out, {takes, options.consumers, options.subscribe});
    if (!source.ok()) return failed(source.error(), terminal);
    auto sink = ends.sink(*into, sends, options.load);
    if (!sink.ok()) return failed(sink.error(), terminal);
    return measure(options, {**sink, **source, *payload, sends, takes}, terminal);
}

void declare_ends(CLI::App& app, Options& options) {
    app.add_option("FROM", options.into,
                   "where it goes in: an endpoint's name, tcp://..., or topic/NAME")
        ->required();
    app.add_option("TO", options.out,
                   "where it comes out: an endpoint's name, tcp://..., or group/NAME")
        ->required();
    declare_load(app, options.load);
    declare_producers(app, options.load);
    declare_consumers(app, options.consumers, options.subscribe);
    app.add_option("--wait", options.wait, "so long for the first one to arrive; else 10s")
        ->check(wrong_duration)
        ->type_name("TIME");
    app.add_option("--quiet", options.quiet,
                   "after the last was sent, and none came for so long, it ends; else 3s")
        ->check(wrong_duration)
        ->type_name("TIME");
}

}  // namespace

Body declare_bench_e2e(CLI::App& app) {
    auto options = std::make_shared<Options>();
    options->common.bench = "e2e";
    declare_ends(app, *options);
    declare_sends(app, options->sockets);
    declare_takes(app, options->sockets);
    declare_common(app, options->common);
    return [options, &app](Terminal& terminal) { return e2e(*options, app, terminal); };
}

Body declare_bench_fanout(CLI::App& app) {
    auto options = std::make_shared<Options>();
    options->common.bench = "fanout";
    options->consumers = 8;
    options->sockets = {"pub", "sub"};
    declare_ends(app, *options);
    declare_common(app, options->common);
    return [options, &app](Terminal& terminal) { return e2e(*options, app, terminal); };
}

}  // namespace zbridge::cli
