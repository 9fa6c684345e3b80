// What `transactions` of an endpoint become in a configuration, and what is said of wrong ones.
#include <doctest/doctest.h>

#include <string>

#include "bridge/settings/load.h"
#include "tests/unit/support/toy_catalog.h"

using namespace zbridge;
using namespace zbridge::settings;
using enum zbridge::SocketType;

namespace {

std::optional<std::string> no_environment(const std::string&) {
    return std::nullopt;
}

Loaded load(const std::string& rest) {
    testing::ToyCatalog toys;
    return load_text("plugins: { durable: {} }\ntopics: { orders: {}, bills: {} }\n" + rest,
                     "test.yaml", no_environment, &toys.catalog);
}

Config right(const std::string& rest) {
    auto loaded = load(rest);
    std::string said;
    for (const auto& error : loaded.errors)
        said += error.text() + "\n";
    CAPTURE(said);
    REQUIRE(loaded.config);
    return *std::move(loaded.config);
}

// The first thing that is wrong.
std::string wrong(const std::string& rest) {
    const auto loaded = load(rest);
    return loaded.errors.empty() ? "" : loaded.errors.front().text();
}

bool has(const std::string& text, const std::string& part) {
    CAPTURE(text);
    return text.find(part) != std::string::npos;
}

constexpr const char* kRoute = "routes: [{ from: in, to: topic/orders }]\n";

std::string endpoints(const std::string& more_of_in = "",
                      const std::string& checks = "checks: { bind: tcp://*:5602 }") {
    return "endpoints:\n  in: { bind: tcp://*:5601, transactions: { check: checks }" + more_of_in +
           " }\n  " + checks + "\n";
}

}  // namespace

TEST_CASE("an endpoint with transactions serves REQ and DEALER, and its checkers REP and DEALER") {
    const Config config = right(endpoints() + kRoute);
    const EndpointConfig& in = config.endpoints[0];
    CHECK(in.role == Role::kSource);
    CHECK(in.checkers == 1);
    CHECK(in.types() == SocketTypes{kReq, kDealer});
    CHECK(config.endpoints[1].role == Role::kCheckers);
    CHECK(name_of(Role::kCheckers) == "checkers");
    CHECK(config.endpoints[1].types() == SocketTypes{kRep, kDealer});
    CHECK(config.endpoints[1].credit == 1);
}

TEST_CASE("checkers may be those of several endpoints, and hold several checks") {
    const Config config = right(
        "endpoints:\n  in: { bind: tcp://*:5601, transactions: { check: checks } }\n"
        "  also: { bind: tcp://*:5603, transactions: { check: endpoint/checks } }\n"
        "  checks: { bind: tcp://*:5602, credit: 5, accept: dealer }\n"
        "routes: [{ from: [in, also], to: topic/orders }]\n");
    CHECK(config.endpoints[0].checkers == 2);
    CHECK(config.endpoints[1].checkers == 2);
    CHECK(config.endpoints[2].credit == 5);
    CHECK(config.endpoints[2].types() == SocketTypes{kDealer});
}

TEST_CASE("who cannot learn a token cannot be served") {
    CHECK(has(wrong(endpoints(", accept: [push, req]") + kRoute),
              "`accept`: a PUSH cannot be served here: \"in\" is a source of routes"));
    CHECK(has(wrong(endpoints(", accept: pub") + kRoute), "expected req or dealer"));
    CHECK(right(endpoints(", accept: req") + kRoute).endpoints[0].types() == SocketTypes{kReq});
    CHECK(has(wrong(endpoints(", receipts: never") + kRoute),
              "`receipts`: at an endpoint with `transactions` (line 4) each message is answered"));
    CHECK(has(wrong(endpoints("", "checks: { bind: tcp://*:5602, accept: pull }") + kRoute),
              "a PULL cannot be served here"));
}

TEST_CASE("what is prepared is for one topic") {
    const std::string expected = "what is prepared there is for one topic: expected topic/NAME";
    CHECK(has(wrong(endpoints() + "routes: [{ from: in, to: [topic/orders, topic/bills] }]\n"),
              expected));
    CHECK(has(wrong(endpoints("", "checks: { bind: tcp://*:5602 }\n  out: { bind: tcp://*:5603 }") +
                    "routes: [{ from: in, to: out }]\n"),
              expected));
    // By what they match, to several.
    (void)right(endpoints() +
                "routes:\n  - { from: in, match: { prefix: o }, to: topic/orders }\n"
                "  - { from: in, match: { prefix: b }, to: topic/bills }\n");
}

TEST_CASE("who is asked is an endpoint of its own, where workers connect in") {
    CHECK(has(wrong("endpoints:\n  in: { bind: tcp://*:5601, transactions: { check: in } }\n" +
                    std::string(kRoute)),
              "\"in\" cannot be who is asked about the transactions of in"));
    CHECK(has(wrong(endpoints("", "other: { bind: tcp://*:5602 }") + kRoute),
              "no endpoint is named \"checks\""));
    CHECK(has(
        wrong("endpoints:\n  in: { bind: tcp://*:5601, transactions: {} }\n" + std::string(kRoute)),
        "check"));
    CHECK(has(wrong(endpoints("", "checks: { connect: tcp://127.0.0.1:1, socket: req }") + kRoute),
              "those connect in: expected `bind`"));
    CHECK(has(wrong("endpoints:\n  in: { connect: tcp://127.0.0.1:1, socket: dealer, transactions: "
                    "{ check: checks } }\n  checks: { bind: tcp://*:5602 }\n" +
                    std::string(kRoute)),
              "\"in\" is where transactions are prepared"));
}

TEST_CASE("only a source has transactions") {
    CHECK(has(wrong("endpoints:\n  in: { bind: tcp://*:5601 }\n"
                    "  out: { bind: tcp://*:5603, transactions: { check: checks } }\n"
                    "  checks: { bind: tcp://*:5602 }\n"
                    "routes: [{ from: in, to: topic/orders }, { from: topic/orders, to: out }]\n"),
              "`transactions` is for a source of routes"));
}
