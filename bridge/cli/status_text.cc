#include "bridge/cli/status_text.h"

#include <fmt/format.h>

#include "bridge/cli/group_text.h"
#include "bridge/cli/table.h"
#include "bridge/cli/text.h"
#include "bridge/telemetry/line.h"

namespace zbridge::cli {

namespace {

using telemetry::Report;

// "too_large 3, malformed 1"
std::string counts_text(const Report& counts) {
    std::string text;
    for (const auto& [name, count] : counts.entries()) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count.number());
    }
    return text;
}

std::string list_text(const Report& list) {
    std::string text;
    for (const Report& each : list.items())
        text += (text.empty() ? "" : " ") + each.text();
    return text;
}

// A table under another one.
std::string below(const std::string& table) {
    return table.empty() ? "" : "\n" + table;
}

std::string delivery_text(const Report& endpoints, size_t width) {
    Table table({"TARGET", "LINE", "TO PULL", "TO SUB", "RETURNED", "DROPPED", "BY REASON"},
                {"RETURNED"});
    for (const Report& endpoint : endpoints.items()) {
        const Report& delivery = endpoint.at("delivery");
        if (delivery.is_null()) continue;
        uint64_t dropped = 0;
        std::string reasons;
        for (const std::string reason : {"line", "peer", "memory", "gone", "nobody"}) {
            const uint64_t count = delivery.at("dropped_" + reason).number();
            dropped += count;
            if (count > 0)
                reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", reason, count);
        }
        table.add({cell(endpoint, "name"), cell(delivery, "line"), cell(delivery, "to_pulls"),
                   cell(delivery, "to_subs"), cell(delivery, "returned"), std::to_string(dropped),
                   reasons});
    }
    return table.empty() ? "" : "\n" + table.text(width);
}

std::string store_text(const Report& store) {
    if (store.at("commits").is_null()) return "";
    const uint64_t syncs = store.at("syncs").number();
    std::string text =
        fmt::format("\nstore: {}, {}; {}", counted(store.at("segments").number(), "segment"),
                    bytes_text(store.at("segment_bytes").number()),
                    counted(store.at("commits").number(), "commit"));
    if (syncs > 0) {
        text += fmt::format(", a sync takes {:.1f} ms, at most {:.1f} ms",
                            static_cast<double>(store.at("sync_sum_us").number()) / 1000.0 /
                                static_cast<double>(syncs),
                            static_cast<double>(store.at("sync_longest_us").number()) / 1000.0);
    }
    if (cell(store, "full") == "true") text += "; full: only its reserve is left";
    const std::string failure = cell(store, "failure");
    if (!failure.empty()) text += "; failed: " + failure;
    return text + "\n";
}

// How far SUBs of topics are behind.
std::string readers_text(const Report& endpoints, size_t width) {
    Table table({"READERS AT", "SUBS", "LAGGING", "LAG", "TO SUB", "DROPPED"}, {});
    for (const Report& endpoint : endpoints.items()) {
        const Report& reading = endpoint.at("reading");
        if (reading.is_null()) continue;
        table.add({cell(endpoint, "name"), cell(reading, "subs"), cell(reading, "lagging"),
                   cell(reading, "lag"), cell(reading, "to_subs"),
                   cell(reading, "dropped_retention")});
    }
    return table.empty() ? "" : "\n" + table.text(width);
}

// Who shares the messages of a group, and what becomes of them.
std::string consumers_text(const Report& endpoints, size_t width) {
    Table table({"CONSUMERS AT", "GROUP", "PEERS", "BUSY", "IN FLIGHT", "GIVEN", "ACKED", "RETRIED",
                 "REJECTED", "LOST", "STALE"},
                {"STALE", "LOST", "GIVEN"});
    for (const Report& endpoint : endpoints.items()) {
        const Report& its = endpoint.at("consuming");
        if (its.is_null()) continue;
        table.add({cell(endpoint, "name"), cell(its, "group"), cell(its, "consumers"),
                   cell(its, "busy"), cell(its, "in_flight"), cell(its, "given"),
                   cell(its, "acked"), cell(its, "retried"), cell(its, "rejected"),
                   cell(its, "lost"), cell(its, "stale")});
    }
    return table.empty() ? "" : "\n" + table.text(width);
}

// Clients of the bridge's own protocol.
std::string clients_text(const Report& endpoints, size_t width) {
    Table table({"CLIENTS AT", "SESSIONS", "SUBSCRIPTIONS", "PUBLISHED", "DUPLICATES", "IN FLIGHT",
                 "GIVEN", "ACKED", "RETRIED", "REJECTED", "LOST", "STALE", "NOTE"},
                {"STALE", "LOST", "DUPLICATES", "GIVEN", "SUBSCRIPTIONS"});
    for (const Report& endpoint : endpoints.items()) {
        const Report& its = endpoint.at("clients");
        if (its.is_null()) continue;
        table.add({cell(endpoint, "name"), cell(its, "sessions"), cell(its, "subscriptions"),
                   cell(its, "published"), cell(its, "duplicates"), cell(its, "in_flight"),
                   cell(its, "given"), cell(its, "acked"), cell(its, "retried"),
                   cell(its, "rejected"), cell(its, "lost"), cell(its, "stale"),
                   counts_text(its.at("refused"))});
    }
    return table.empty() ? "" : "\n" + table.text(width);
}

std::string plugins_text(const Report& plugins, size_t width) {
    Table table({"PLUGIN", "IS", "VERSION", "HEALTH", "MESSAGES", "WAITING", "COUNTS", "NOTE"},
                {"VERSION", "WAITING"});
    for (const Report& plugin : plugins.items()) {
        std::string counts;
        for (const std::string name :
             {"passed", "done", "accepted", "dropped", "refused", "routed", "held", "failed",
              "emitted", "retried", "rejected", "denied", "over_budget", "long_calls"}) {
            const uint64_t count = plugin.at(name).number();
            if (count > 0)
                counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", name, count);
        }
        const bool auth = plugin.at("messages").is_null();
        table.add({cell(plugin, "name"), cell(plugin, "is"),
                   cell(plugin, "plugin") + " " + cell(plugin, "version"), cell(plugin, "health"),
                   cell(plugin, auth ? "peers" : "messages"), cell(plugin, "waiting"), counts,
                   cell(plugin, "trouble")});
    }
    return table.empty() ? "" : "\n" + table.text(width);
}

}  // namespace

std::string endpoints_text(const Report& endpoints, size_t width) {
    Table table({"ENDPOINT", "ROLE", "ADDRESS", "SERVES", "PEERS", "NOTE"}, {"SERVES", "ADDRESS"});
    for (const Report& endpoint : endpoints.items()) {
        std::string note;
        if (cell(endpoint, "held") == "true") note = "held: its targets are full";
        if (const uint64_t slowed = endpoint.at("slowed").number(); note.empty() && slowed > 0)
            note = fmt::format("{} held: they send faster than `rate`", slowed);
        const std::string refused = counts_text(endpoint.at("refused"));
        if (!refused.empty()) note += (note.empty() ? "refused: " : "; refused: ") + refused;
        const std::string unrouted = counts_text(endpoint.at("unrouted"));
        if (!unrouted.empty()) note += (note.empty() ? "" : "; ") + unrouted;
        table.add({cell(endpoint, "name"), cell(endpoint, "role"),
                   list_text(endpoint.at("addresses")), cell(endpoint, "serves"),
                   cell(endpoint, "connected"), note});
    }
    return table.text(width);
}

std::string routes_text(const Report& routes, size_t width) {
    Table table({"ROUTE", "FROM", "TO", "MESSAGES", "BYTES", "REFUSED"}, {"TO", "FROM"});
    for (const Report& route : routes.items()) {
        const Report& bytes = route.at("bytes");  // what reads a topic or a group has none
        table.add({cell(route, "name"), list_text(route.at("from")), list_text(route.at("to")),
                   cell(route, "messages"), bytes.is_null() ? "" : bytes_text(bytes.number()),
                   counts_text(route.at("refused"))});
    }
    return table.empty() ? "" : table.text(width);
}

std::string services_text(const Report& services, size_t width) {
    Table table({"SERVICE", "WAITING", "IN WORK", "WORKERS", "FREE", "ANSWERED", "TIMED OUT",
                 "RETRIED", "LATE", "NOTE"},
                {"LATE", "RETRIED", "FREE"});
    for (const Report& service : services.items()) {
        std::string note = cell(service, "paused") == "true" ? "paused" : "";
        const std::string refused = counts_text(service.at("refused"));
        if (!refused.empty()) note += (note.empty() ? "" : "; ") + refused;
        const std::string ended = counts_text(service.at("ended"));
        if (!ended.empty()) note += (note.empty() ? "ended: " : "; ended: ") + ended;
        table.add({cell(service, "name"), cell(service, "waiting"), cell(service, "in_work"),
                   cell(service, "workers"), cell(service, "workers_free"),
                   cell(service, "answered"), cell(service, "timed_out"), cell(service, "retried"),
                   cell(service, "late"), note});
    }
    return table.empty() ? "" : table.text(width);
}

Report peers_of(const Report& endpoints, const std::string& endpoint) {
    Report peers = Report::list();
    for (const Report& each : endpoints.items()) {
        if (!endpoint.empty() && cell(each, "name") != endpoint) continue;
        for (const Report& peer : each.at("peers").items())
            peers.add(peer).add("endpoint", each.at("name"));
    }
    return peers;
}

std::string peers_text(const Report& peers, size_t width) {
    Table table({"ENDPOINT", "PEER", "TYPE", "ADDRESS", "IDENTITY", "USER", "IN", "OUT", "WAITING",
                 "DROPPED", "CREDIT"},
                {"USER", "IDENTITY", "ADDRESS"});
    for (const Report& peer : peers.items()) {
        const bool worker = !peer.at("credit").is_null();
        table.add({cell(peer, "endpoint"), cell(peer, "id"), cell(peer, "type"),
                   cell(peer, "address"), printable(cell(peer, "identity")),
                   telemetry::readable(cell(peer, "user")), cell(peer, "in"), cell(peer, "out"),
                   cell(peer, "waiting"), cell(peer, "dropped"),
                   worker ? cell(peer, "held") + " of " + cell(peer, "credit") : ""});
    }
    return table.empty() ? "" : table.text(width);
}

std::string topics_text(const Report& topics, size_t width) {
    Table table({"TOPIC", "STATE", "MESSAGES", "SIZE", "FLOOR", "HEAD", "OLDEST", "NOTE"},
                {"FLOOR", "STATE"});
    for (const Report& topic : topics.items()) {
        const Report& oldest = topic.at("oldest_age_s");
        table.add({cell(topic, "name"), cell(topic, "state"), cell(topic, "messages"),
                   bytes_text(topic.at("bytes").number()), cell(topic, "floor"),
                   cell(topic, "head"),
                   oldest.is_null() ? "" : duration_text(oldest.number()) + " ago",
                   cell(topic, "full") == "true" ? "full" : ""});
    }
    return table.empty() ? "" : table.text(width);
}

// Those who are asked about transactions.
std::string checkers_text(const Report& endpoints, size_t width) {
    Table table({"CHECKERS AT", "PEERS", "WAITING", "ASKED", "COMMITTED", "ROLLED BACK", "UNKNOWN",
                 "MALFORMED", "LATE", "UNASKED"},
                {"LATE", "MALFORMED"});
    for (const Report& endpoint : endpoints.items()) {
        const Report& its = endpoint.at("checking");
        if (its.is_null()) continue;
        table.add({cell(endpoint, "name"), cell(its, "checkers"), cell(its, "waiting"),
                   cell(its, "asked"), cell(its, "committed"), cell(its, "rolled_back"),
                   cell(its, "unknown"), cell(its, "malformed"), cell(its, "late"),
                   cell(its, "unasked")});
    }
    return table.empty() ? "" : "\n" + table.text(width);
}

// Of a bridge that has had one, in this life or with one that is still open.
std::string engine_transactions_text(const Report& its) {
    const auto count = [&](std::string_view name) {
        return its.at(name).is_null() ? 0 : its.at(name).number();
    };
    if (count("prepared") + count("committed") + count("rolled_back") + count("unresolved") == 0)
        return "";
    return fmt::format(
        "\ntransactions: {} prepared, {} committed, {} rolled back, {} unresolved; {} checks\n",
        count("prepared"), count("committed"), count("rolled_back"), count("unresolved"),
        count("checks"));
}

std::string status_text(const telemetry::Report& status, bool peers, size_t width_max) {
    const Report& bridge = status.at("bridge");
    std::string text = fmt::format(
        "{} (zbridge {}, pid {}), {}, up {}\n{} of {} connections, {} of {} memory\n\n",
        cell(bridge, "name"), cell(bridge, "version"), cell(bridge, "pid"), cell(bridge, "state"),
        duration_text(bridge.at("uptime_s").number()), cell(bridge, "connections"),
        cell(bridge, "connections_max"), bytes_text(bridge.at("memory_bytes").number()),
        bytes_text(bridge.at("memory_bytes_max").number()));
    text += endpoints_text(status.at("endpoints"), width_max);
    text += below(services_text(status.at("services"), width_max));
    text += below(routes_text(status.at("routes"), width_max));
    text += below(topics_text(status.at("topics"), width_max));
    text += below(groups_text(status.at("groups"), width_max));
    text += readers_text(status.at("endpoints"), width_max);
    text += consumers_text(status.at("endpoints"), width_max);
    text += clients_text(status.at("endpoints"), width_max);
    text += checkers_text(status.at("endpoints"), width_max);
    text += engine_transactions_text(status.at("transactions"));
    text += store_text(status.at("store"));
    text += plugins_text(status.at("plugins"), width_max);
    text += delivery_text(status.at("endpoints"), width_max);
    if (peers) text += below(peers_text(peers_of(status.at("endpoints")), width_max));
    return text;
}

}  // namespace zbridge::cli
