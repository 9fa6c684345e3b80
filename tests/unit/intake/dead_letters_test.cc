// What becomes of messages whose step fails, where the step has dead letters.
#include <doctest/doctest.h>

#include "bridge/intake/dead_letter.h"
#include "bridge/intake/intake.h"
#include "tests/unit/support/memory_engine.h"
#include "tests/unit/support/stub_peer.h"

using namespace zbridge;
using namespace zbridge::testing;
using delivery::Outlet;
using net::Take;
using enum zbridge::SocketType;

namespace {

using Texts = std::vector<std::string>;

struct HeldGate final : net::Gate {
    bool held = false;
    void hold() override { held = true; }
    void release() override { held = false; }
};

// From a producer through the step "mask", which fails on messages that begin with "bad", to a PULL
// and what a test adds. Its dead letters are the topic "b".
struct World {
    explicit World(bool may_block = false)
        : memory(64 << 20), reactor(net, clock, memory), toy(memory, services) {
        mask.options.on_error = plugin::OnError::kDeadLetter;
        if (may_block) mask.script.as_step.flags = ZB_STEP_MAY_BLOCK;
        mask.script.step = [this](zb_message* message) -> zb_verdict {
            const std::string body = mask.body(message);
            mask.script.host->set_frame(message, 0, view_of("masked " + body));
            if (body.starts_with("bad")) throw std::runtime_error("no card");
            return ZB_PASS;
        };
        mask.make();
        reactor.at_turn_end([this] {
            if (worker) worker->executor->run_done();
        });
        if (may_block) {
            auto executor = std::make_unique<SimExecutor>(ExecutorOptions{"sim", 1, 64}, random);
            thread = executor.get();
            worker = std::make_unique<plugin::Worker>(*mask.instance, std::move(executor));
        }
        auto compiled = routing::Shape::compile({}, clock);
        REQUIRE(compiled.ok());
        route = std::make_unique<intake::Route>("shop", std::move(*compiled), std::nullopt);
        route->add({&out, nullptr, nullptr, std::nullopt});
        route->workers.push_back(worker.get());
        route->dead_letters.push_back(toy.topic("b"));
    }
    ~World() {
        if (worker) worker->executor.reset();
    }
    void build() {
        const std::vector<std::string> names(route->targets.size(), "target");
        route->steps = std::make_unique<plugin::Pipeline>(
            std::vector<plugin::Instance*>{mask.instance.get()}, names, pulse, memory);
        intake =
            std::make_unique<intake::Intake>(intake::IntakeOptions{}, std::vector{route.get()}, ids,
                                             reactor.timers(), clock, memory, &toy.engine());
        intake->attach(gate);
    }
    StubPeer& producer(SocketType type) {
        peers.push_back(std::make_unique<StubPeer>(reactor, *intake, peers.size() + 1, type));
        peers.back()->open();
        return *peers.back();
    }
    // Since the last time.
    Texts receipts(StubPeer& peer) {
        reactor.turn(false);
        Texts texts;
        for (const Frames& frames : peer.received())
            texts.push_back(frames.back());
        return texts;
    }
    void work() {
        while (thread->step())
            reactor.turn(false);
        reactor.turn(false);
    }
    static std::string body(const MemoryEngine::Stored& stored) {
        return std::string(frame_at(stored.wire.bytes(), 0).body);
    }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    SeededRandom random{5};
    plugin::Services services{&clock, nullptr, &reactor.timers(), {}};
    plugin::Pulse pulse;
    MemoryEngine toy;
    ScriptedPlugin mask{services, "mask"};
    std::unique_ptr<plugin::Worker> worker;
    SimExecutor* thread = nullptr;
    HeldGate gate;
    intake::MessageIds ids{7, 1};
    Outlet out{"out", SocketTypes{kPull}, delivery::LineOptions{}, reactor};
    std::unique_ptr<intake::Route> route;
    std::unique_ptr<intake::Intake> intake;
    std::vector<std::unique_ptr<StubPeer>> peers;
};

const std::string kStored = "OK " + MessageId{9, 1}.text();  // with the topic's id

}  // namespace

TEST_CASE("what a step fails on is kept as it was, and its receipt comes when it is committed") {
    World world;
    world.build();
    StubPeer& req = world.producer(kReq);
    CHECK(req.say({"", "bad 1"}) == Take::kTaken);
    CHECK(world.receipts(req) == Texts{});
    CHECK(world.intake->on_their_way() == 1);
    world.toy.commit();
    CHECK(world.receipts(req) == Texts{kStored});
    CHECK(world.intake->on_their_way() == 0);
    REQUIRE(world.toy.kept("b").size() == 1);
    CHECK(World::body(world.toy.kept("b")[0]) == "bad 1");
    CHECK(world.toy.kept("b")[0].properties ==
          "dead.route=shop dead.step=mask dead.reason=it threw an exception: no card "
          "dead.died_ms=1700000000000 ");
    CHECK(world.out.line().empty());
    CHECK(world.route->refusals.total() == 0);
}

TEST_CASE("what the step lets pass is answered at once, but behind the receipts before it") {
    World world;
    world.build();
    StubPeer& dealer = world.producer(kDealer);
    dealer.say({"", "1"});
    dealer.say({"", "bad 2"});
    dealer.say({"", "3"});
    CHECK(world.receipts(dealer) == Texts{"OK " + MessageId{7, 1}.text()});
    world.toy.commit();
    CHECK(world.receipts(dealer) == Texts{kStored, "OK " + MessageId{7, 3}.text()});
    CHECK(world.out.line().messages() == 2);
    CHECK(world.toy.kept("b").size() == 1);
}

TEST_CASE("a topic of dead letters that refuses is the producer's refusal") {
    World world;
    world.build();
    StubPeer& req = world.producer(kReq);
    world.toy.answer = ZB_TOPIC_FULL;
    req.say({"", "bad"});
    CHECK(world.receipts(req) == Texts{"ERR topic_full a is full of it"});
    CHECK(world.route->refusals.of(Refusal::kTopicFull) == 1);
    CHECK(world.intake->on_their_way() == 0);
    CHECK(world.out.line().empty());
}

TEST_CASE("a store that fails is said to those whose dead letters wait for it") {
    World world;
    world.build();
    StubPeer& req = world.producer(kReq);
    req.say({"", "bad"});
    world.toy.fail();
    CHECK(world.receipts(req) == Texts{"ERR store_failed the disk is gone"});
}

TEST_CASE("an engine without room holds the source of a dead letter, and of no other message") {
    World world;
    world.build();
    StubPeer& push = world.producer(kPush);
    world.toy.room = false;
    CHECK(push.say({"1"}) == Take::kTaken);
    CHECK(push.say({"bad"}) == Take::kHold);
    CHECK(world.gate.held);
    world.toy.make_room();
    CHECK_FALSE(world.gate.held);
    CHECK(push.say({"bad"}) == Take::kTaken);
    world.toy.commit();
    CHECK(world.toy.kept("b").size() == 1);
    CHECK(world.mask.instance->counters.failed == 1);  // it is not asked again
}

TEST_CASE("a dead letter keeps its attributes, but is not late, and has died only once") {
    World world;
    plugin::Item item;
    item.attributes.id = "o-1";
    item.attributes.tag = "red";
    item.attributes.deliver_at_ms = 1'800'000'000'000;
    item.attributes.properties = {{"dead.topic", std::string("other")}, {"size", int64_t{4}}};
    item.death = plugin::Death{0, "no card"};
    world.build();
    const Attributes its = intake::attributes_of_dead(item, *world.route, world.clock);
    CHECK(its.id == "o-1");
    CHECK(its.tag == "red");
    CHECK_FALSE(its.deliver_at_ms);
    REQUIRE(its.properties.size() == 5);
    CHECK(its.properties[0].first == "size");
    CHECK(its.properties[1].first == "dead.route");
    CHECK(its.properties[4].second == Value(int64_t{1'700'000'000'000}));
}

TEST_CASE("a route's topics do not have what died of its step") {
    World world;
    intake::Target topic;
    topic.topic = world.toy.topic("a");
    world.route->add(topic);
    world.build();
    StubPeer& dealer = world.producer(kDealer);
    dealer.say({"", "bad"});
    dealer.say({"", "good"});
    world.toy.commit();
    CHECK(world.receipts(dealer).size() == 2);
    REQUIRE(world.toy.kept("a").size() == 1);
    CHECK(World::body(world.toy.kept("a")[0]) == "masked good");
    REQUIRE(world.toy.kept("b").size() == 1);
    CHECK(World::body(world.toy.kept("b")[0]) == "bad");
}

TEST_CASE("what dies of a step with a thread is a dead letter too, when there is room for it") {
    World world(true);
    world.build();
    StubPeer& dealer = world.producer(kDealer);
    world.toy.room = false;
    dealer.say({"", "bad 1"});
    dealer.say({"", "2"});
    world.work();
    world.toy.commit();
    CHECK(world.toy.kept("b").empty());
    CHECK(world.receipts(dealer) == Texts{});
    world.toy.make_room();
    world.toy.commit();
    world.work();
    REQUIRE(world.toy.kept("b").size() == 1);
    CHECK(World::body(world.toy.kept("b")[0]) == "bad 1");
    CHECK(world.receipts(dealer) == Texts{kStored, "OK " + MessageId{7, 2}.text()});
    CHECK(world.out.line().messages() == 1);
    CHECK(world.intake->on_their_way() == 0);
}

// Its own message and "e1" go through, "bad" is for the dead letters.
struct EmittingWorld : World {
    EmittingWorld() {
        mask.script.step = [this](zb_message* message) -> zb_verdict {
            if (mask.body(message).starts_with("bad")) throw std::runtime_error("no card");
            mask.emit("e1");
            return ZB_PASS;
        };
        intake::Target topic;
        topic.topic = toy.topic("a");
        route->add(topic);
        build();
    }
};

TEST_CASE("what a message publishes is published in one go: the engine's room may end with it") {
    EmittingWorld world;
    world.toy.one_publish_fits = true;
    StubPeer& req = world.producer(kReq);
    CHECK(req.say({"", "m"}) == Take::kTaken);
    CHECK_FALSE(world.toy.room);
    world.toy.commit();
    CHECK(world.receipts(req) == Texts{kStored});
    REQUIRE(world.toy.kept("a").size() == 2);
    CHECK(World::body(world.toy.kept("a")[0]) == "m");
    CHECK(World::body(world.toy.kept("a")[1]) == "e1");
    CHECK(req.say({"", "m"}) == Take::kHold);
}

TEST_CASE("a topic that refuses what a step emits refuses the message with it") {
    EmittingWorld world;
    world.toy.answer = ZB_TOPIC_FULL;
    StubPeer& req = world.producer(kReq);
    CHECK(req.say({"", "m"}) == Take::kTaken);
    CHECK(world.receipts(req) == Texts{"ERR topic_full a is full of it"});
    CHECK(world.route->refusals.of(Refusal::kTopicFull) == 2);
    CHECK(world.out.line().empty());
    CHECK(world.intake->on_their_way() == 0);
}
