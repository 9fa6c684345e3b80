// Taps of a whole bridge, without a disk and with a clock that is moved by hand.
#include "bridge/app/taps.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "bridge/settings/load.h"
#include "tests/unit/support/endpoint_rig.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using app::Taps;
using telemetry::Report;
using zmtp::frame;

namespace {

constexpr const char* kYaml = R"(
bridge: { name: shop }
endpoints:
  in: { bind: tcp://127.0.0.1:5551, accept: push }
  out: { bind: tcp://127.0.0.1:5552, accept: pull }
  clients: { bind: tcp://127.0.0.1:5553 }
  workers: { bind: tcp://127.0.0.1:5554 }
services: { sums: { clients: clients, workers: workers } }
routes: [{ name: orders, from: in, to: out }]
)";

constexpr net::Socket kFirstListener = 3;  // of `in`, as FakeNet numbers them

struct World {
    World() {
        const auto none = [](const std::string&) { return std::optional<std::string>(); };
        auto loaded = settings::load_text(kYaml, "test.yaml", none);
        REQUIRE(loaded.config);
        auto opened = app::Bridge::open(*loaded.config,
                                        {net, clock, recorder, {Epoch(1), true, clock.now()}});
        REQUIRE(opened.ok());
        bridge = std::move(opened).value();
        taps.emplace(*bridge, clock);
        producer = net.connect(kFirstListener);
        turns();
        send(zmtp::greeting(1) + zmtp::ready("PUSH", ""));
    }
    void turns() {
        for (int i = 0; i < 20; i++)
            bridge->turn();
    }
    void send(std::string_view bytes) {
        net.send(producer, bytes);
        turns();
    }
    void pass(Duration time) {
        for (Duration passed{}; passed < time; passed += 10ms) {
            clock.advance(10ms);
            turns();
        }
    }
    Result<Report> begin(const std::string& reference, const std::string& where = "") {
        Report args = Report::map();
        args.add("ref", reference);
        if (!where.empty()) args.add("where", where);
        return taps->begin(args);
    }
    Report which(const Report& tap) {
        Report args = Report::map();
        args.add("tap", tap.at("tap").number());
        return args;
    }
    // What it is told, when it is.
    struct Told {
        int times = 0;
        std::vector<std::string> bodies;
        uint64_t missed = 0;
        std::string trouble;
    };
    void next(const Report& tap, Told& told) {
        taps->next(which(tap), [&told](const Result<Report>& answer) {
            told.times++;
            if (!answer.ok()) {
                told.trouble = answer.error().message();
                return;
            }
            for (const Report& message : answer->at("messages").items())
                told.bodies.push_back(message.at("frames").items().back().text());
            told.missed += answer->at("missed").number();
        });
    }

    ManualClock clock;
    FakeNet net;
    Recorder recorder;
    std::unique_ptr<app::Bridge> bridge;
    std::optional<Taps> taps;
    net::Socket producer = net::kNoSocket;
};

std::string places(const Result<Report>& tap) {
    if (!tap.ok()) return tap.error().message();
    std::string all;
    for (const Report& name : tap->at("places").items())
        all += (all.empty() ? "" : ", ") + name.text();
    return all;
}

}  // namespace

TEST_CASE("what passes is told a little after the first message, and none after a while") {
    World world;
    const auto tap = world.begin("in");
    REQUIRE(tap.ok());
    World::Told told;
    world.next(*tap, told);
    world.pass(20ms);
    world.send(frame("one"));
    world.send(frame("two"));
    CHECK(told.times == 0);
    world.pass(Taps::kGather);
    CHECK(told.bodies == std::vector<std::string>{"one", "two"});
    world.next(*tap, told);
    world.pass(Taps::kWaitMax - 10ms);
    CHECK(told.times == 1);
    world.pass(10ms);
    CHECK(told.times == 2);
    world.send(frame("between"));  // nobody asks just now
    world.next(*tap, told);
    world.pass(Taps::kGather);
    CHECK(told.bodies.back() == "between");
}

TEST_CASE("a full tap is told at once, and the rest is missed") {
    World world;
    const auto tap = world.begin("route/orders");
    World::Told told;
    world.next(*tap, told);
    std::string many;
    for (size_t i = 0; i < admin::Tap::kMessagesMax + 40; i++)
        many += frame("x");
    world.send(many);
    CHECK(told.bodies.size() == admin::Tap::kMessagesMax);
    CHECK(told.missed == 40);
}

TEST_CASE("a tap whose reader has gone is ended, one that waits is not, and then there is room") {
    World world;
    std::vector<Report> all;
    for (size_t i = 0; i < Taps::kTapsMax; i++)
        all.push_back(*world.begin("in"));
    CHECK(world.begin("in").error().code() == Code::kBusy);
    World::Told told, gone;
    for (Duration passed{}; passed < 2 * Taps::kIdleMax; passed += Taps::kWaitMax) {
        world.next(all[0], told);
        world.pass(Taps::kWaitMax);
    }
    world.next(all[1], gone);
    CHECK(gone.trouble.find("not there") != std::string::npos);
    CHECK(told.trouble.empty());
    world.send(frame("still"));
    world.next(all[0], told);
    world.pass(Taps::kGather);
    CHECK(told.bodies == std::vector<std::string>{"still"});
    CHECK(world.begin("in").ok());
}

TEST_CASE("who waits is told when the tap ends, and its places are looked at no more") {
    World world;
    const auto tap = world.begin("orders");
    const auto other = world.begin("orders");
    World::Told told, others;
    world.next(*tap, told);
    CHECK(world.taps->end(world.which(*tap)).ok());
    CHECK(told.times == 1);
    world.next(*other, others);
    world.send(frame("x"));
    world.pass(Taps::kGather);
    CHECK(others.bodies.size() == 1);
    CHECK(told.times == 1);
    CHECK(world.taps->end(world.which(*other)).ok());
    CHECK(world.bridge->routes()[0]->watch == nullptr);
}

TEST_CASE("a reference names endpoints, routes and services, or what it might have been") {
    World world;
    CHECK(places(world.begin("in")) == "in");
    CHECK(places(world.begin("endpoint/out")) == "out");
    CHECK(places(world.begin("orders")) == "route/orders");
    CHECK(places(world.begin("service/sums")) == "clients");
    CHECK(places(world.begin("order")).find("did you mean \"orders\"?") != std::string::npos);
    CHECK(places(world.begin("topic/orders")).find("nothing here is named") != std::string::npos);
    CHECK(places(world.begin("in", "amount >")).find("where: column") != std::string::npos);
}
