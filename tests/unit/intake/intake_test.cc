#include "bridge/intake/intake.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tests/unit/support/stub_peer.h"
#include "tests/unit/support/watcher.h"

using namespace zbridge;
using namespace zbridge::testing;
using delivery::LineOptions;
using delivery::OnFull;
using delivery::Outlet;
using intake::Intake;
using intake::IntakeOptions;
using intake::Receipts;
using intake::Subscribe;
using net::Take;
using enum zbridge::SocketType;

namespace {

struct CountingGate final : net::Gate {
    size_t holds = 0, releases = 0;
    bool held = false;
    void hold() override {
        held = true;
        holds++;
    }
    void release() override {
        held = false;
        releases++;
    }
};

struct World {
    World() : memory(64 << 20), reactor(net, clock, memory) {
        reactor.at_turn_end([this] {
            for (const auto& outlet : outlets)
                outlet->on_turn_end();
        });
    }
    size_t outlet(SocketTypes accepts, LineOptions line = {}) {
        outlets.push_back(std::make_unique<Outlet>("out", accepts, line, reactor));
        return outlets.size() - 1;
    }
    intake::Route& route(const std::vector<size_t>& to, const routing::ShapeOptions& shape = {},
                         std::optional<OnFull> on_full = {}) {
        auto compiled = routing::Shape::compile(shape, clock);
        REQUIRE(compiled.ok());
        routes.push_back(std::make_unique<intake::Route>("route", std::move(*compiled), on_full));
        for (const size_t i : to)
            routes.back()->add({outlets[i].get(), nullptr, nullptr});
        return *routes.back();
    }
    Intake& build(IntakeOptions options = {}) {
        std::vector<intake::Route*> all;
        for (const auto& each : routes)
            all.push_back(each.get());
        intake =
            std::make_unique<Intake>(options, all, ids, reactor.timers(), clock, memory, nullptr);
        intake->attach(gate);
        return *intake;
    }
    StubPeer& producer(SocketType type) { return peer(*intake, type); }
    StubPeer& consumer(size_t outlet, SocketType type) { return peer(*outlets[outlet], type); }
    StubPeer& peer(net::PeerHandler& handler, SocketType type) {
        peers.push_back(std::make_unique<StubPeer>(reactor, handler, peers.size() + 1, type));
        peers.back()->open();
        return *peers.back();
    }
    void turn() { reactor.turn(false); }
    // What a publisher was told: "+a -b".
    std::string told(StubPeer& publisher) {
        turn();
        std::string text;
        for (const Frames& frames : publisher.received()) {
            if (!text.empty()) text += ' ';
            text += (frames[0][0] == 1 ? "+" : "-") + frames[0].substr(1);
        }
        return text;
    }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    CountingGate gate;
    intake::MessageIds ids{7, 1};
    std::vector<std::unique_ptr<Outlet>> outlets;
    std::vector<std::unique_ptr<intake::Route>> routes;
    std::unique_ptr<Intake> intake;
    std::vector<std::unique_ptr<StubPeer>> peers;
};

routing::ShapeOptions match(const std::string& prefix) {
    routing::ShapeOptions shape;
    shape.match_prefix = prefix;
    return shape;
}

routing::ShapeOptions json_with_id() {
    routing::ShapeOptions shape;
    shape.decode.as = routing::Codec::kJson;
    shape.set.id = "$.id";
    shape.required = {"id"};
    return shape;
}

routing::ShapeOptions filtered(const std::string& filter) {
    routing::ShapeOptions shape;
    shape.decode.as = routing::Codec::kJson;
    shape.set.properties.emplace_back("region", "$.region");
    shape.match_filter = filter;
    return shape;
}

}  // namespace

TEST_CASE("a message goes to all targets of all routes that it matches") {
    World world;
    for (int i = 0; i < 3; i++)
        world.outlet({kPull});
    world.route({0, 1}, match("a"));
    world.route({2}, match("ab"));
    world.build();
    StubPeer& push = world.producer(kPush);
    CHECK(push.say({"abc", "x"}) == Take::kTaken);
    CHECK(push.say({"acc"}) == Take::kTaken);
    CHECK(world.outlets[0]->line().messages() == 2);
    CHECK(world.outlets[1]->line().messages() == 2);
    CHECK(world.outlets[2]->line().messages() == 1);
    CHECK(world.routes[0]->messages == 2);
    CHECK(world.routes[1]->messages == 1);
}

TEST_CASE(
    "a message that one of its targets has no room for goes to none, and is offered again when "
    "there is room") {
    World world;
    world.outlet({kPull});
    world.outlet({kPull}, {1 << 20, 1});
    world.route({0}, match("b"));
    world.route({0, 1});
    world.build();
    StubPeer& push = world.producer(kPush);
    CHECK(push.say({"a"}) == Take::kTaken);
    CHECK(push.say({"b"}) == Take::kHold);
    CHECK(world.gate.held);
    CHECK(world.outlets[0]->line().messages() == 1);
    world.turn();
    CHECK(world.gate.held);
    StubPeer& pull = world.consumer(1, kPull);
    world.turn();
    CHECK_FALSE(world.gate.held);
    CHECK(world.gate.releases == 1);
    CHECK(push.say({"b"}) == Take::kTaken);
    world.turn();
    CHECK(pull.received() == std::vector<Frames>{{"a"}, {"b"}});
    CHECK(world.outlets[0]->line().messages() == 3);
}

TEST_CASE("one PUSH that is held with two routes of one target waits once") {
    World world;
    world.outlet({kPull}, {1 << 20, 1});
    world.route({0});
    world.route({0});
    world.build();
    StubPeer& push = world.producer(kPush);
    CHECK(push.say({"a"}) == Take::kTaken);
    CHECK(push.say({"b"}) == Take::kHold);
    CHECK(push.say({"b"}) == Take::kHold);
    world.consumer(0, kPull);
    world.turn();
    CHECK(world.gate.releases == 1);
}

TEST_CASE(
    "what matches no route, or comes where there is none, is counted, and answered where answers "
    "are wanted") {
    World world;
    world.outlet({kPull});
    world.route({0}, match("a"));
    world.build();
    CHECK(world.producer(kPush).say({"b"}) == Take::kTaken);
    StubPeer& req = world.producer(kReq);
    req.say({"", "b"});
    world.turn();
    const std::vector<Frames> answers = req.received();
    REQUIRE(answers.size() == 1);
    CHECK(answers[0] == Frames{"", "ERR no_match the message matches no route of this endpoint"});
    CHECK(world.intake->refusals().of(Refusal::kNoMatch) == 2);

    World none;
    none.build();
    none.producer(kPush).say({"b"});
    CHECK(none.intake->refusals().of(Refusal::kNoRoute) == 1);
}

TEST_CASE("a REQ gets a receipt with the message's id, which rises") {
    World world;
    world.outlet({kPull});
    world.route({0});
    world.build();
    StubPeer& req = world.producer(kReq);
    std::string last;
    for (uint64_t i = 1; i <= 3; i++) {
        req.say({"", "body", std::to_string(i)});
        world.turn();
        const std::vector<Frames> receipts = req.received();
        REQUIRE(receipts.size() == 1);
        CHECK(receipts[0] == Frames{"", "OK " + MessageId{7, i}.text()});
        CHECK(receipts[0][1] > last);
        last = receipts[0][1];
    }
    StubPeer& pull = world.consumer(0, kPull);
    world.turn();
    CHECK(pull.received() == std::vector<Frames>{{"body", "1"}, {"body", "2"}, {"body", "3"}});
}

TEST_CASE("a receipt carries the envelope: correlations, proxies' ids, and the empty frame") {
    World world;
    world.outlet({kPull});
    world.route({0});
    world.build();
    StubPeer& dealer = world.producer(kDealer);
    dealer.say({"id-of-a-proxy", std::string("\0\0\0\1", 4), "", "body"});
    world.turn();
    CHECK(dealer.received() == std::vector<Frames>{{"id-of-a-proxy", std::string("\0\0\0\1", 4), "",
                                                    "OK " + MessageId{7, 1}.text()}});
}

TEST_CASE(
    "an envelope ends within 16 frames of at most 256 bytes, else there is none and it is all "
    "body") {
    World world;
    world.outlet({kPull});
    world.route({0});
    world.build();
    StubPeer& dealer = world.producer(kDealer);
    const auto with = [](size_t before, size_t bytes) {
        Frames frames(before, std::string(bytes, 'e'));
        frames.emplace_back("");
        frames.emplace_back("body");
        return frames;
    };
    dealer.say(with(15, 256));
    world.turn();
    CHECK(dealer.receives() == 1);
    for (const Frames& frames : {with(16, 1), with(1, 257), Frames{"body", ""}, Frames{"body"}}) {
        dealer.say(frames);
        world.turn();
        CHECK(dealer.receives() == 0);
    }
    StubPeer& pull = world.consumer(0, kPull);
    world.turn();
    CHECK(pull.received() ==
          std::vector<Frames>{{"body"}, with(16, 1), with(1, 257), {"body", ""}, {"body"}});
}

TEST_CASE("receipts: never, and always") {
    for (const Receipts receipts : {Receipts::kNever, Receipts::kAlways}) {
        World world;
        world.outlet({kPull});
        world.route({0});
        world.build({receipts, Subscribe::kDemand});
        StubPeer& dealer = world.producer(kDealer);
        dealer.say({"", "with"});
        dealer.say({"without"});
        world.producer(kPush).say({"push"});
        world.turn();
        const std::vector<Frames> answers = dealer.received();
        if (receipts == Receipts::kNever) {
            CHECK(answers.empty());
        } else {
            REQUIRE(answers.size() == 2);
            CHECK(answers[0].size() == 2);
            CHECK(answers[1].size() == 1);
        }
    }
}

TEST_CASE(
    "what a route cannot read, or misses, is refused, counted at the route, and answered once") {
    World world;
    world.outlet({kPull});
    world.outlet({kPull});
    intake::Route& strict = world.route({0}, json_with_id());
    world.route({1});
    world.build();
    StubPeer& req = world.producer(kReq);
    for (const char* body : {"{\"id\": \"a\"}", "{\"di\": 1}", "not json"})
        req.say({"", body});
    world.turn();
    const std::vector<Frames> answers = req.received();
    REQUIRE(answers.size() == 3);
    CHECK(answers[0][1].starts_with("OK "));
    CHECK(answers[1][1] == "ERR missing id");
    CHECK(answers[2][1].starts_with("ERR undecodable "));
    CHECK(strict.refusals.of(Refusal::kMissing) == 1);
    CHECK(strict.refusals.of(Refusal::kUndecodable) == 1);
    CHECK(strict.messages == 1);
    CHECK(world.outlets[0]->line().messages() == 1);
    CHECK(world.outlets[1]->line().messages() == 3);  // the other route takes all
}

TEST_CASE("a message is for the routes whose filter it matches, and for none of the others") {
    World world;
    world.outlet({kPull});
    world.outlet({kPull});
    intake::Route& eu = world.route({0}, filtered("region = 'EU'"));
    intake::Route& us = world.route({1}, filtered("region = 'US'"));
    world.build();
    StubPeer& req = world.producer(kReq);
    for (const char* region : {"EU", "US", "ASIA"})
        req.say({"", "{\"region\": \"" + std::string(region) + "\"}"});
    world.turn();
    const std::vector<Frames> answers = req.received();
    REQUIRE(answers.size() == 3);
    CHECK(answers[0][1].starts_with("OK "));
    CHECK(answers[1][1].starts_with("OK "));
    CHECK(answers[2][1].starts_with("ERR no_match "));
    for (const intake::Route* route : {&eu, &us}) {
        CHECK(route->messages == 1);
        CHECK(route->refusals.total() == 0);  // what is for another route is nothing to complain of
    }
    CHECK(world.intake->refusals().of(Refusal::kNoMatch) == 1);
}

TEST_CASE(
    "a route that a message is not for, or that refuses it, does not hold it when it is full") {
    World world;
    world.outlet({kPull}, {1 << 20, 1});
    world.outlet({kPull});
    world.route({0}, filtered("region = 'EU'"));
    world.route({0}, json_with_id());
    world.route({1});
    world.build();
    StubPeer& push = world.producer(kPush);
    CHECK(push.say({"{\"region\": \"EU\"}"}) == Take::kTaken);
    CHECK(world.outlets[0]->line().messages() == 1);
    CHECK(push.say({"{\"region\": \"EU\"}"}) == Take::kHold);
    world.gate.release();
    CHECK(push.say({"{\"region\": \"US\"}"}) == Take::kTaken);
    CHECK(world.outlets[1]->line().messages() == 2);
}

TEST_CASE("what a held message is refused by is counted once") {
    World world;
    world.outlet({kPull}, {1 << 20, 1});
    intake::Route& strict = world.route({0}, json_with_id());
    world.route({0});
    world.build();
    StubPeer& push = world.producer(kPush);
    CHECK(push.say({"{}"}) == Take::kTaken);
    CHECK(push.say({"{}"}) == Take::kHold);
    CHECK(push.say({"{}"}) == Take::kHold);
    CHECK(strict.refusals.of(Refusal::kMissing) == 1);
}

TEST_CASE("a message that a full line has dropped has no receipt, but the refusal") {
    World world;
    world.outlet({kPull}, {1 << 20, 1});
    intake::Route& route = world.route({0}, {}, OnFull::kDropNewest);
    world.build();
    StubPeer& req = world.producer(kReq);
    req.say({"", "1"});
    req.say({"", "2"});
    world.turn();
    const std::vector<Frames> answers = req.received();
    REQUIRE(answers.size() == 2);
    CHECK(answers[0][1].starts_with("OK "));
    CHECK(answers[1][1].starts_with("ERR line_full "));
    CHECK(route.refusals.of(Refusal::kLineFull) == 1);
}

TEST_CASE(
    "a publisher is told what its targets' SUBs want, as it changes, and a late one all of it") {
    World world;
    world.outlet({kSub, kXsub});
    world.route({0});
    world.build();
    StubPeer& pub = world.producer(kPub);
    CHECK(world.told(pub).empty());
    StubPeer& sub = world.consumer(0, kSub);
    sub.subscribe("a");
    StubPeer& other = world.consumer(0, kSub);
    other.subscribe("a");
    other.subscribe("b");
    CHECK(world.told(pub) == "+a +b");
    StubPeer& late = world.producer(kXpub);
    CHECK(world.told(late) == "+a +b");
    sub.leave();
    CHECK(world.told(pub).empty());
    other.cancel("a");
    CHECK(world.told(pub) == "-a");
    other.leave();
    CHECK(world.told(pub) == "-b");
    CHECK(world.told(late) == "-a -b");
}

TEST_CASE("all publishers are told of a prefix with the same bytes, encoded once") {
    World world;
    world.outlet({kSub});
    world.route({0});
    world.build();
    StubPeer& pub = world.producer(kPub);
    StubPeer& other = world.producer(kXpub);
    world.consumer(0, kSub).subscribe("a");
    iovec told[2] = {};
    CHECK(pub.outbox().gather({&told[0], 1}) == 1);
    CHECK(other.outbox().gather({&told[1], 1}) == 1);
    CHECK(told[0].iov_base == told[1].iov_base);
}

TEST_CASE("a prefix that two targets want is told once") {
    World world;
    world.outlet({kSub});
    world.outlet({kSub});
    world.route({0, 1});
    world.route({1});
    world.build();
    StubPeer& pub = world.producer(kPub);
    world.consumer(0, kSub).subscribe("a");
    StubPeer& second = world.consumer(1, kSub);
    second.subscribe("a");
    CHECK(world.told(pub) == "+a");
    world.peers[1]->leave();
    CHECK(world.told(pub).empty());
    second.leave();
    CHECK(world.told(pub) == "-a");
}

TEST_CASE("subscribe: all asks a publisher for everything, once and for good") {
    World world;
    world.outlet({kSub});
    world.route({0});
    world.build({Receipts::kAuto, Subscribe::kAll});
    StubPeer& pub = world.producer(kPub);
    StubPeer& sub = world.consumer(0, kSub);
    sub.subscribe("a");
    sub.subscribe("");
    CHECK(world.told(pub) == "+");
    sub.leave();
    CHECK(world.told(pub).empty());
}

TEST_CASE("a target of PULLs wants everything") {
    World world;
    world.outlet({kPull});
    world.route({0});
    world.build();
    CHECK(world.told(world.producer(kPub)) == "+");
}

TEST_CASE(
    "prefixes of more than 245 bytes are shortened, and those that are then one are counted") {
    World world;
    world.outlet({kSub});
    world.route({0});
    world.build();
    StubPeer& pub = world.producer(kPub);
    StubPeer& sub = world.consumer(0, kSub);
    const std::string longest(Intake::kPrefixBytesMax, 'p');
    sub.subscribe(longest);
    CHECK(world.told(pub) == "+" + longest);
    sub.subscribe(longest + "a");
    sub.subscribe(longest + std::string(300, 'b'));
    sub.cancel(longest);
    sub.cancel(longest + "a");
    CHECK(world.told(pub).empty());
    // What is more than was asked for is not sent on.
    pub.say({longest + "c"});
    world.turn();
    CHECK(sub.receives() == 0);
    pub.say({longest + std::string(300, 'b')});
    world.turn();
    CHECK(sub.receives() == 1);
    sub.cancel(longest + std::string(300, 'b'));
    CHECK(world.told(pub) == "-" + longest);
}

TEST_CASE("a publisher that reads too slowly is told the difference when it has room") {
    World world;
    world.outlet({kSub});
    world.route({0});
    world.build();
    StubPeer& pub = world.producer(kPub);
    pub.limit(1000);
    pub.set_room(0);
    StubPeer& sub = world.consumer(0, kSub);
    std::set<std::string> wanted, told;
    for (int i = 0; i < 1000; i++) {
        sub.subscribe(std::to_string(i));
        wanted.insert(std::to_string(i));
        world.turn();
    }
    for (int i = 0; i < 1000; i += 3) {  // some that it was told of, some that it was not
        sub.cancel(std::to_string(i));
        wanted.erase(std::to_string(i));
        world.turn();
    }
    for (int i = 0; i < 1000; i += 6) {
        sub.subscribe(std::to_string(i));
        wanted.insert(std::to_string(i));
        world.turn();
    }
    CHECK(pub.outbox().bytes() < 1100);
    CHECK_FALSE(pub.closed_as.has_value());

    pub.set_room(~size_t{0});
    while (!pub.outbox().empty() || told.empty()) {
        world.turn();
        for (const Frames& frames : pub.received()) {
            const std::string prefix = frames[0].substr(1);
            const bool changed =
                frames[0][0] == 1 ? told.insert(prefix).second : told.erase(prefix) == 1;
            CHECK(changed);
        }
    }
    CHECK(told == wanted);
    sub.subscribe("later");
    CHECK(world.told(pub) == "+later");
}

TEST_CASE("a PUB's message to nobody is gone, a PUSH's waits") {
    World world;
    world.outlet({kPull, kSub});
    world.route({0});
    world.build();
    world.producer(kPub).say({"pub"});
    world.producer(kPush).say({"push"});
    CHECK(world.outlets[0]->line().messages() == 1);
    CHECK(world.outlets[0]->counters().nobody == 1);
}

TEST_CASE("a service serves who can be answered, and says nothing to a PUSH") {
    World world;
    rpc::RequestNumbers numbers;
    rpc::Service service(ServiceId(1), {.error_frames = {"{code}"}, .envelope_raw = true}, {},
                         numbers, world.clock, world.reactor.timers(), world.memory);
    intake::Route& route = world.route({});
    route.services.push_back(&service);
    world.build();
    StubPeer& push = world.producer(kPush);
    StubPeer& pub = world.producer(kPub);
    StubPeer& dealer = world.producer(kDealer);
    push.say({"work"});
    pub.say({"work"});
    dealer.say({"work"});
    world.turn();
    CHECK(service.status().accepted == 1);
    CHECK(service.status().clients == 1);
    CHECK(route.refusals.of(Refusal::kWrongType) == 2);
    world.clock.advance(std::chrono::seconds(5));
    world.turn();
    world.turn();
    CHECK(dealer.received() == std::vector<Frames>{{"no_worker"}});
    CHECK(push.receives() == 0);
    CHECK(world.told(pub) == "+");  // a service wants everything: it was asked before
    for (StubPeer* peer : {&push, &pub, &dealer})
        peer->leave();
    world.peers.clear();
}

TEST_CASE("who watches a route is shown what takes it, with its attributes, and no other message") {
    World world;
    world.outlet({kPull});
    routing::ShapeOptions shape;
    shape.match_prefix = "eu";
    shape.set.tag = "$frame[1]";
    intake::Route& watched = world.route({0}, shape);
    world.route({0});
    world.build();
    StubPeer& push = world.producer(kPush);
    Watcher watcher;
    CHECK(push.say({"eu", "before"}) == Take::kTaken);
    watched.watch = &watcher;
    CHECK(push.say({"eu", "express"}) == Take::kTaken);
    CHECK(push.say({"us", "express"}) == Take::kTaken);
    // Only a route with topics keeps attributes where nobody looks.
    CHECK(watcher.seen == Seen{"routed peer 1 tag express: eu express"});
    watched.watch = nullptr;
    CHECK(push.say({"eu", "after"}) == Take::kTaken);
    CHECK(watcher.seen.size() == 1);
}
