#include "bridge/app/health.h"

#include <string>

using namespace zbridge;
using telemetry::Report;

namespace {

// The status of a bridge that is well: one of each kind.
struct Status {
    Report bridge = Report::map(), endpoint = Report::map(), service = Report::map();
    Report topic = Report::map(), group = Report::map(), plugin = Report::map();
    Report store = Report::map();

    Status() {
        bridge.add("name", std::string("shop"));
        endpoint.add("name", std::string("prices-in"));
        service.add("name", std::string("accounts"));
        topic.add("name", std::string("orders"));
        group.add("name", std::string("packers"));
        plugin.add("name", std::string("durable"));
    }
    void serves(const char* state = "serving", uint64_t memory = 100) {
        bridge.add("state", std::string(state));
        bridge.add("connections", 3);
        bridge.add("connections_max", 10);
        bridge.add("memory_bytes", memory);
        bridge.add("memory_bytes_max", 1000);
    }
    // "critical store: it failed", in their order.
    std::string judged() const {
        Report status = Report::map();
        status.add("bridge", bridge);
        const auto list = [&](const char* name, const Report& one) {
            status.add(name, Report::list()).add(one);
        };
        list("endpoints", endpoint);
        list("services", service);
        list("topics", topic);
        list("groups", group);
        list("plugins", plugin);
        status.add("store", store);
        const Report health = app::health_report(status);
        CHECK(health.at("name").text() == "shop");
        std::string text;
        for (const Report& reason : health.at("reasons").items()) {
            text += text.empty() ? "" : "\n";
            text += reason.at("level").text() + " " + reason.at("about").text() + ": " +
                    reason.at("text").text();
        }
        CHECK((health.at("ok").text() == "true") == text.empty());
        return text;
    }
};

}  // namespace

TEST_CASE("a bridge that serves, and whose parts are well, is ok") {
    Status status;
    status.serves();
    CHECK(status.judged().empty());
}

TEST_CASE("a bridge that drains, or whose memory goes or is gone, is not") {
    Status draining;
    draining.serves("draining");
    CHECK(draining.judged() == "warning bridge: draining: it takes no new connections");
    Status pressed, full;
    pressed.serves("serving", 751);
    CHECK(pressed.judged() ==
          "warning bridge: three quarters of its memory are in use: what blocks is held");
    full.serves("serving", 1000);
    CHECK(full.judged() == "critical bridge: its memory is used up: sources are not read");
}

TEST_CASE("what is wrong with the store is told once, and before what is less wrong") {
    Status status;
    status.serves("draining");
    status.store.add("failure", std::string("no such device"));
    status.plugin.add("is", std::string("engine"));
    status.plugin.add("trouble", std::string("the journal failed: no such device"));
    CHECK(status.judged() ==
          "critical store: it failed, nothing is stored any more: no such device\n"
          "warning bridge: draining: it takes no new connections");
    Status damaged;
    damaged.serves();
    damaged.plugin.add("is", std::string("engine"));
    damaged.plugin.add("trouble", std::string("batches that cannot be read: 2"));
    CHECK(damaged.judged() == "warning plugin/durable: batches that cannot be read: 2");
    Status silent;
    silent.serves();
    silent.store.add("trouble", std::string("it is busy"));
    CHECK(silent.judged() == "critical store: it does not say how it is: it is busy");
}

TEST_CASE("requests that wait where no worker is are a reason; those that wait for one are not") {
    Status status;
    status.serves();
    status.service.add("waiting", 7);
    status.service.add("workers", 2);
    CHECK(status.judged().empty());
    Status alone;
    alone.serves();
    alone.service.add("waiting", 7);
    alone.service.add("workers", 0);
    CHECK(alone.judged() ==
          "warning service/accounts: requests that wait: 7, and no worker is there");
}

TEST_CASE("a dialled endpoint that is not connected everywhere is a reason, a bound one is not") {
    Status bound;
    bound.serves();
    bound.endpoint.add("addresses", Report::list()).add(std::string("tcp://*:5551"));
    bound.endpoint.add("connected", 0);
    CHECK(bound.judged().empty());
    Status dialled;
    dialled.serves();
    Report& addresses = dialled.endpoint.add("addresses", Report::list());
    addresses.add(std::string("connect tcp://10.0.0.7:1"));
    addresses.add(std::string("connect tcp://10.0.0.7:2"));
    dialled.endpoint.add("connected", 1);
    CHECK(dialled.judged() == "warning prices-in: connected to 1 of 2 addresses");
}

TEST_CASE(
    "a full topic, and a group that is stuck, are reasons; a paused group is as it was asked") {
    Status status;
    status.serves();
    status.topic.add("full", true);
    status.group.add("held", std::string("crash loop"));
    CHECK(status.judged() ==
          "critical topic/orders: full: a group has not settled what it keeps\n"
          "warning group/packers: it is given nothing new: crash loop");
    Status paused;
    paused.serves();
    paused.group.add("held", std::string("paused"));
    CHECK(paused.judged().empty());
}
