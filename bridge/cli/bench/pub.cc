// zbridge bench pub TO [--rate RATE] [--messages COUNT] [--duration TIME] ...
#include <memory>

#include <CLI/CLI.hpp>

#include "bridge/cli/bench/commands.h"
#include "bridge/cli/bench/ends.h"
#include "bridge/cli/bench/idle.h"
#include "bridge/cli/bench/options.h"
#include "bridge/cli/bench/sending.h"
#include "bridge/cli/conversations.h"

namespace zbridge::cli {

using namespace bench;

namespace {

constexpr uint64_t kWindow = 1'000;  // of what has receipts, where nothing is said

struct Options {
    Common common{"pub", {}, {}, {}};
    Load load;
    Sockets sockets;
    std::string to;
};

Measured measured(const Options& options, const Sending& sending, bool answers) {
    Measured its = of_sending("pub", sending);
    its.about = {{"to", options.to}};
    its.verb = answers ? "receipts" : "sent";
    its.latency = "receipt";
    its.verified = answers ? "each has its receipt" : "";
    return its;
}

Exit pub(const Options& options, const CLI::App& app, Terminal& terminal) {
    auto payload = options.load.payload();
    if (!payload.ok()) return failed(payload.error(), terminal);
    Places places(options.common, terminal);
    const auto to = places.find(options.to);
    if (!to) return places.exit();
    const SocketType by = Ends::sends_by(*to, options.sockets);
    if (const auto idle = idle_option(app, SendsTo{*to, by}); !idle.empty())
        return usage(options.common, idle, terminal);
    Measured its;
    {
        net::PlainSockets sockets;
        const Ends ends{sockets, options.common, terminal};
        auto sink = ends.sink(*to, by, options.load);
        if (!sink.ok()) return failed(sink.error(), terminal);
        const RealClock clock;
        Sending sending({.schedule = options.load.schedule(),
                         .window = options.load.window.value_or(kWindow),
                         .run = new_run(),
                         .boot = boot_of(clock)},
                        *payload, **sink, clock);
        if (Status status = sending.run(); !status.ok()) return failed(status, terminal);
        its = measured(options, sending, (*sink)->answers());
        its.settings = options.load.described(*payload);
    }
    return tell(its, options.common, terminal);
}

}  // namespace

Body declare_bench_pub(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("TO", options->to, "where to: an endpoint's name, tcp://..., or topic/NAME")
        ->required();
    declare_load(app, options->load);
    declare_producers(app, options->load);
    declare_sends(app, options->sockets);
    declare_common(app, options->common);
    return [options, &app](Terminal& terminal) { return pub(*options, app, terminal); };
}

}  // namespace zbridge::cli
