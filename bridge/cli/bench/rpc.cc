// zbridge bench rpc SERVICE [--clients COUNT] [--window COUNT] [--workers COUNT] ...
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "bridge/base/time_text.h"
#include "bridge/cli/asked.h"
#include "bridge/cli/bench/asking_sink.h"
#include "bridge/cli/bench/commands.h"
#include "bridge/cli/bench/echo.h"
#include "bridge/cli/bench/idle.h"
#include "bridge/cli/bench/options.h"
#include "bridge/cli/bench/sending.h"
#include "bridge/cli/conversations.h"
#include "bridge/cli/names.h"
#include "bridge/cli/option_values.h"

namespace zbridge::cli {

using namespace bench;

namespace {

struct Options {
    Common common{"rpc", {}, {}, {}};
    Load load;
    std::string service, workers_at, wait;
    uint32_t workers = 0;
};

// As a REQ asks, which waits for its reply; with a rate whatever is due is asked.
uint64_t window_of(const Load& load) {
    return load.window.value_or(load.rate.empty() ? 1 : 0);
}

Measured measured(const Options& options, const Sending& sending, const AskingSink& sink) {
    Measured its = of_sending("rpc", sending);
    its.about = {{"service", options.service}};
    its.about.emplace_back("clients", fmt::to_string(options.load.producers));
    if (options.workers > 0) its.about.emplace_back("workers", fmt::to_string(options.workers));
    its.verb = "replies";
    its.duplicates = sink.answered_again();
    its.verified = "each has its reply, once";
    return its;
}

Exit measure(const Options& options, Payload& payload, AskingSink& sink, Terminal& terminal) {
    const RealClock clock;
    Crossing crossing;
    Sending::Setup setup{.schedule = options.load.schedule(),
                         .run = new_run(),
                         .boot = boot_of(clock),
                         .crossing = &crossing};
    setup.patience = parse_duration(options.wait).value_or(setup.patience);
    Sending sending(setup, payload, sink, clock);
    sending.listen([&](const Stamp& stamp, std::string_view /*refused*/) {
        if (stamp.kind == Stamp::Kind::kHello) crossing.heard = true;
    });
    Status status = sending.greet();
    if (status.ok()) status = sending.run();
    if (!status.ok()) return failed(status, terminal);
    Measured its = measured(options, sending, sink);
    its.settings = options.load.described(payload);
    return tell(its, options.common, terminal);
}

Exit rpc(const Options& options, const CLI::App& app, Terminal& terminal) {
    auto payload = options.load.payload();
    if (!payload.ok()) return failed(payload.error(), terminal);
    if (options.workers == 0) {
        const auto idle = idle_if_given(app, "--workers-at", "it is for --workers of its own");
        if (!idle.empty()) return usage(options.common, idle, terminal);
    }
    Places places(options.common, terminal);
    const auto ends = places.find_service(options.service, options.workers_at, options.workers > 0);
    if (!ends) return places.exit();
    net::PlainSockets sockets;
    std::unique_ptr<Echo> echo;
    if (options.workers > 0) {
        auto opened = Echo::open(sockets, ends->workers, options.workers);
        if (!opened.ok()) return failed(opened.error(), terminal);
        echo = *std::move(opened);
    }
    auto sink = AskingSink::open(sockets, {.address = ends->clients,
                                           .producers = options.load.producers,
                                           .window = window_of(options.load),
                                           .echo = options.workers > 0});
    if (!sink.ok()) return failed(sink.error(), terminal);
    return measure(options, *payload, **sink, terminal);
}

}  // namespace

Body declare_bench_rpc(CLI::App& app) {
    auto options = std::make_shared<Options>();
    add_name(app, "SERVICE", options->service, "service",
             "what is asked: a service's name, or the tcp://... of its clients")
        ->required();
    app.add_option("--clients", options->load.producers, "so many ask, each by a socket; else 1")
        ->check(whole_number(1, kProducersMax))
        ->type_name("COUNT");
    app.add_option("--workers", options->workers,
                   "so many workers of its own, which reply what they are asked; else who is there")
        ->check(whole_number(1, kConsumersMax))
        ->type_name("COUNT");
    app.add_option("--workers-at", options->workers_at, "where to, if SERVICE is an address")
        ->type_name("ADDRESS");
    declare_load(app, options->load);
    app.add_option("--wait", options->wait, "so long for a reply; else 10s")
        ->check(wrong_duration)
        ->type_name("TIME");
    declare_common(app, options->common);
    return [options, &app](Terminal& terminal) { return rpc(*options, app, terminal); };
}

}  // namespace zbridge::cli
