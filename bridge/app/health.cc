#include "bridge/app/health.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace zbridge::app {

namespace {

using telemetry::Report;

class Reasons {
 public:
    void critical(std::string about, std::string text) {
        add(critical_, "critical", std::move(about), std::move(text));
    }
    void warning(std::string about, std::string text) {
        add(warnings_, "warning", std::move(about), std::move(text));
    }
    Report take() {
        Report all = Report::list();
        for (std::vector<Report>* each : {&critical_, &warnings_}) {
            for (Report& reason : *each)
                all.add(std::move(reason));
        }
        return all;
    }

 private:
    static void add(std::vector<Report>& to, const char* level, std::string about,
                    std::string text) {
        Report reason = Report::map();
        reason.add("level", std::string(level));
        reason.add("about", std::move(about));
        reason.add("text", std::move(text));
        to.push_back(std::move(reason));
    }

    std::vector<Report> critical_, warnings_;
};

std::string name_of(const Report& row) {
    return row.at("name").text();
}

void judge_bridge(const Report& bridge, Reasons& reasons) {
    const std::string state = bridge.at("state").text();
    if (state != "serving") reasons.warning("bridge", state + ": it takes no new connections");
    const uint64_t connections = bridge.at("connections").number();
    if (connections >= bridge.at("connections_max").number() && connections > 0)
        reasons.critical("bridge", "all " + std::to_string(connections) + " connections are taken");
    const uint64_t used = bridge.at("memory_bytes").number();
    const uint64_t limit = bridge.at("memory_bytes_max").number();
    if (used >= limit && limit > 0)
        reasons.critical("bridge", "its memory is used up: sources are not read");
    else if (used / 3 >= limit / 4 && limit > 0)
        reasons.warning("bridge", "three quarters of its memory are in use: what blocks is held");
}

// An engine says what is wrong with its store as its health too: that is told once.
void judge_store(const Report& status, Reasons& reasons) {
    const Report& store = status.at("store");
    const std::string failure = store.at("failure").text();
    const std::string trouble = store.at("trouble").text();
    if (!failure.empty())
        reasons.critical("store", "it failed, nothing is stored any more: " + failure);
    else if (store.at("full").text() == "true")
        reasons.critical("store", "its disk has no room: what is published is refused");
    if (!trouble.empty()) reasons.critical("store", "it does not say how it is: " + trouble);
    const bool told = !failure.empty() || store.at("full").text() == "true";
    for (const Report& plugin : status.at("plugins").items()) {
        const std::string its = plugin.at("trouble").text();
        if (its.empty() || (told && plugin.at("is").text() == "engine")) continue;
        reasons.warning("plugin/" + name_of(plugin), its);
    }
}

void judge_endpoints(const Report& endpoints, Reasons& reasons) {
    for (const Report& endpoint : endpoints.items()) {
        for (const Report& trouble : endpoint.at("troubles").items())
            reasons.critical(name_of(endpoint), trouble.text());
        const auto& addresses = endpoint.at("addresses").items();
        const auto dialled = std::count_if(
            addresses.begin(), addresses.end(),
            [](const Report& address) { return address.text().starts_with("connect "); });
        // Of one that is bound too nobody can tell who of its peers was dialled.
        const bool all = dialled == static_cast<std::ptrdiff_t>(addresses.size());
        const uint64_t connected = endpoint.at("connected").number();
        if (dialled == 0 || !all || connected >= static_cast<uint64_t>(dialled)) continue;
        reasons.warning(name_of(endpoint), "connected to " + std::to_string(connected) + " of " +
                                               std::to_string(dialled) + " addresses");
    }
}

void judge_services(const Report& services, Reasons& reasons) {
    for (const Report& service : services.items()) {
        const uint64_t waiting = service.at("waiting").number();
        if (waiting > 0 && service.at("workers").number() == 0)
            reasons.warning(
                "service/" + name_of(service),
                "requests that wait: " + std::to_string(waiting) + ", and no worker is there");
    }
}

void judge_topics(const Report& status, Reasons& reasons) {
    for (const Report& topic : status.at("topics").items()) {
        if (topic.at("full").text() == "true")
            reasons.critical("topic/" + name_of(topic),
                             "full: a group has not settled what it keeps");
    }
    // That hold a group until somebody does something.
    constexpr std::array kStuck = {"crash loop", "too many wait for their key",
                                   "too many wait for a retry"};
    for (const Report& group : status.at("groups").items()) {
        const std::string held = group.at("held").text();
        if (std::find(kStuck.begin(), kStuck.end(), held) != kStuck.end())
            reasons.warning("group/" + name_of(group), "it is given nothing new: " + held);
    }
}

}  // namespace

Report health_report(const Report& status) {
    Reasons reasons;
    judge_bridge(status.at("bridge"), reasons);
    judge_store(status, reasons);
    judge_endpoints(status.at("endpoints"), reasons);
    judge_services(status.at("services"), reasons);
    judge_topics(status, reasons);
    Report all = reasons.take();
    Report report = Report::map();
    report.add("ok", all.items().empty());
    for (const char* name : {"name", "state", "connections", "memory_bytes"})
        report.add(name, status.at("bridge").at(name));
    report.add("reasons", std::move(all));
    return report;
}

}  // namespace zbridge::app
