#include "bridge/app/live_calls.h"

#include <unistd.h>

#include <fmt/format.h>

#include "bridge/base/nearest.h"
#include "bridge/telemetry/event_ring.h"

namespace zbridge::app {

namespace {

using telemetry::Report;

Report about(const Bridge& bridge) {
    Report report = Report::map();
    report.add("name", bridge.config().bridge.name);
    report.add("pid", static_cast<int64_t>(getpid()));
    return report;
}

// Of an endpoint of the configuration: whoever asks is no peer that could be meant.
net::Peer* find_peer(const Bridge& bridge, PeerId peer) {
    for (const auto& endpoint : bridge.endpoints()) {
        if (!endpoint) continue;
        const auto found = endpoint->peers().find(peer);
        if (found != endpoint->peers().end()) return found->second;
    }
    for (const auto& dialled : bridge.dialled()) {
        if (net::Peer* found = dialled->find(peer); found != nullptr) return found;
    }
    return nullptr;
}

}  // namespace

void LiveCalls::serve(admin::Admin& admin) {
    admin.serve("events", [this](const Report& args) { return events(args); });
    admin.serve("peer kick", [this](const Report& args) { return kick_peer(args); });
    admin.serve("service pause", [this](const Report& args) { return switch_service(args, true); });
    admin.serve("service resume",
                [this](const Report& args) { return switch_service(args, false); });
    admin.serve("drain", [this](const Report&) { return drain(); });
    admin.serve("stop", [this](const Report&) { return stop(); });
}

Result<Report> LiveCalls::events(const Report& args) const {
    if (log_.events() == nullptr) return Status(Code::kNotFound, "this bridge keeps no events");
    telemetry::EventRing::Wanted wanted;
    wanted.after = args.at("after").number();
    if (!args.at("max").is_null()) wanted.max = args.at("max").number();
    const std::string level = args.at("level").text();
    if (!level.empty()) {
        const auto least = telemetry::level_named(level);
        if (!least) return Status(Code::kInvalid, fmt::format("`{}` is no level", level));
        wanted.least = *least;
    }
    Report told = log_.events()->told(wanted);
    told.add("epoch", bridge_.life().epoch.number());
    return told;
}

Result<Report> LiveCalls::kick_peer(const Report& args) {
    net::Peer* const peer = find_peer(bridge_, PeerId(args.at("peer").number()));
    if (peer == nullptr) {
        return Status(Code::kNotFound,
                      fmt::format("there is no peer {} (see `peer ls`)", args.at("peer").number()));
    }
    Report report = Report::map();
    report.add("peer", peer->id().number());
    report.add("endpoint", bridge_.config().endpoints[peer->info().endpoint.number()].name);
    report.add("type", std::string(name_of(peer->type())));
    report.add("address", peer->info().address);
    peer->close(Refusal::kKicked);
    return report;
}

Result<Report> LiveCalls::switch_service(const Report& args, bool pause) {
    const std::string name = args.at("service").text();
    std::vector<std::string_view> known;
    for (const auto& service : bridge_.services()) {
        known.push_back(service->options().name);
        if (service->options().name != name) continue;
        if (pause)
            service->pause();
        else
            service->resume();
        log_.info("admin", pause ? "a service is paused" : "a service goes on",
                  {{"service", name}});
        Report report = Report::map();
        report.add("service", name);
        report.add("paused", pause);
        return report;
    }
    return Status(Code::kNotFound, there_is_no("service", name, known));
}

Result<Report> LiveCalls::drain() {
    log_.info("admin", "draining, as a command asked: nothing new is taken");
    bridge_.drain();
    return about(bridge_);
}

Result<Report> LiveCalls::stop() {
    log_.info("admin", "ending, as a command asked: reading what is on its way");
    bridge_.request_stop();
    return about(bridge_);
}

}  // namespace zbridge::app
