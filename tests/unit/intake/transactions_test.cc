// Endpoints with `transactions`: verbs, what is prepared, and what each request is answered.
#include <doctest/doctest.h>

#include "bridge/intake/intake.h"
#include "bridge/intake/transaction_request.h"
#include "tests/unit/support/memory_engine.h"
#include "tests/unit/support/stub_peer.h"

using namespace zbridge;
using namespace zbridge::testing;
using intake::read_transaction_request;
using intake::TransactionRequest;
using net::Take;
using enum zbridge::SocketType;

namespace {

struct HeldGate final : net::Gate {
    bool held = false;
    void hold() override { held = true; }
    void release() override { held = false; }
};

using Texts = std::vector<std::string>;

struct World {
    World() : memory(64 << 20), reactor(net, clock, memory), toy(memory, services) {
        route({"a"}, {});
    }
    void route(const Texts& topics, const routing::ShapeOptions& shape) {
        auto compiled = routing::Shape::compile(shape, clock);
        REQUIRE(compiled.ok());
        routes.push_back(
            std::make_unique<intake::Route>("route", std::move(*compiled), std::nullopt));
        for (const std::string& topic : topics) {
            intake::Target target;
            target.topic = toy.topic(topic);
            routes.back()->add(target);
        }
    }
    StubPeer& producer(SocketType type = kReq) {
        if (!intake) {
            std::vector<intake::Route*> all;
            for (const auto& each : routes)
                all.push_back(each.get());
            intake::IntakeOptions options;
            options.checker = "checks";
            intake = std::make_unique<intake::Intake>(options, all, ids, reactor.timers(), clock,
                                                      memory, &toy.engine());
            intake->attach(gate);
        }
        peers.push_back(std::make_unique<StubPeer>(reactor, *intake, peers.size() + 1, type));
        peers.back()->open();
        return *peers.back();
    }
    // The last frame of each, in the order of their coming.
    Texts answers(StubPeer& peer) {
        reactor.turn(false);
        Texts texts;
        for (const Frames& frames : peer.received())
            texts.push_back(frames.back());
        return texts;
    }
    static std::string id(uint64_t number) { return MessageId{9, number}.text(); }
    static std::string token(uint64_t number) {
        return TransactionToken{uint64_t{3} << 56, number}.text();
    }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    plugin::Services services{&clock, nullptr, &reactor.timers(), {}};
    MemoryEngine toy;
    HeldGate gate;
    intake::MessageIds ids{7, 1};
    std::vector<std::unique_ptr<intake::Route>> routes;
    std::unique_ptr<intake::Intake> intake;
    std::vector<std::unique_ptr<StubPeer>> peers;
};

std::string problem_of(const Frames& frames) {
    MemoryBudget memory(1 << 20);
    const std::vector<std::string_view> views(frames.begin(), frames.end());
    return std::string(read_transaction_request(make_message(memory, views)).problem);
}

}  // namespace

TEST_CASE("a token is 26 characters, and 16 bytes") {
    const TransactionToken token{uint64_t{3} << 56 | 77, 42};
    CHECK(token.text().size() == 26);
    CHECK(TransactionToken::parse(token.text()) == token);
    const auto bytes = token.encode();
    CHECK(TransactionToken::decode({bytes.data(), bytes.size()}) == token);
    CHECK_FALSE(TransactionToken::parse(MessageId{9, 1}.text()));
    CHECK_FALSE(TransactionToken::parse(token.text().substr(1)));
    CHECK_FALSE(TransactionToken::decode({bytes.data(), bytes.size() - 1}));
    const std::string of_lease = std::string(1, '\2') + std::string(15, '\0');
    CHECK_FALSE(TransactionToken::decode(of_lease));
}

TEST_CASE("each message begins with a verb, in any case") {
    MemoryBudget memory(1 << 20);
    const auto read = [&](const Frames& frames) {
        const std::vector<std::string_view> views(frames.begin(), frames.end());
        return read_transaction_request(make_message(memory, views)).request;
    };
    REQUIRE(read({"PREPARE", "x"}));
    CHECK(read({"PREPARE", "x"})->verb == TransactionRequest::Verb::kPrepare);
    CHECK(read({" prepare ", "x", "y"})->message.frames() == 2);
    CHECK(read({"publish", "x"})->verb == TransactionRequest::Verb::kPublish);
    CHECK(read({"Commit " + World::token(5)})->token.low == 5);
    CHECK(read({"ROLLBACK  " + World::token(6) + " "})->token.low == 6);
    const std::string expected =
        "expected PREPARE or PUBLISH, and the message behind it, or COMMIT or ROLLBACK";
    CHECK(problem_of({"x"}) == expected);
    CHECK(problem_of({""}) == expected);
    CHECK(problem_of({"PREPARED", "x"}) == expected);
    CHECK(problem_of({std::string(TransactionRequest::kRequestBytesMax, ' ') + "PREPARE", "x"}) ==
          expected);
    CHECK(problem_of({"PREPARE"}) == "no message stands behind PREPARE or PUBLISH");
    CHECK(problem_of({"PUBLISH now", "x"}) == "PREPARE and PUBLISH stand alone in their frame");
    const std::string token =
        "COMMIT and ROLLBACK need the token that PREPARE was answered, and no more";
    CHECK(problem_of({"COMMIT"}) == token);
    CHECK(problem_of({"COMMIT x"}) == token);
    CHECK(problem_of({"ROLLBACK " + World::token(1), "x"}) == token);
    CHECK(problem_of({"ROLLBACK " + World::token(1) + " now"}) == token);
}

TEST_CASE("what is prepared is answered with id and token once it is durable") {
    World world;
    StubPeer& req = world.producer();
    CHECK(req.say({"", "PREPARE", "x1"}) == Take::kTaken);
    CHECK(world.answers(req) == Texts{});
    world.toy.commit();
    CHECK(world.answers(req) == Texts{"OK " + world.id(1) + " " + world.token(1)});
    CHECK(world.toy.prepared.size() == 1);
    CHECK(world.toy.last_checker == "checks");
    CHECK(world.toy.kept("a").empty());
    req.say({"", "PUBLISH", "x2"});
    world.toy.commit();
    CHECK(world.answers(req) == Texts{"OK " + world.id(2)});
    CHECK(world.toy.kept("a").size() == 1);
}

TEST_CASE("a commit and a rollback are answered once they are durable") {
    World world;
    StubPeer& req = world.producer();
    req.say({"", "PREPARE", "x1"});
    req.say({"", "PREPARE", "x2"});
    world.toy.commit();
    (void)world.answers(req);
    req.say({"", "COMMIT " + world.token(1)});
    CHECK(world.answers(req) == Texts{});
    world.toy.commit();
    CHECK(world.answers(req) == Texts{"OK " + world.id(1)});
    req.say({"", "ROLLBACK " + world.token(2)});
    req.say({"", "COMMIT " + world.token(2)});
    world.toy.commit();
    CHECK(world.answers(req) == Texts{"OK " + world.id(2), "ERR stale it is no more"});
    CHECK(world.toy.resolutions == Texts{"commit 1", "rollback 2", "commit 2"});
    CHECK(world.intake->refusals().of(Refusal::kStale) == 1);
}

TEST_CASE("answers come in the order of the requests, also of those that wait for nothing") {
    World world;
    StubPeer& dealer = world.producer(kDealer);
    dealer.say({"", "PREPARE", "x1"});
    dealer.say({"", "nonsense"});
    dealer.say({"", "COMMIT " + world.token(7)});
    dealer.say({"", "PUBLISH", "x2"});
    CHECK(world.answers(dealer) == Texts{});
    world.toy.commit();
    const Texts answers = world.answers(dealer);
    REQUIRE(answers.size() == 4);
    CHECK(answers[0].starts_with("OK "));
    CHECK(answers[1].starts_with("ERR malformed expected PREPARE"));
    CHECK(answers[2].starts_with("ERR stale "));
    CHECK(answers[3] == "OK " + world.id(2));
    CHECK(world.intake->refusals().of(Refusal::kMalformed) == 1);
}

TEST_CASE("a DEALER is answered behind its envelope, and without one too") {
    World world;
    StubPeer& dealer = world.producer(kDealer);
    dealer.say({"PREPARE", "", "x1"});  // the empty frame is the message's
    dealer.say({"7", "", "PREPARE", "x2"});
    world.toy.commit();
    world.reactor.turn(false);
    const auto received = dealer.received();
    REQUIRE(received.size() == 2);
    CHECK(received[0] == Frames{"OK " + world.id(1) + " " + world.token(1)});
    CHECK(received[1] == Frames{"7", "", "OK " + world.id(2) + " " + world.token(2)});
    CHECK(world.toy.prepared.at(1).wire.size() == 2 + 4);
}

TEST_CASE("what the engine refuses is told") {
    World world;
    StubPeer& req = world.producer();
    world.toy.answer = ZB_TOPIC_FULL;
    req.say({"", "PREPARE", "x1"});
    CHECK(world.answers(req) == Texts{"ERR topic_full a is full of it"});
    world.toy.resolve_answer = ZB_BUSY;
    req.say({"", "COMMIT " + world.token(1)});
    const Texts busy = world.answers(req);
    REQUIRE(busy.size() == 1);
    CHECK(busy[0].starts_with("ERR busy "));
    world.toy.resolve_answer = ZB_TAKEN;
    req.say({"", "COMMIT " + world.token(1)});
    world.toy.fail();
    CHECK(world.answers(req) == Texts{"ERR store_failed the disk is gone"});
}

TEST_CASE("without room in the engine a request stays with its peer") {
    World world;
    StubPeer& req = world.producer();
    world.toy.room = false;
    CHECK(req.say({"", "PREPARE", "x1"}) == Take::kHold);
    CHECK(world.gate.held);
    world.toy.make_room();
    CHECK_FALSE(world.gate.held);
    CHECK(req.say({"", "PREPARE", "x1"}) == Take::kTaken);
    world.toy.room = false;
    CHECK(req.say({"", "COMMIT " + world.token(1)}) == Take::kHold);
    world.toy.make_room();
    CHECK(req.say({"", "COMMIT " + world.token(1)}) == Take::kTaken);
    world.toy.commit();
    CHECK(world.answers(req).size() == 2);
    CHECK(world.toy.resolutions == Texts{"commit 1"});
}

TEST_CASE("what would be for two topics is refused, and nothing stays prepared") {
    World world;
    world.route({"b"}, {});
    StubPeer& req = world.producer();
    req.say({"", "PREPARE", "x1"});
    world.toy.commit();
    const Texts answers = world.answers(req);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].starts_with("ERR unable what is prepared is one message, for one topic"));
    CHECK(world.toy.resolutions.empty());  // it never was
    CHECK(world.toy.prepared.empty());
    req.say({"", "PUBLISH", "x2"});
    world.toy.commit();
    CHECK(world.answers(req).front().starts_with("OK "));
}

TEST_CASE("a message that matches no route is refused, prepared or not") {
    World world;
    world.routes.clear();
    routing::ShapeOptions shape;
    shape.match_prefix = "order";
    world.route({"a"}, shape);
    StubPeer& req = world.producer();
    req.say({"", "PREPARE", "x1"});
    req.say({"", "PREPARE", "order 1"});
    world.toy.commit();
    const Texts answers = world.answers(req);
    REQUIRE(answers.size() == 2);
    CHECK(answers[0].starts_with("ERR no_match "));
    CHECK(answers[1].starts_with("OK "));
}

TEST_CASE("attributes are those of the PREPARE") {
    World world;
    world.routes.clear();
    routing::ShapeOptions shape;
    shape.decode.as = routing::Codec::kJson;
    shape.set.id = "$.id";
    shape.required = {"id"};
    world.route({"a"}, shape);
    StubPeer& req = world.producer();
    req.say({"", "PREPARE", R"({"id": "7"})"});
    req.say({"", "PREPARE", R"({})"});
    world.toy.commit();
    const Texts answers = world.answers(req);
    REQUIRE(answers.size() == 2);
    CHECK(answers[1].starts_with("ERR missing "));
    CHECK(world.toy.prepared.at(1).id == "7");
}

TEST_CASE("a producer that has gone is not answered, and what it prepared stays") {
    World world;
    StubPeer& req = world.producer();
    req.say({"", "PREPARE", "x1"});
    req.say({"", "COMMIT " + world.token(9)});
    req.leave();
    world.toy.commit();
    CHECK(world.toy.prepared.size() == 1);
    CHECK(world.toy.resolutions == Texts{"commit 9"});
}
