#include "bridge/app/status_report.h"

#include <unistd.h>

#include <map>

namespace zbridge::app {

namespace {

using telemetry::Report;

// Only what was counted: a table of zeros hides the one that matters.
Report refusals_report(const RefusalCounts& counts) {
    Report report = Report::map();
    for (size_t i = 0; i < kRefusalCount; i++) {
        const auto refusal = static_cast<Refusal>(i);
        if (counts.of(refusal) > 0) report.add(std::string(name_of(refusal)), counts.of(refusal));
    }
    return report;
}

Report peer_report(const net::Peer& peer) {
    Report report = Report::map();
    report.add("id", peer.id().number());
    report.add("type", std::string(name_of(peer.type())));
    report.add("address", peer.info().address);
    report.add("identity", peer.info().identity);
    report.add("user", peer.info().user);
    report.add("in", peer.counters().messages_in);
    report.add("in_bytes", peer.counters().bytes_in);
    report.add("out", peer.counters().messages_out);
    report.add("out_bytes", peer.counters().bytes_out);
    report.add("waiting", peer.outbox().messages());
    report.add("waiting_bytes", peer.outbox().bytes());
    report.add("dropped", peer.counters().dropped);
    report.add("slowed", peer.counters().slowed);
    report.add("pings", peer.counters().pings);
    return report;
}

Report outlet_report(const delivery::Outlet& outlet) {
    const auto& counters = outlet.counters();
    Report report = Report::map();
    report.add("line", outlet.line().messages());
    report.add("line_bytes", outlet.line().bytes());
    report.add("taken", counters.taken);
    report.add("to_pulls", counters.to_pulls);
    report.add("to_subs", counters.to_subs);
    report.add("returned", counters.returned);
    report.add("dropped_line", counters.dropped_line);
    report.add("dropped_peer", counters.dropped_peer);
    report.add("dropped_memory", counters.dropped_memory);
    report.add("dropped_gone", counters.lost_with_peer);
    report.add("dropped_nobody", counters.nobody);
    report.add("disconnected", counters.disconnected);
    report.add("prefixes", outlet.subscriptions().prefixes());
    return report;
}

Report feed_report(const delivery::Feed& feed) {
    const auto& counters = feed.counters();
    Report report = Report::map();
    report.add("subs", feed.subs());
    report.add("lagging", feed.lagging());
    report.add("lag", feed.lag());
    report.add("to_subs", counters.to_subs);
    report.add("fell_behind", counters.fell_behind);
    report.add("dropped_retention", counters.lost_to_retention);
    report.add("dropped_missing", counters.missing);
    report.add("prefixes", feed.subscriptions().prefixes());
    return report;
}

Report consumers_report(const Bridge& bridge, const delivery::GroupConsumers& consumers,
                        size_t group) {
    const auto counters = consumers.counters();
    Report report = Report::map();
    report.add("group", bridge.config().groups[group].name);
    report.add("consumers", consumers.peers());
    report.add("busy", consumers.busy());
    report.add("in_flight", consumers.in_flight());
    report.add("given", counters.given);
    report.add("acked", counters.acked);
    report.add("retried", counters.retried);
    report.add("rejected", counters.rejected);
    report.add("lost", counters.lost);
    report.add("released", counters.released);
    report.add("stale", counters.stale);
    report.add("malformed", counters.malformed);
    report.add("replies_refused", counters.replies_refused);
    return report;
}

Report sessions_report(const protocol::Sessions& sessions) {
    const auto& counters = sessions.counters();
    uint64_t count = 0, subscriptions = 0, held = 0, waiting = 0, calls = 0;
    sessions.each([&](const protocol::Session& each) {
        count++;
        subscriptions += each.subscriptions();
        held += each.held();
        waiting += each.receipts_waiting();
        calls += each.calls();
    });
    Report report = Report::map();
    report.add("sessions", count);
    report.add("subscriptions", subscriptions);
    report.add("departed", sessions.departed());
    report.add("in_flight", held);
    report.add("receipts_waiting", waiting);
    report.add("calls_waiting", calls);
    report.add("published", counters.published);
    report.add("duplicates", counters.duplicates);
    report.add("publishes_refused", counters.refused);
    report.add("receipts", counters.receipts);
    report.add("prepared", counters.prepared);
    report.add("committed", counters.committed);
    report.add("rolled_back", counters.rolled_back);
    report.add("checks", counters.checks);
    report.add("read", counters.read);
    report.add("given", counters.given);
    report.add("acked", counters.acked);
    report.add("retried", counters.retried);
    report.add("rejected", counters.rejected);
    report.add("released", counters.released);
    report.add("extended", counters.extended);
    report.add("lost", counters.lost);
    report.add("resumed", counters.resumed);
    report.add("stale", counters.stale);
    report.add("calls", counters.calls);
    report.add("calls_answered", counters.calls_answered);
    report.add("calls_given", counters.calls_given);
    report.add("calls_replied", counters.calls_replied);
    report.add("hellos", counters.hellos);
    report.add("commands", counters.commands);
    report.add("unknown_commands", counters.unknown);
    report.add("refused", refusals_report(sessions.refusals()));
    return report;
}

Report checkers_report(const delivery::Checkers& checkers) {
    const auto& counters = checkers.counters();
    Report report = Report::map();
    report.add("checkers", checkers.peers());
    report.add("waiting", checkers.waiting());
    report.add("asked", counters.asked);
    report.add("committed", counters.committed);
    report.add("rolled_back", counters.rolled_back);
    report.add("unknown", counters.unknown);
    report.add("malformed", counters.malformed);
    report.add("late", counters.stale);
    report.add("refused", counters.refused);
    report.add("unasked", counters.unasked);
    return report;
}

// What each worker at an endpoint holds, beside what any peer has.
struct Worker {
    uint64_t credit = 0, held = 0;
    std::optional<uint64_t> answered;  // requests
};
using Workers = std::map<PeerId, Worker>;

Workers workers_at(const Bridge& bridge, size_t endpoint) {
    Workers workers;
    if (const auto& consumers = bridge.consumers()[endpoint]) {
        consumers->each([&](const delivery::Consumer& each) {
            if (each.credit() > 0)
                workers.emplace(each.peer.id(), Worker{each.credit(), each.held(), {}});
        });
    }
    for (size_t i = 0; i < bridge.services().size(); i++) {
        if (bridge.config().services[i].workers != endpoint) continue;
        for (const rpc::WorkerStatus& worker : bridge.services()[i]->worker_statuses())
            workers.emplace(worker.peer, Worker{worker.credit, worker.held, worker.answered});
    }
    return workers;
}

void add_credit(const Workers& workers, const net::Peer& peer, Report& report) {
    const auto worker = workers.find(peer.id());
    if (worker == workers.end()) return;
    report.add("credit", worker->second.credit);
    report.add("held", worker->second.held);
    if (worker->second.answered) report.add("answered", *worker->second.answered);
}

Report endpoint_report(const Bridge& bridge, size_t index, bool with_peers) {
    const settings::EndpointConfig& config = bridge.config().endpoints[index];
    Report report = Report::map();
    report.add("name", config.name);
    report.add("role", std::string(name_of(config.role)));
    Report& addresses = report.add("addresses", Report::list());
    Report peers = Report::list();
    uint64_t count = 0;
    const Workers workers = with_peers ? workers_at(bridge, index) : Workers();
    const auto take = [&](const net::Peer& peer, bool slowed) {
        count++;
        if (!with_peers) return;
        Report& added = peers.add(peer_report(peer));
        add_credit(workers, peer, added);
        if (slowed) added.add("why", "rate");  // it is not read for now
    };
    const auto& endpoint = bridge.endpoints()[index];
    if (endpoint) {
        for (const auto& address : endpoint->bound())
            addresses.add(address.text());
        for (const auto& [id, peer] : endpoint->peers())
            take(*peer, peer->slowed());
    }
    for (const auto& dialled : bridge.dialled()) {
        if (dialled->name() != config.name) continue;
        for (const auto& address : config.connect)
            addresses.add("connect " + address.text());
        for (const net::Peer* peer : dialled->peers())
            take(*peer, false);
        report.add("lost", dialled->lost());
        report.add("refused_dialled", refusals_report(dialled->refusals()));
        Report& troubles = report.add("troubles", Report::list());
        for (std::string& what : dialled->troubles())
            troubles.add(std::move(what));
    }
    report.add("serves", config.types().list());
    report.add("connected", count);
    if (endpoint) {
        report.add("accepted", endpoint->accepted());
        report.add("held", endpoint->held());
        report.add("holds", endpoint->holds());
        report.add("slowed", endpoint->slowed());
        report.add("slowings", endpoint->slowings());
        report.add("refused", refusals_report(endpoint->refusals()));
    }
    if (bridge.intakes()[index])
        report.add("unrouted", refusals_report(bridge.intakes()[index]->refusals()));
    if (bridge.intakes()[index] && bridge.engine() != nullptr)
        report.add("receipts_waiting", bridge.intakes()[index]->receipts_waiting());
    if (bridge.outlets()[index]) report.add("delivery", outlet_report(*bridge.outlets()[index]));
    if (bridge.feeds()[index]) report.add("reading", feed_report(*bridge.feeds()[index]));
    if (bridge.consumers()[index]) {
        report.add("consuming",
                   consumers_report(bridge, *bridge.consumers()[index], *config.group));
    }
    if (bridge.sessions()[index]) report.add("clients", sessions_report(*bridge.sessions()[index]));
    if (bridge.checkers()[index])
        report.add("checking", checkers_report(*bridge.checkers()[index]));
    if (with_peers) report.add("peers", std::move(peers));
    return report;
}

// Where it comes from and goes to, as the file writes it.
void add_ends(const settings::Config& config, const settings::RouteConfig& route, Report& report) {
    Report& from = report.add("from", Report::list());
    for (const size_t each : route.from)
        from.add(config.endpoints[each].name);
    for (const size_t each : route.from_plugins)
        from.add("plugin/" + config.plugins[each].options.name);
    for (const size_t each : route.from_topics)
        from.add("topic/" + config.topics[each].name);
    if (route.from_group) from.add("group/" + config.groups[*route.from_group].name);
    Report& to = report.add("to", Report::list());
    for (const settings::TargetConfig& each : route.to)
        to.add(settings::reference_to(each, config));
}

Report route_report(const intake::Route& route) {
    Report report = Report::map();
    report.add("name", route.name);
    report.add("messages", route.messages);
    report.add("bytes", route.bytes);
    report.add("refused", refusals_report(route.refusals));
    if (route.rejects) {
        report.add("rejects_kept", route.rejects_kept);
        report.add("rejects_dropped", route.rejects_dropped);
    }
    return report;
}

// Where the clients and workers of a service connect.
void add_places(const settings::Config& config, size_t index, Report& report) {
    const settings::ServiceConfig& service = config.services[index];
    if (service.clients) report.add("clients_at", config.endpoints[*service.clients].name);
    if (service.workers) report.add("workers_at", config.endpoints[*service.workers].name);
}

Report service_report(const rpc::Service& service) {
    const rpc::ServiceStatus status = service.status();
    Report report = Report::map();
    report.add("name", service.options().name);
    report.add("paused", status.paused);
    report.add("waiting", status.waiting);
    report.add("in_work", status.in_work);
    report.add("joined", status.joined);
    report.add("unanswered", status.unanswered);
    report.add("kept_answers", status.kept_answers);
    report.add("clients", status.clients);
    report.add("clients_away", status.clients_away);
    report.add("workers", status.workers);
    report.add("workers_free", status.workers_free);
    report.add("accepted", status.accepted);
    report.add("answered", status.answered);
    report.add("recovered", status.recovered);
    report.add("unresumable", status.ended.of(Refusal::kUnresumable));
    report.add("timed_out", status.timed_out);
    report.add("retried", status.retried);
    report.add("returned", status.returned);
    report.add("settled_late", status.settled_late);
    report.add("late", status.late.total());
    Report& late = report.add("late_by_reason", Report::map());
    for (size_t i = 0; i < rpc::kLateReasonCount; i++) {
        const auto reason = static_cast<rpc::LateReason>(i);
        if (status.late.of(reason) > 0)
            late.add(std::string(name_of(reason)), status.late.of(reason));
    }
    report.add("dropped_gone", status.dropped_gone);
    report.add("ended", refusals_report(status.ended));
    report.add("refused", refusals_report(status.refused));
    report.add("dedup_entries", status.dedup_entries);
    report.add("dedup_repeats", status.dedup_repeats);
    report.add("dedup_dropped", status.dedup_dropped);
    return report;
}

Report metrics_report(const plugin::Context& context) {
    Report report = Report::map();
    context.each_metric([&](const zb_metric& metric) {
        if (metric.kind != zb_metric::Kind::kHistogram) {
            report.add(metric.name, metric.value.load());
            return;
        }
        const int64_t count = metric.count.load();
        Report& histogram = report.add(metric.name, Report::map());
        histogram.add("count", count);
        histogram.add("sum", metric.value.load());
        if (count == 0) return;
        histogram.add("least", metric.least.load());
        histogram.add("most", metric.most.load());
    });
    return report;
}

Report plugin_report(const Bridge& bridge, size_t index) {
    const settings::PluginConfig& config = bridge.config().plugins[index];
    Report report = Report::map();
    report.add("name", config.options.name);
    report.add("is", std::string(name_of(config.use)));
    const plugin::Instance* instance =
        config.use ? bridge.plugins()->find(config.options.name) : nullptr;
    if (instance == nullptr) return report;
    const plugin::Declared& declared = instance->declaration().declared();
    const plugin::InstanceCounters& counters = instance->counters;
    report.add("plugin", declared.name);
    report.add("version", declared.version);
    if (!declared.origin.empty()) report.add("file", declared.origin);
    const auto [healthy, trouble] = instance->context().health();
    report.add("health", std::string(healthy ? "ok" : "degraded"));
    if (!healthy) report.add("trouble", trouble);
    const auto add = [&](std::string name, uint64_t value) {
        if (value > 0) report.add(std::move(name), value);
    };
    switch (*config.use) {
        case settings::PluginUse::kStep:
            report.add("messages", counters.calls);
            add("passed", counters.passed);
            add("dropped", counters.dropped);
            add("refused", counters.refused);
            add("routed", counters.routed);
            add("held", counters.held);
            add("failed", counters.failed);
            add("emitted", counters.emitted);
            add("emitted_too_many", counters.emitted_too_many);
            add("over_budget", counters.over_budget);
            add("long_calls", instance->long_calls());
            break;
        case settings::PluginUse::kSink: {
            const auto& line = bridge.sinks()[index];
            report.add("messages", counters.delivered);
            report.add("waiting", line->messages());
            report.add("waiting_bytes", line->bytes());
            report.add("done", counters.accepted);
            add("retried", counters.retried);
            add("rejected", counters.rejected);
            break;
        }
        case settings::PluginUse::kSource:
            report.add("messages", counters.delivered);
            report.add("accepted", counters.accepted);
            add("refused", counters.rejected);
            break;
        case settings::PluginUse::kAuth:
            report.add("peers", counters.calls);
            add("denied", counters.refused);
            break;
        case settings::PluginUse::kEngine:
            break;
    }
    add("kept", instance->context().kept_messages());
    add("log_lines_dropped", instance->context().log_lines_lost());
    report.add("metrics", metrics_report(instance->context()));
    return report;
}

const char* state_of(const Bridge& bridge) {
    if (!bridge.draining()) return "serving";
    return bridge.drained() ? "drained" : "draining";
}

}  // namespace

Report status_report(const Bridge& bridge, Instant now, bool peers) {
    Report report = Report::map();
    Report& about = report.add("bridge", Report::map());
    about.add("name", bridge.config().bridge.name);
    about.add("version", std::string(ZBRIDGE_VERSION));
    about.add("pid", static_cast<int64_t>(getpid()));
    about.add(
        "uptime_s",
        std::chrono::duration_cast<std::chrono::seconds>(now - bridge.life().started).count());
    about.add("epoch", bridge.life().epoch.number());
    about.add("state", std::string(state_of(bridge)));
    about.add("connections", bridge.connections().now);
    about.add("connections_max", bridge.connections().max);
    about.add("memory_bytes", bridge.memory().used());
    about.add("memory_bytes_max", bridge.memory().limit());
    Report& endpoints = report.add("endpoints", Report::list());
    for (size_t i = 0; i < bridge.config().endpoints.size(); i++)
        endpoints.add(endpoint_report(bridge, i, peers));
    Report readers = Report::list();
    Report& routes = report.add("routes", Report::list());
    for (size_t i = 0; i < bridge.routes().size(); i++) {
        // How what reads a topic, or consumes a group, gets on is told of at its endpoint.
        const settings::RouteConfig& route = bridge.config().routes[i];
        const bool reads = !route.from_topics.empty() || route.from_group;
        Report& its =
            reads ? readers.add(Report::map()) : routes.add(route_report(*bridge.routes()[i]));
        if (reads) its.add("name", route.name);
        add_ends(bridge.config(), route, its);
    }
    report.add("reading_routes", std::move(readers));
    Report& plugins = report.add("plugins", Report::list());
    for (size_t i = 0; i < bridge.config().plugins.size(); i++)
        plugins.add(plugin_report(bridge, i));
    Report& services = report.add("services", Report::list());
    for (size_t i = 0; i < bridge.services().size(); i++)
        add_places(bridge.config(), i, services.add(service_report(*bridge.services()[i])));
    return report;
}

}  // namespace zbridge::app
