#include "bridge/delivery/worker.h"

#include <doctest/doctest.h>

#include "bridge/delivery/reply_rules.h"
#include "tests/unit/delivery/consumers_world.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using delivery::ConsumersOptions;
using delivery::SettleRule;
using plugin::Verdict;
using enum zbridge::SocketType;

namespace {

using World = ConsumersWorld;

ConsumersOptions with_credit(uint32_t credit) {
    ConsumersOptions options;
    options.credit = credit;
    return options;
}

ConsumersOptions with_rules() {
    ConsumersOptions options;
    options.settle = {{SettleRule::As::kAck, "OK"},
                      {SettleRule::As::kReject, "NEVER"},
                      {SettleRule::As::kRetry, "RETRY"}};
    return options;
}

}  // namespace

TEST_CASE("a REP is given one message, and the next one for its reply, which is the ack") {
    World world;
    StubPeer& rep = world.peer(kRep);
    world.publish("x1 x2");
    world.turn();
    const auto first = rep.received();
    REQUIRE(first.size() == 1);
    CHECK(first[0] == Frames{world.token(0), "", "x1"});
    CHECK(world.settled() == "");
    rep.say({first[0][0], "", "whatever"});
    CHECK(world.settled() == "ack 0");
    CHECK(world.got(rep, 2) == "x2");
    CHECK(world.counters().given == 2);
    CHECK(world.counters().acked == 1);
}

TEST_CASE("a busy worker gets nothing, however long the line is") {
    World world;
    StubPeer& busy = world.peer(kRep);
    StubPeer& quick = world.peer(kRep);
    world.publish("x1 x2 x3 x4");
    CHECK(world.got(busy, 2) == "x1");
    CHECK(world.got(quick, 2) == "x2");
    for (const uint64_t offset : {1, 2})
        quick.say({world.token(offset), "", ""}), world.turn();
    CHECK(world.got(quick, 2) == "x3 x4");
    CHECK(world.got(busy, 2) == "");
    CHECK(world.consumers.busy() == 2);
    CHECK(world.consumers.in_flight() == 2);
}

TEST_CASE("the worker that has been free longest is next") {
    World world;
    StubPeer& one = world.peer(kRep);
    StubPeer& two = world.peer(kRep);
    world.publish("x1 x2");
    world.turn();
    two.say({world.token(1), "", ""});
    one.say({world.token(0), "", ""});
    (void)one.received(), (void)two.received();
    world.publish("x3");
    CHECK(world.got(two, 2) == "x3");
    CHECK(world.got(one, 2) == "");
}

TEST_CASE("a DEALER holds as many as the endpoint's credit, a REP one all the same") {
    World world(with_credit(3));
    StubPeer& dealer = world.peer(kDealer);
    StubPeer& rep = world.peer(kRep);
    world.publish("x1 x2 x3 x4 x5 x6");
    CHECK(world.got(dealer, 2) == "x1 x3 x4");
    CHECK(world.got(rep, 2) == "x2");
    CHECK(world.toy.its_group.leases.size() == 4);  // nothing is fetched ahead
    dealer.say({world.token(2), "", "ok"});
    CHECK(world.settled() == "ack 2");
    CHECK(world.got(dealer, 2) == "x5");
}

TEST_CASE("messages go to those who are free in turn, not all to one with much credit") {
    World world(with_credit(10));
    StubPeer& one = world.peer(kDealer);
    StubPeer& two = world.peer(kDealer);
    world.publish("x1 x2 x3 x4");
    CHECK(world.got(one, 2) == "x1 x3");
    CHECK(world.got(two, 2) == "x2 x4");
}

TEST_CASE(
    "what a lost worker held is lost, and another gets it; what it was not sent is released") {
    World world(with_credit(2));
    StubPeer& dealer = world.peer(kDealer);
    dealer.set_room(10);  // a part of the first one
    world.publish("x1");
    world.turn();
    REQUIRE(dealer.blocked());
    dealer.set_room(~size_t{0});
    world.turn();
    dealer.set_room(0);
    world.publish("x2");
    world.turn();
    CHECK(world.consumers.in_flight() == 2);
    dealer.leave();
    CHECK(world.settled() == "lost 0, release 1");
    StubPeer& rep = world.peer(kRep);
    world.turn();
    CHECK(rep.received().at(0)[2] == "x1");
    CHECK(world.counters().lost == 1);
    CHECK(world.counters().released == 1);
}

TEST_CASE("a worker whose connection takes nothing is given nothing more, until it does") {
    World world(with_credit(5));
    StubPeer& dealer = world.peer(kDealer);
    dealer.set_room(0);
    world.publish("x1 x2 x3");
    world.turn();
    CHECK(world.consumers.in_flight() == 3);  // before it was seen to be stalled
    world.publish("x4");
    world.turn();
    CHECK(world.consumers.in_flight() == 3);
    dealer.set_room(~size_t{0});
    CHECK(world.got(dealer, 2) == "x1 x2 x3 x4");
}

TEST_CASE("a stale token is counted and settles nothing, and its worker is free") {
    World world;
    StubPeer& slow = world.peer(kRep);
    world.publish("x1");
    world.turn();
    const std::string old = world.token(0);
    world.toy.its_group.expire(0);
    world.toy.tell_ready();
    StubPeer& other = world.peer(kRep);
    CHECK(world.got(other, 2) == "x1");
    CHECK(world.got(slow, 2) == "x1");
    slow.say({old, "", "late"});
    CHECK(world.settled() == "stale ack 0");
    CHECK(world.counters().stale == 1);
    CHECK(world.toy.its_group.leases.size() == 1);
    world.publish("x2");
    CHECK(world.got(slow, 2) == "x2");
    CHECK(world.got(other, 2) == "");
}

TEST_CASE("a malformed reply: a REP has used its turn, a DEALER has not answered") {
    World world;
    StubPeer& rep = world.peer(kRep);
    StubPeer& dealer = world.peer(kDealer);
    world.publish("x1 x2 x3");
    CHECK(world.got(rep, 2) == "x1");
    CHECK(world.got(dealer, 2) == "x2");
    dealer.say({"nonsense"});
    CHECK(world.settled() == "");
    CHECK(world.got(dealer, 2) == "");
    rep.say({"nonsense", "", "more"});
    CHECK(world.settled() == "retry 0 its reply was malformed");
    CHECK(world.got(rep, 2) == "x3");
    dealer.say({world.token(1), "no delimiter"});  // but it names what it is about
    CHECK(world.settled() == "retry 1 its reply was malformed");
    CHECK(world.counters().malformed == 3);
    CHECK(world.counters().retried == 2);
    rep.say({"nonsense"});
    world.toy.its_group.settled.clear();
    rep.say({"nonsense"});  // it holds nothing
    CHECK(world.settled() == "");
}

TEST_CASE("a reply without a body is an ack as well") {
    World world;
    StubPeer& dealer = world.peer(kDealer);
    world.publish("x1");
    world.turn();
    dealer.say({world.token(0), ""});
    CHECK(world.settled() == "ack 0");
}

TEST_CASE("settle: the first rule that matches the reply's first frame says what becomes of it") {
    World world(with_rules());
    StubPeer& rep = world.peer(kRep);
    world.publish("x1 x2 x3 x4");
    const char* replies[] = {"OK fine", "RETRY: no database", "NEVER: no such order", "what?"};
    for (uint64_t offset = 0; offset < 4; offset++) {
        world.turn();
        rep.say({world.token(offset), "", replies[offset], "OK"});
    }
    CHECK(world.settled() ==
          "ack 0, retry 1 RETRY: no database, reject 2 NEVER: no such order, retry 3 what?");
}

TEST_CASE("rules are looked at in their order, and bytes that are no text give no reason") {
    const std::vector<SettleRule> rules = {{SettleRule::As::kReject, "A"},
                                           {SettleRule::As::kAck, ""}};
    CHECK(delivery::verdict_of(rules, "AB") == Verdict::kReject);
    CHECK(delivery::verdict_of(rules, "B") == Verdict::kAck);
    CHECK(delivery::verdict_of({}, "RETRY") == Verdict::kAck);
    CHECK(delivery::reason_of("no\x01") == "");
    CHECK(delivery::reason_of("\xff") == "");
    const std::string long_one = std::string(delivery::kReasonBytesMax - 1, 'x') + "\xc3\xa9";
    CHECK(delivery::reason_of(long_one) == long_one.substr(0, delivery::kReasonBytesMax - 1));
}

TEST_CASE("replies: the body of a reply is published with the ack") {
    World world(with_rules(), true);
    StubPeer& rep = world.peer(kRep);
    world.publish("x1 x2");
    world.turn();
    rep.say({world.token(0), "", "OK", "packed"});
    CHECK(world.settled() == "ack 0");
    world.toy.commit();
    REQUIRE(world.toy.kept("b").size() == 1);
    CHECK(frames_of({world.toy.kept("b")[0].wire, 2}) == Frames{"OK", "packed"});
    world.turn();
    rep.say({world.token(1), "", "RETRY"});  // no ack, nothing to be published
    world.toy.commit();
    CHECK(world.toy.kept("b").size() == 1);
}

TEST_CASE("replies: while the store is behind a reply waits at its endpoint") {
    World world({}, true);
    StubPeer& rep = world.peer(kRep);
    world.publish("x1");
    world.turn();
    world.toy.room = false;
    CHECK(rep.say({world.token(0), "", "done"}) == net::Take::kHold);
    CHECK(world.gate.held);
    CHECK(world.settled() == "");
    world.toy.make_room();
    CHECK_FALSE(world.gate.held);
    CHECK(rep.say({world.token(0), "", "done"}) == net::Take::kTaken);
    CHECK(world.settled() == "ack 0");
}

TEST_CASE("replies: of one that the topic refuses the message is retried, with the reason") {
    World world({}, true);
    StubPeer& rep = world.peer(kRep);
    world.publish("x1");
    world.turn();
    world.toy.answer = ZB_TOPIC_FULL;
    rep.say({world.token(0), "", "done"});
    CHECK(world.settled() == "retry 0 its reply was refused: topic_full a is full of it");
    CHECK(world.counters().replies_refused == 1);
    CHECK(world.consumers.in_flight() == 0);
}

TEST_CASE("after an unclean start a worker that connects is given nothing until it could speak") {
    World world({}, false, 10s);
    StubPeer& busy = world.peer(kRep);
    StubPeer& free = world.peer(kRep);
    world.publish("x1 x2 x3");
    CHECK(world.got(busy, 2) == "");
    CHECK(world.got(free, 2) == "");
    busy.say({std::string(LeaseToken{uint64_t{2} << 56, 0}.encode().data(), LeaseToken::kBytes), "",
              "done"});
    CHECK(world.settled() == "stale ack 0");
    CHECK(world.got(busy, 2) == "x1");
    world.pass(1999ms);
    CHECK(world.got(free, 2) == "");
    world.pass(1ms);
    CHECK(world.got(free, 2) == "x2");
    world.pass(10s);
    CHECK(world.got(world.peer(kRep), 2) == "x3");
}
