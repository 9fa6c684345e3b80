#include "bridge/delivery/puller.h"

#include <doctest/doctest.h>

#include "tests/unit/delivery/consumers_world.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using delivery::ConsumersOptions;
using delivery::Puller;
using enum zbridge::SocketType;

namespace {

using World = ConsumersWorld;

ConsumersOptions pulling(ConsumersOptions::Puller puller) {
    ConsumersOptions options;
    options.puller = puller;
    return options;
}

// A strict REQ's frames are ["", request]; got() is what follows its empty frame.
struct Req {
    explicit Req(World& at, SocketType type = kReq) : world(at), peer(at.peer(type)) {}
    std::string ask(const std::string& request) {
        peer.say({"", request});
        return world.got(peer, 1);
    }
    // As a REQ that correlates, or a DEALER, does.
    std::string ask_as(const std::string& id, const std::string& request) {
        peer.say({id, "", request});
        return world.got(peer, 0);
    }
    World& world;
    StubPeer& peer;
};

}  // namespace

TEST_CASE("NEXT is answered with the body as published, and acks the message before") {
    World world;
    Req req(world);
    world.publish("x1 x2");
    CHECK(req.ask("NEXT") == "x1");
    CHECK(world.settled() == "");
    CHECK(req.ask("NEXT") == "x2");
    CHECK(world.settled() == "ack 0");
    CHECK(world.consumers.in_flight() == 1);
}

TEST_CASE("a REQ that has not asked gets nothing") {
    World world;
    StubPeer& peer = world.peer(kReq);
    world.publish("x1");
    world.turn();
    CHECK(peer.receives() == 0);
    CHECK(world.toy.its_group.leases.empty());
}

TEST_CASE("HEADERS puts token, attempt and id before the body") {
    World world;
    Req req(world);
    world.publish("x1");
    const std::string got = req.ask("next headers");
    const std::string token = world.printed(0);
    CHECK(got == "MSG " + token + " 1 " + MessageId{9, 1}.text() + "/x1");
    CHECK(req.ask("RETRY " + token) == "");
    world.toy.commit();
    CHECK(world.got(req.peer, 1) == "OK");
    world.toy.its_group.due();
    world.toy.tell_ready();
    CHECK(req.ask("NEXT HEADERS").starts_with("MSG " + world.printed(0) + " 2 "));
}

TEST_CASE("a NEXT waits: nothing within WAIT is an empty frame, NONE with HEADERS") {
    World world;
    Req req(world);
    CHECK(req.ask("NEXT WAIT 2s") == "");
    world.pass(1999ms);
    CHECK(req.peer.receives() == 0);
    world.pass(1ms);
    CHECK(req.peer.received() == std::vector<Frames>{{"", ""}});
    CHECK(req.ask("NEXT HEADERS") == "");
    world.pass(30s);
    CHECK(world.got(req.peer, 1) == "NONE");
    CHECK(req.ask("NEXT WAIT 1h") == "");
    world.pass(5min);
    CHECK(req.peer.receives() == 1);
    CHECK(req.ask("NEXT WAIT 2s") == "");
    world.publish("x1");
    CHECK(world.got(req.peer, 1) == "x1");
    world.pass(2s);
    CHECK(req.peer.receives() == 0);
}

TEST_CASE("WAIT 0 takes what is there") {
    World world;
    Req req(world);
    CHECK(req.ask("NEXT WAIT 0 HEADERS") == "NONE");
    world.publish("x1");
    CHECK(req.ask("NEXT WAIT 0") == "x1");
}

TEST_CASE("ACK, RETRY and REJECT are answered when they are durable") {
    World world;
    Req req(world);
    world.publish("x1 x2 x3");
    CHECK(req.ask("NEXT") == "x1");
    CHECK(req.ask("ACK " + world.printed(0)) == "");
    CHECK(world.settled() == "ack 0");
    world.toy.commit();
    CHECK(world.got(req.peer, 1) == "OK");
    CHECK(req.ask("NEXT") == "x2");
    CHECK(world.settled() == "");  // it was acked already
    CHECK(req.ask("RETRY DELAY 10s") == "");
    CHECK(world.settled() == "retry 1 10000ms");
    world.toy.commit();
    CHECK(world.got(req.peer, 1) == "OK");
    CHECK(req.ask("NEXT") == "x3");
    CHECK(req.ask("REJECT no such order") == "");
    CHECK(world.settled() == "reject 2 no such order");
    world.toy.commit();
    CHECK(world.got(req.peer, 1) == "OK");
    CHECK(world.counters().rejected == 1);
}

TEST_CASE("a settlement that will never be durable is an error") {
    World world;
    Req req(world);
    world.publish("x1");
    CHECK(req.ask("NEXT") == "x1");
    CHECK(req.ask("RETRY") == "");
    world.toy.fail();
    CHECK(world.got(req.peer, 1) == "ERR store_failed the disk is gone");
    world.toy.its_group.answer = ZB_STORE_FAILED;
    CHECK(
        req.ask("ACK " + LeaseToken{uint64_t{2} << 56, 7}.text()).starts_with("ERR store_failed"));
}

TEST_CASE("EXTEND gives a new token, and the old one is stale") {
    World world;
    Req req(world);
    world.publish("x1 x2");
    CHECK(req.ask("NEXT") == "x1");
    const std::string old = world.printed(0);
    CHECK(req.ask("EXTEND " + old + " 60s") == "");
    CHECK(world.settled() == "extend 0 60000ms");
    world.toy.commit();
    const std::string renewed = world.printed(0);
    CHECK(renewed != old);
    CHECK(world.got(req.peer, 1) == "OK " + renewed);
    CHECK(req.ask("ACK " + old).starts_with("ERR stale "));
    CHECK(req.ask("NEXT") == "x2");  // acks by what is current
    CHECK(world.settled() == "stale ack 0, ack 0");
}

TEST_CASE("an engine that tells at once is answered the same") {
    World world;
    world.toy.its_group.tells_at_once = true;
    Req req(world);
    world.publish("x1 x2");
    CHECK(req.ask("NEXT") == "x1");
    const std::string extended = req.ask("EXTEND " + world.printed(0) + " 60s");
    CHECK(extended == "OK " + world.printed(0));
    CHECK(req.ask("RETRY") == "OK");
    CHECK(req.ask("NEXT") == "x2");
}

TEST_CASE("a stale token is told, and no message is given for it") {
    World world;
    Req req(world);
    world.publish("x1 x2");
    CHECK(req.ask("NEXT") == "x1");
    const std::string token = world.printed(0);
    world.toy.its_group.leases.clear();
    CHECK(req.ask("NEXT " + token).starts_with("ERR stale "));
    CHECK(req.ask("ACK " + token).starts_with("ERR stale "));
    CHECK(world.counters().stale == 2);
    CHECK(req.ask("RETRY") == "ERR stale no message is current on this connection");
    CHECK(req.ask("NEXT") == "x2");
}

TEST_CASE("the ack of a bare NEXT whose lease has run out is counted, and the next one given") {
    World world;
    Req req(world);
    world.publish("x1 x2");
    CHECK(req.ask("NEXT") == "x1");
    world.toy.its_group.leases.clear();
    CHECK(req.ask("NEXT") == "x2");
    CHECK(world.counters().stale == 1);
}

TEST_CASE("what is no request is malformed: never a delivery, never an ack") {
    World world;
    Req req(world);
    world.publish("x1 x2");
    CHECK(req.ask("NEXT") == "x1");
    CHECK(req.ask("GIVE ME") == "ERR malformed expected NEXT, ACK, RETRY, REJECT or EXTEND");
    CHECK(req.ask("NEXT WAIT banana") == "ERR malformed WAIT needs a duration, as WAIT 30s");
    CHECK(req.ask("ACK") == "ERR malformed ACK needs a token, and no more");
    req.peer.say({"", "NEXT", "WAIT 3s"});
    CHECK(world.got(req.peer, 1) == "ERR malformed a request is one frame");
    CHECK(world.settled() == "");
    CHECK(world.counters().malformed == 4);
}

TEST_CASE("a request that cannot be answered is counted") {
    World world;
    StubPeer& peer = world.peer(kReq);
    peer.say({"NEXT"});
    peer.say({std::string(Puller::kEnvelopeBytesMax, 'x'), "", "NEXT"});
    Frames deep(Puller::kEnvelopeFramesMax, "x");
    deep.insert(deep.end(), {"", "NEXT"});
    peer.say(deep);
    CHECK(world.counters().malformed == 3);
    CHECK(world.got(peer) == "");
    Frames less(Puller::kEnvelopeFramesMax - 1, "x");
    less.insert(less.end(), {"", "NEXT WAIT 0 HEADERS"});
    peer.say(less);
    CHECK(world.got(peer, Puller::kEnvelopeFramesMax) == "NONE");
}

TEST_CASE("a REQ that correlates must give the token: its bare NEXT is given the message again") {
    World world;
    Req req(world);
    world.publish("x1 x2");
    const std::string first = req.ask_as("id1", "NEXT HEADERS");
    const std::string token = world.printed(0);
    CHECK(first == "id1//MSG " + token + " 1 " + MessageId{9, 1}.text() + "/x1");
    const std::string again = req.ask_as("id2", "NEXT HEADERS");
    CHECK(again == "id2//MSG " + token + " 1 " + MessageId{9, 1}.text() + "/x1");
    CHECK(world.settled() == "extend 0");  // the lease is renewed
    CHECK(req.ask_as("id3", "NEXT " + token) == "id3//x2");
    CHECK(world.settled() == "ack 0");
}

TEST_CASE("a current message whose lease has run out is not given again: another is") {
    World world;
    Req req(world);
    world.publish("x1 x2");
    CHECK(req.ask_as("1", "NEXT") == "1//x1");
    world.toy.its_group.leases.clear();
    CHECK(req.ask_as("2", "NEXT") == "2//x2");
}

TEST_CASE("a REQ's second NEXT takes the place of the one that waits") {
    World world;
    Req req(world);
    CHECK(req.ask_as("1", "NEXT") == "");
    CHECK(req.ask_as("2", "NEXT") == "");
    world.publish("x1");
    CHECK(world.got(req.peer) == "2//x1");
    world.pass(1min);
    CHECK(req.peer.receives() == 0);
}

TEST_CASE("a DEALER is a puller where the endpoint says so, and each NEXT is answered") {
    World world(pulling(ConsumersOptions::Puller::kVerbs));
    Req dealer(world, kDealer);
    world.publish("x1 x2");
    dealer.peer.say({"", "NEXT"});
    CHECK(world.got(dealer.peer, 1) == "x1");
    CHECK(dealer.ask("NEXT") == "x1");  // never an ack: it may have been sent before
    CHECK(world.consumers.in_flight() == 1);
    StubPeer& other = world.peer(kDealer);
    other.say({"a", "", "NEXT"});
    CHECK(world.got(other) == "a//x2");
    StubPeer& waits = world.peer(kDealer);
    waits.say({"a", "", "NEXT HEADERS"});
    waits.say({"b", "", "NEXT HEADERS"});
    CHECK(world.got(waits) == "a//NONE");
    world.pass(30s);
    CHECK(world.got(waits) == "b//NONE");
}

TEST_CASE("answers go in the order of the requests, but a NEXT that waits holds nobody up") {
    World world(pulling(ConsumersOptions::Puller::kVerbs));
    StubPeer& dealer = world.peer(kDealer);
    world.publish("x1");
    dealer.say({"a", "", "NEXT"});
    CHECK(world.got(dealer) == "a//x1");
    const std::string token = world.printed(0);
    world.publish("x2");
    dealer.say({"b", "", "ACK " + token});
    dealer.say({"c", "", "GIVE"});
    dealer.say({"d", "", "NEXT"});
    CHECK(world.got(dealer) == "");
    world.toy.commit();
    CHECK(world.got(dealer).starts_with("b//OK c//ERR malformed"));
    dealer.say({"e", "", "ACK " + world.printed(1)});
    dealer.say({"f", "", "NEXT"});
    world.toy.commit();
    CHECK(world.got(dealer) == "e//OK");
    dealer.say({"g", "", "GIVE"});
    CHECK(world.got(dealer).starts_with("g//ERR malformed"));
    world.publish("x3");
    CHECK(world.got(dealer) == "f//x3");
}

TEST_CASE("a lost puller's message is lost; its answers are nobody's") {
    World world;
    Req req(world);
    world.publish("x1");
    CHECK(req.ask("NEXT") == "x1");
    req.peer.leave();
    CHECK(world.settled() == "lost 0");
    Req second(world);
    CHECK(second.ask("NEXT") == "x1");
    CHECK(second.ask("RETRY") == "");
    second.peer.leave();
    CHECK(world.settled() == "retry 0");
    world.toy.commit();
    CHECK(world.consumers.peers() == 0);
}

TEST_CASE("a puller that is gone before it was sent anything gives its message back") {
    World world;
    Req req(world);
    req.peer.set_room(0);
    world.publish("x1");
    CHECK(req.ask("NEXT") == "");
    req.peer.leave();
    CHECK(world.settled() == "release 0");
}

TEST_CASE("kAnswersMax answers may wait to be durable: beyond, the endpoint is held") {
    World world(pulling(ConsumersOptions::Puller::kVerbs));
    StubPeer& dealer = world.peer(kDealer);
    world.publish("x1");
    dealer.say({"", "NEXT"});
    world.turn();
    for (size_t i = 0; i < Puller::kAnswersMax; i++)
        CHECK(dealer.say({"", "EXTEND " + world.printed(0) + " 1m"}) == net::Take::kTaken);
    CHECK(dealer.say({"", "NEXT"}) == net::Take::kHold);
    CHECK(world.gate.held);
    world.toy.commit();
    CHECK_FALSE(world.gate.held);
    CHECK(dealer.say({"", "NEXT WAIT 0"}) == net::Take::kTaken);
}

TEST_CASE("puller: ready: whatever a REQ says means done, next; it waits for ever") {
    World world(pulling(ConsumersOptions::Puller::kReady));
    Req req(world);
    CHECK(req.ask("READY") == "");
    world.pass(1h);
    CHECK(req.peer.receives() == 0);
    world.publish("x1 x2");
    CHECK(world.got(req.peer, 1) == "x1");
    req.peer.say({"", "result", "of", "x1"});
    CHECK(world.got(req.peer, 1) == "x2");
    CHECK(world.settled() == "ack 0");
    StubPeer& correlates = world.peer(kReq);
    correlates.say({"id", "", "READY"});
    CHECK(correlates.closed_as == Refusal::kMalformed);
    StubPeer& dealer = world.peer(kDealer);
    world.publish("x3");
    CHECK(world.got(dealer, 2) == "x3");  // a worker all the same
}

TEST_CASE("at the end a puller that waits is told that there is nothing, a message goes back") {
    World world;
    Req holds(world), waits(world);
    world.publish("x1");
    CHECK(holds.ask("NEXT") == "x1");
    CHECK(waits.ask("NEXT HEADERS") == "");
    world.consumers.drain();
    CHECK(world.consumers.holds_worker());
    world.publish("x2");
    CHECK(world.got(waits.peer, 1) == "");
    world.consumers.release();
    CHECK(world.got(waits.peer, 1) == "NONE");
    CHECK(world.settled() == "release 0");
    CHECK(world.consumers.idle());
    holds.peer.leave();
    CHECK(world.settled() == "");
}
