#include "bridge/cli/bench/measured.h"

#include "bridge/cli/bench/place.h"
#include "tests/unit/cli/ran.h"

using namespace zbridge;
using namespace zbridge::cli::bench;
using telemetry::Report;
using testing::has;

namespace {

Report status() {
    Report its = Report::map();
    Report& endpoints = its.add("endpoints", Report::list());
    const auto add = [&](const char* name, const char* address, const char* serves) {
        Report& each = endpoints.add(Report::map());
        each.add("name", name);
        each.add("addresses", Report::list()).add(address);
        each.add("serves", serves);
    };
    add("orders-in", "tcp://*:5551", "PUB, PUSH");
    add("prices-out", "tcp://0.0.0.0:5562", "SUB, XSUB");
    add("dialled", "connect tcp://10.0.0.7:6000", "PUB");
    add("clients", "ipc:///run/clients", "REQ, DEALER");
    Report& service = its.add("services", Report::list()).add(Report::map());
    service.add("name", "accounts");
    service.add("clients_at", "clients");
    service.add("workers_at", "dialled");
    return its;
}

}  // namespace

TEST_CASE("what went wrong is told, and that nothing did") {
    Measured measured{.bench = "e2e"};
    CHECK(measured.is_good());
    CHECK(has(measured.text(), "verified    none lost, each once, in order\n"));
    measured.lost = 3;
    measured.duplicates = 2;
    measured.late = 1;
    measured.refused["topic_full"] = 5;
    CHECK(!measured.is_good());
    CHECK(has(measured.text(),
              "3 lost, 2 more than once, 1 behind a later one, 5 refused: topic_full\n"));
    CHECK(measured.report().at("out_of_order").number() == 1);
}

TEST_CASE("each of them alone makes a run no good one") {
    Measured lost{.lost = 1}, twice{.duplicates = 1}, late{.late = 1}, stopped{.trouble = "nobody"};
    Measured refused;
    refused.refused["busy"] = 1;
    for (const Measured* each : {&lost, &twice, &late, &stopped, &refused})
        CHECK(!each->is_good());
}

TEST_CASE("a percentile of fewer than it needs is not shown to people") {
    Measured measured;
    for (int i = 0; i < 150; i++)
        measured.latencies.add(std::chrono::microseconds(i));
    CHECK(has(measured.text(), "p99 "));
    CHECK(!has(measured.text(), "p999 "));
}

TEST_CASE("times and rates are as people read them") {
    CHECK(time_text(Duration(850)) == "850 ns");
    CHECK(time_text(Duration(12'340)) == "12.3 us");
    CHECK(time_text(Duration(4'560'000)) == "4.56 ms");
    CHECK(time_text(Duration(1'200'000'000)) == "1.20 s");
    CHECK(rate_text(950) == "950/s");
    CHECK(rate_text(20'000) == "20.0 k/s");
    CHECK(rate_text(1'234'567) == "1.23 M/s");
}

TEST_CASE("a place is named as it is, or found in what a bridge says") {
    CHECK(plain_place("topic/orders")->name == "orders");
    CHECK(plain_place("group/logistics")->kind == Place::Kind::kGroup);
    CHECK(plain_place("tcp://10.0.0.7:5551")->address == "tcp://10.0.0.7:5551");
    CHECK(!plain_place("orders-in"));
    CHECK(!plain_place("topic/"));
    const auto orders = endpoint_place("orders-in", status());
    REQUIRE(orders.ok());
    CHECK(orders->address == "tcp://127.0.0.1:5551");
    CHECK(orders->one_of(SocketType::kPush, SocketType::kPub) == SocketType::kPush);
    const auto prices = endpoint_place("prices-out", status());
    REQUIRE(prices.ok());
    CHECK(prices->address == "tcp://127.0.0.1:5562");
    CHECK(prices->one_of(SocketType::kPull, SocketType::kSub) == SocketType::kSub);
}

TEST_CASE("a place that is none, or that nobody can connect to, is refused with the reason") {
    CHECK(
        has(endpoint_place("order-in", status()).error().message(), "did you mean \"orders-in\"?"));
    CHECK(has(endpoint_place("dialled", status()).error().message(), "the bridge connects"));
    CHECK(has(service_place("account", status()).error().message(), "did you mean \"accounts\"?"));
}

TEST_CASE("a service is at the endpoints of its clients and workers") {
    const auto accounts = service_place("accounts", status());
    REQUIRE(accounts.ok());
    CHECK(accounts->clients == "ipc:///run/clients");
    CHECK(accounts->workers.empty());  // the bridge connects to them
}
