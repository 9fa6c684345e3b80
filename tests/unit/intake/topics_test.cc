// What an intake does with routes into topics.
#include <doctest/doctest.h>

#include "bridge/intake/intake.h"
#include "tests/unit/support/memory_engine.h"
#include "tests/unit/support/stub_peer.h"

using namespace zbridge;
using namespace zbridge::testing;
using delivery::Outlet;
using net::Take;
using enum zbridge::SocketType;

namespace {

struct HeldGate final : net::Gate {
    bool held = false;
    void hold() override { held = true; }
    void release() override { held = false; }
};

struct World {
    World() : memory(64 << 20), reactor(net, clock, memory), toy(memory, services) {}
    intake::Route& route(const std::vector<std::string>& topics,
                         const routing::ShapeOptions& shape = {}) {
        auto compiled = routing::Shape::compile(shape, clock);
        REQUIRE(compiled.ok());
        routes.push_back(
            std::make_unique<intake::Route>("route", std::move(*compiled), std::nullopt));
        for (const std::string& topic : topics) {
            intake::Target target;
            target.topic = toy.topic(topic);
            routes.back()->add(target);
        }
        return *routes.back();
    }
    void build() {
        std::vector<intake::Route*> all;
        for (const auto& each : routes)
            all.push_back(each.get());
        intake = std::make_unique<intake::Intake>(intake::IntakeOptions{}, all, ids,
                                                  reactor.timers(), clock, memory, &toy.engine());
        intake->attach(gate);
    }
    StubPeer& producer(SocketType type) { return peer(*intake, type); }
    StubPeer& peer(net::PeerHandler& handler, SocketType type) {
        peers.push_back(std::make_unique<StubPeer>(reactor, handler, peers.size() + 1, type));
        peers.back()->open();
        return *peers.back();
    }
    // "OK", "ERR topic_full a is full of it", in the order of their coming.
    std::vector<std::string> receipts(StubPeer& peer) {
        reactor.turn(false);
        std::vector<std::string> texts;
        for (const Frames& frames : peer.received()) {
            const std::string& text = frames.back();
            texts.push_back(text.starts_with("OK ") ? "OK" : text);
        }
        return texts;
    }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    plugin::Services services{&clock, nullptr, &reactor.timers(), {}};
    MemoryEngine toy;
    HeldGate gate;
    intake::MessageIds ids{7, 1};
    std::vector<std::unique_ptr<Outlet>> outlets;
    std::vector<std::unique_ptr<intake::Route>> routes;
    std::unique_ptr<intake::Intake> intake;
    std::vector<std::unique_ptr<StubPeer>> peers;
};

using Texts = std::vector<std::string>;

routing::ShapeOptions json_with_id() {
    routing::ShapeOptions shape;
    shape.decode.as = routing::Codec::kJson;
    shape.set.id = "$.id";
    shape.required = {"id"};
    return shape;
}

}  // namespace

TEST_CASE("a receipt comes when the message is committed, not before") {
    World world;
    world.route({"a"});
    world.build();
    StubPeer& req = world.producer(kReq);
    CHECK(req.say({"", "x1"}) == Take::kTaken);
    CHECK(world.receipts(req) == Texts{});
    CHECK(world.intake->receipts_waiting() == 1);
    world.toy.commit();
    CHECK(world.receipts(req) == Texts{"OK"});
    CHECK(world.intake->receipts_waiting() == 0);
    CHECK(world.toy.kept("a").size() == 1);
}

TEST_CASE("a receipt names the id that the topic gave, behind the sender's envelope") {
    World world;
    world.route({"a"});
    world.build();
    StubPeer& dealer = world.producer(kDealer);
    dealer.say({"7", "", "x1"});
    world.toy.commit();
    world.reactor.turn(false);
    CHECK(dealer.received() == std::vector<Frames>{{"7", "", "OK " + MessageId{9, 1}.text()}});
}

TEST_CASE("a PUSH is told nothing, and its message is in the topic") {
    World world;
    world.route({"a"});
    world.build();
    StubPeer& push = world.producer(kPush);
    push.say({"x1"});
    world.toy.commit();
    CHECK(world.receipts(push) == Texts{});
    CHECK(world.toy.kept("a").size() == 1);
}

TEST_CASE("several topics of a route have the message together, and one receipt speaks for them") {
    World world;
    world.route({"a", "b"});
    world.build();
    StubPeer& req = world.producer(kReq);
    req.say({"", "x1"});
    world.toy.commit();
    CHECK(world.receipts(req) == Texts{"OK"});
    CHECK(world.toy.kept("a").size() == 1);
    CHECK(world.toy.kept("b").size() == 1);
}

TEST_CASE("a topic that is full refuses with its reason; live targets get nothing then") {
    World world;
    world.outlets.push_back(std::make_unique<Outlet>("out", SocketTypes{kPull},
                                                     delivery::LineOptions{}, world.reactor));
    intake::Route& route = world.route({"a"});
    route.add({world.outlets[0].get(), nullptr, nullptr, std::nullopt});
    world.build();
    StubPeer& req = world.producer(kReq);
    world.toy.answer = ZB_TOPIC_FULL;
    req.say({"", "x1"});
    CHECK(world.receipts(req) == Texts{"ERR topic_full a is full of it"});
    CHECK(route.refusals.of(Refusal::kTopicFull) == 1);
    CHECK(world.outlets[0]->line().empty());
    world.toy.answer = ZB_TAKEN;
    req.say({"", "x2"});
    CHECK(world.outlets[0]->line().messages() == 1);
}

TEST_CASE("a refusal waits for the receipts of the messages before it") {
    World world;
    world.route({"a"}, json_with_id());
    world.build();
    StubPeer& dealer = world.producer(kDealer);
    dealer.say({"", R"({"id":"1"})"});
    dealer.say({"", R"({"no":"1"})"});
    dealer.say({"", R"({"id":"2"})"});
    CHECK(world.receipts(dealer) == Texts{});
    world.toy.commit();
    CHECK(world.receipts(dealer) == Texts{"OK", "ERR missing id", "OK"});
    CHECK(world.toy.kept("a").size() == 2);
    CHECK(world.toy.kept("a")[1].id == "2");
}

TEST_CASE("an engine without room holds the source until it has some") {
    World world;
    world.route({"a"});
    world.build();
    StubPeer& push = world.producer(kPush);
    world.toy.room = false;
    CHECK(push.say({"x1"}) == Take::kHold);
    CHECK(world.gate.held);
    world.toy.make_room();
    CHECK_FALSE(world.gate.held);
    CHECK(push.say({"x1"}) == Take::kTaken);
}

TEST_CASE("a store that fails refuses what waits and what comes") {
    World world;
    intake::Route& route = world.route({"a"});
    world.build();
    StubPeer& req = world.producer(kReq);
    req.say({"", "x1"});
    world.toy.fail();
    CHECK(world.receipts(req) == Texts{"ERR store_failed the disk is gone"});
    CHECK(world.intake->refusals().of(Refusal::kStoreFailed) == 1);
    world.toy.answer = ZB_STORE_FAILED;
    req.say({"", "x2"});
    CHECK(world.receipts(req).size() == 1);
    CHECK(route.refusals.of(Refusal::kStoreFailed) == 1);
}

TEST_CASE("a receipt for one who has gone is for nobody") {
    World world;
    world.route({"a"});
    world.build();
    StubPeer& req = world.producer(kReq);
    req.say({"", "x1"});
    req.leave();
    world.toy.commit();
    CHECK(world.intake->receipts_waiting() == 0);
}

TEST_CASE("what is refused of a PUSH goes to the route's rejects, with the reason") {
    World world;
    intake::Route& route = world.route({"a"}, json_with_id());
    route.rejects = world.toy.topic("b");
    world.build();
    StubPeer& push = world.producer(kPush);
    push.say({R"({"no":"1"})"});
    world.toy.commit();
    REQUIRE(world.toy.kept("b").size() == 1);
    CHECK(world.toy.kept("b")[0].properties ==
          "reject_reason=missing reject_detail=id reject_route=route ");
    StubPeer& req = world.producer(kReq);  // who can be told is
    req.say({"", R"({"no":"1"})"});
    CHECK(world.receipts(req) == Texts{"ERR missing id"});
    world.toy.commit();
    CHECK(world.toy.kept("b").size() == 1);
}

TEST_CASE("what rejects have no room for is counted") {
    World world;
    intake::Route& route = world.route({"a"}, json_with_id());
    route.rejects = world.toy.topic("b");
    world.build();
    StubPeer& push = world.producer(kPush);
    world.toy.room = false;
    push.say({R"({"no":"1"})"});
    CHECK(route.rejects_dropped == 1);
}
