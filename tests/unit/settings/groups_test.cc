// What groups become in a configuration. What is said of wrong ones: tests/golden/settings/topics.
#include <string>

#include "bridge/settings/load.h"
#include "tests/unit/support/toy_catalog.h"

using namespace zbridge;
using namespace zbridge::settings;
using namespace std::chrono_literals;
using delivery::ConsumersOptions;
using delivery::SettleRule;
using enum zbridge::SocketType;

namespace {

std::optional<std::string> no_environment(const std::string&) {
    return std::nullopt;
}

constexpr const char* kShop =
    "plugins: { durable: {} }\n"
    "topics: { orders: {}, packed: {} }\n"
    "groups:\n"
    "  logistics: { topic: orders, resume_grace: 5s }\n"
    "  books: { topic: topic/orders, dead_letter: topic/lost }\n"
    "  graves: { topic: logistics-dead }\n"
    "endpoints:\n"
    "  in: { bind: tcp://*:5551 }\n";

Config right(const std::string& rest, plugin::Declarations* plugins) {
    auto loaded = load_text(kShop + rest, "test.yaml", no_environment, plugins);
    std::string said;
    for (const auto& error : loaded.errors)
        said += error.text() + "\n";
    CAPTURE(said);
    REQUIRE(loaded.config);
    return *std::move(loaded.config);
}

Config right(const std::string& rest) {
    testing::ToyCatalog toys;
    return right(rest, &toys.catalog);
}

// With one route from a group to one endpoint.
EndpointConfig consumers(const std::string& endpoint = "", const std::string& route = "") {
    const Config config = right("  out: { bind: tcp://*:5561" + endpoint +
                                " }\nroutes: [{ from: group/logistics, to: out" + route + " }]\n");
    return config.endpoints.at(1);
}

}  // namespace

TEST_CASE("groups stand in the order of the file, each with its topic") {
    const Config config = right("routes: [{ from: in, to: topic/orders }]\n");
    REQUIRE(config.groups.size() == 3);
    CHECK(config.groups[0].name == "logistics");
    CHECK(config.groups[0].place == Place{4, 3});
    CHECK(config.groups[0].topic == 0);
    CHECK(config.groups[0].resume_grace == 5s);
    CHECK(config.groups[1].topic == 0);
    CHECK(config.groups[1].resume_grace == 2s);
    const auto& sections = config.plugins.at(0).options.sections;
    CHECK(sections.at("groups").at(1).values.at("topic").at(0).text == "topic/orders");
}

TEST_CASE("the topics of dead letters are there without being declared") {
    const Config config = right(
        "  out: { bind: tcp://*:5561 }\n"
        "routes: [{ from: [topic/lost, topic/graves-dead], to: out }]\n");
    REQUIRE(config.topics.size() == 5);
    CHECK(config.topics[2].name == "logistics-dead");
    CHECK_FALSE(config.topics[2].declared);
    CHECK(config.topics[2].dead_letters_of == std::vector<std::string>{"logistics"});
    CHECK(config.topics[3].name == "lost");
    CHECK(config.groups[2].topic == 2);
    CHECK(config.routes[0].from_topics == std::vector<size_t>{3, 4});
}

TEST_CASE("a route from a group: its consumers, rules in the order of the file, replies") {
    const Config config = right(
        "  out: { bind: tcp://*:5561 }\n"
        "routes:\n"
        "  - from: group/books\n"
        "    to: out\n"
        "    settle: { reject: [\"prefix:NEVER\", \"prefix:NO\"], ok: \"prefix:\" }\n"
        "    replies: topic/packed\n");
    const RouteConfig& route = config.routes.at(0);
    CHECK(route.name == "group/books->out");
    CHECK(route.from_group == 1);
    CHECK(route.from.empty());
    CHECK(route.replies == 1);
    CHECK(route.settle == std::vector<SettleRule>{{SettleRule::As::kReject, "NEVER"},
                                                  {SettleRule::As::kReject, "NO"},
                                                  {SettleRule::As::kAck, ""}});
    CHECK(config.endpoints[1].group == 1);
    CHECK(config.endpoints[1].role == Role::kTarget);
    CHECK_FALSE(config.endpoints[0].group);
}

TEST_CASE("a group is served to PULL, REP, REQ and DEALER; at_least_once to those who confirm") {
    CHECK(consumers().types() == SocketTypes{kPull, kRep, kReq, kDealer});
    CHECK(consumers("", ", guarantee: at_most_once").types().has(kPull));
    CHECK(consumers("", ", guarantee: at_least_once").types() == SocketTypes{kRep, kReq, kDealer});
    CHECK(consumers("", ", guarantee: at_least_once").confirms);
    CHECK(consumers(", accept: [pull, rep]").types() == SocketTypes{kPull, kRep});
}

namespace {

std::string wrong(const std::string& text) {
    testing::ToyCatalog toys;
    const auto loaded = load_text(text, "test.yaml", no_environment, &toys.catalog);
    std::string said;
    for (const auto& error : loaded.errors)
        said += error.text() + "\n";
    return said;
}

}  // namespace

TEST_CASE("a broadcast is consumed at one endpoint, by those who have a name") {
    const std::string shop =
        "plugins: { durable: {} }\ntopics: { t: {} }\ngroups: { g: { topic: t, mode: broadcast } "
        "}\n"
        "endpoints:\n  a: { bind: tcp://*:1, accept: req }\n  b: { bind: tcp://*:2 }\n"
        "  c: { bind: tcp://*:3, accept: [pull, rep] }\n";
    CHECK(wrong(shop + "routes: [{ from: group/g, to: a }, { from: b, to: topic/t }]\n").empty());
    CHECK(wrong(shop + "routes: [{ from: group/g, to: [a, b] }]\n").find("expected one endpoint") !=
          std::string::npos);
    CHECK(wrong(shop + "routes: [{ from: group/g, to: a }, { from: group/g, to: b }]\n")
              .find("expected one endpoint") != std::string::npos);
    CHECK(wrong(shop + "routes: [{ from: group/g, to: c }]\n").find("no routing id") !=
          std::string::npos);
}

TEST_CASE("a rate is of a source that binds, in messages a second") {
    const auto with = [](const std::string& limits, const std::string& rest = "") {
        return wrong("endpoints:\n  in: { bind: tcp://*:1, limits: { " + limits +
                     " } }\n  out: { bind: tcp://*:2 }\n" + rest +
                     "routes: [{ from: in, to: out }]\n");
    };
    CHECK(with("rate: 1000/s").empty());
    CHECK(with("rate: 1000/s, burst: 5").empty());
    for (const char* each : {"1000", "0/s", "-1/s", "fast", "1/m", "99999999/s"}) {
        CHECK_MESSAGE(with("rate: " + std::string(each)).find("`rate`") != std::string::npos, each);
    }
    CHECK(with("burst: 5").find("expected both") != std::string::npos);
    CHECK(wrong("endpoints:\n  in: { bind: tcp://*:1 }\n  out: { bind: tcp://*:2, limits: { rate: "
                "1/s } }\nroutes: [{ from: in, to: out }]\n")
              .find("a source of routes") != std::string::npos);
    CHECK(wrong("endpoints:\n  in: { connect: tcp://h:1, socket: pull, limits: { rate: 1/s } }\n  "
                "out: { bind: tcp://*:2 }\nroutes: [{ from: in, to: out }]\n")
              .find("expected `bind`") != std::string::npos);
}

TEST_CASE("a priority that stands there is 0 to 9") {
    const auto with = [](const std::string& priority) {
        return wrong(
            "plugins: { durable: {} }\ntopics: { t: {} }\nendpoints: { in: { bind: tcp://*:1 } }\n"
            "routes: [{ from: in, decode: json, set: { priority: " +
            priority + " }, to: topic/t }]\n");
    };
    for (const char* each : {"0", "9", "$.p"})
        CHECK_MESSAGE(with(each).empty(), each);
    for (const char* each : {"10", "high", "-1"})
        CHECK_MESSAGE(with(each).find("expected 0 to 9") != std::string::npos, each);
}

TEST_CASE("credit and puller are of the endpoint") {
    using Puller = ConsumersOptions::Puller;
    CHECK(consumers().puller == Puller::kReqVerbs);
    CHECK(consumers(", puller: verbs").puller == Puller::kVerbs);
    CHECK(consumers(", puller: ready, credit: 7").puller == Puller::kReady);
    CHECK(consumers(", puller: ready, credit: 7").credit == 7);
}

TEST_CASE("where plugins are not looked into, groups are known by their names alone") {
    const Config config = right(
        "  out: { bind: tcp://*:5561 }\n"
        "routes:\n"
        "  - { from: group/graves, to: out }\n"
        "  - { from: in, to: topic/books-dead }\n",
        nullptr);
    CHECK(config.groups.size() == 3);
    CHECK_FALSE(config.groups[0].topic);
    CHECK(config.routes[0].from_group == 2);
}
