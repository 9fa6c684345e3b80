#include "bridge/protocol/sessions.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "bridge/protocol/limits.h"
#include "tests/unit/protocol/sessions_world.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using protocol::TokenRange;

namespace {

using World = SessionsWorld;

Said hello() {
    return Said("HELLO").with("versions", std::vector<int>{3, 1});
}
Said subscribe(uint32_t sub, uint32_t credit, const std::string& group = "g") {
    return Said("SUBSCRIBE").with("sub", sub).with("group", group).with("credit", credit);
}
Said receive(uint64_t ref, uint32_t max, uint32_t wait_ms = 0) {
    return Said("RECEIVE")
        .with("ref", ref)
        .with("group", std::string("g"))
        .with("max", max)
        .with("wait", wait_ms);
}
Said extend(uint64_t ref, const std::vector<TokenRange>& ranges) {
    return Said("EXTEND").with("group", std::string("g")).with("ref", ref).with("ranges", ranges);
}

// Its connection is closed, and why.
bool closed(StubPeer& peer, Refusal why) {
    return peer.closed_as == why;
}

}  // namespace

// ---- HELLO ----

TEST_CASE("HELLO is answered by what both can, and what may be") {
    World world;
    StubPeer& peer = world.peer();
    CHECK(world.ask(peer, hello().with("heartbeat", 1000)) ==
          "WELCOME version=1 bridge=shop epoch=7 features=[publish once groups topics attributes "
          "recall "
          "query reset transactions resume] "
          "heartbeat=1000 resumed=0 held=[] "
          "limits=header_bytes=1048576 message_bytes=16777216 frames=4 batch_messages=10000 "
          "receipts=100000 "
          "subscriptions=1000 receives=64 asks=16 calls=10000 credit=100000 ranges=10000 "
          "settle_messages=100000 "
          "resume_ms=5000");
}

TEST_CASE("a HELLO that cannot be served ends the connection") {
    const auto refused = [](const Said& said) {
        World world;
        StubPeer& peer = world.peer();
        const std::string told = world.ask(peer, said);
        CHECK(peer.closed_as.has_value());
        return told;
    };
    CHECK(refused(Said("HELLO").with("versions", std::vector<int>{2})) ==
          "REFUSED re=HELLO code=version text=this bridge speaks version 1 fatal=true");
    CHECK(refused(hello().with("needs", std::vector<std::string>{"groups", "calls"})) ==
          "REFUSED re=HELLO code=unsupported text=calls fatal=true");
    CHECK(refused(hello().with("heartbeat", 99)) ==
          "REFUSED re=HELLO code=out_of_range text=heartbeat fatal=true");
    CHECK(refused(Said("BYE")) ==
          "REFUSED re=BYE code=out_of_state text=HELLO comes first fatal=true");
    CHECK(refused(Said("DANCE")) ==
          "REFUSED re=DANCE code=out_of_state text=HELLO comes first fatal=true");
    CHECK(refused(hello().with("client", std::string(protocol::kHelloBytesMax, 'x'))) ==
          "REFUSED re= code=malformed text=a HELLO that is too long fatal=true");
}

TEST_CASE("one who does not say HELLO is not waited for") {
    World world;
    StubPeer& peer = world.peer();
    world.pass(protocol::kHelloTime - 1ms);
    CHECK_FALSE(peer.closed_as);
    world.pass(1ms);
    CHECK(closed(peer, Refusal::kHandshakeTimeout));
}

TEST_CASE("what is fatal closes the connection, and nothing said after it counts") {
    World world;
    StubPeer& twice = world.client();
    CHECK(world.ask(twice, hello()) ==
          "REFUSED re=HELLO code=out_of_state text=HELLO comes once fatal=true");
    CHECK(closed(twice, Refusal::kOutOfState));
    world.publish(twice, 1, {"x"});
    CHECK(world.got(twice) == "");

    StubPeer& garbage = world.client();
    garbage.say({"hello?"});
    CHECK(world.got(garbage) ==
          "REFUSED re= code=malformed text=a header that cannot be read fatal=true");
    StubPeer& frames = world.client();
    frames.say({Said("BYE").packed(), "", ""});
    CHECK(world.got(frames) ==
          "REFUSED re=BYE code=malformed text=more than two frames fatal=true");
    StubPeer& block = world.client();
    block.say({Said("BYE").packed(), ""});
    CHECK(world.got(block) ==
          "REFUSED re=BYE code=malformed text=a block that is none of its fatal=true");
    CHECK(closed(block, Refusal::kMalformed));
    CHECK(world.toy.kept("a").empty());
}

TEST_CASE("a command that is not served is refused, and no more than that") {
    World world;
    StubPeer& peer = world.client();
    peer.say({Said("DANCE").with("ref", 5).packed(), "block"});
    CHECK(world.got(peer) ==
          "REFUSED re=DANCE ref=5 code=unsupported text=a command or feature that this bridge does "
          "not serve "
          "fatal=false");
    CHECK(world.ask(peer, Said("HEARTBEAT")) == "");
    CHECK_FALSE(peer.closed_as);
    CHECK(world.sessions.refusals().of(Refusal::kUnsupported) == 1);
}

// ---- publishing ----

TEST_CASE("a batch is receipted when it is committed, and as much of it as that") {
    World world;
    StubPeer& peer = world.client();
    world.publish(peer, 5, {"x1", "x2", "x3"});
    CHECK(world.got(peer) == "");
    world.toy.commit();
    CHECK(world.got(peer) == "RECEIPT stored=[[5 3 i1 false]] refused=[]");
    CHECK(world.toy.kept("a").size() == 3);
    CHECK(frame_at(world.toy.kept("a")[1].wire.bytes(), 0).body == "x2");
    world.publish(peer, 10, {"x4"});
    world.publish(peer, 11, {"x5"}, "b");
    world.toy.commit();
    CHECK(world.got(peer) == "RECEIPT stored=[[10 2 i4 false]] refused=[]");
}

TEST_CASE("what is not taken is told in its place") {
    World world;
    StubPeer& peer = world.client();
    world.publish(peer, 1, {"x1"});
    world.publish(peer, 2, {"y", "z"}, "nowhere");
    CHECK(world.got(peer) == "");  // in order
    world.toy.answer = ZB_TOPIC_FULL;
    world.publish(peer, 4, {"x2"});
    world.toy.commit();
    CHECK(world.got(peer) ==
          "RECEIPT stored=[[1 1 i1 false]] refused=[[2 2 not_found no topic of this name] [4 1 "
          "topic_full a is "
          "full of it]]");
    CHECK(world.sessions.counters().published == 1);
    CHECK(world.sessions.counters().refused == 3);
}

TEST_CASE("a message of too many frames is refused alone") {
    World world;
    StubPeer& peer = world.client();
    std::string block = block_of({"x1"});
    for (int i = 0; i < 5; i++)
        append_frame(block, "f", i < 4);
    block += block_of({"x3"});
    peer.say(
        {Said("PUBLISH").with("topic", std::string("a")).with("seq", 1).with("count", 3).packed(),
         block});
    world.toy.commit();
    CHECK(world.got(peer) ==
          "RECEIPT stored=[[1 1 i1 false] [3 1 i2 false]] refused=[[2 1 too_many_frames a message "
          "of more frames "
          "than the endpoint's limit]]");
}

TEST_CASE("a PUBLISH that lies ends the session, and stores nothing") {
    World world;
    const auto lie = [&](const Said& said, const std::string& block) {
        StubPeer& peer = world.client();
        world.publish(peer, 1, {"x"}, "b");
        peer.say({said.with("topic", std::string("a")).packed(), block});
        CHECK(closed(peer, Refusal::kMalformed));
        return world.got(peer);
    };
    const Said publish("PUBLISH");
    CHECK(
        lie(Said(publish).with("seq", 2).with("count", 2), block_of({"x"})) ==
        "REFUSED re=PUBLISH seq=2 code=malformed text=the block has not the messages that `count` "
        "says "
        "fatal=true");
    CHECK(
        lie(Said(publish).with("seq", 2).with("count", 1), "\x01\x01x") ==
        "REFUSED re=PUBLISH seq=2 code=malformed text=the block has not the messages that `count` "
        "says "
        "fatal=true");
    CHECK(lie(Said(publish).with("seq", 1).with("count", 1), block_of({"x"})) ==
          "REFUSED re=PUBLISH seq=1 code=malformed text=`seq` does not rise fatal=true");
    world.toy.commit();
    CHECK(world.toy.kept("a").empty());
}

TEST_CASE("once: each has an id of the producer's name and its number") {
    World world;
    StubPeer& peer = world.client("till-7");
    const Said publish = Said("PUBLISH")
                             .with("topic", std::string("a"))
                             .with("seq", 41)
                             .with("count", 2)
                             .with("once", true)
                             .raw(
                                 "\xaa"
                                 "attributes\x92\xc0\x81\xa2id\xa3own");
    peer.say({publish.packed(), block_of({"x", "y"})});
    world.toy.commit();
    CHECK(world.toy.kept("a")[0].id == "till-7:41");
    CHECK(world.toy.kept("a")[1].id == "own");

    StubPeer& nameless = world.client();
    nameless.say({publish.packed(), block_of({"x", "y"})});
    CHECK(closed(nameless, Refusal::kOutOfState));
}

TEST_CASE("without room the endpoint is held, and each message is published once all the same") {
    World world;
    StubPeer& peer = world.client();
    world.toy.room = false;
    CHECK(world.publish(peer, 1, {"x1", "x2"}) == net::Take::kHold);
    CHECK(world.gate.held);
    world.toy.make_room();
    CHECK_FALSE(world.gate.held);
    CHECK(world.publish(peer, 1, {"x1", "x2"}) == net::Take::kTaken);
    world.toy.commit();
    CHECK(world.got(peer) == "RECEIPT stored=[[1 2 i1 false]] refused=[]");
    CHECK(world.toy.kept("a").size() == 2);
}

TEST_CASE("so many messages may wait for their outcome, and no more") {
    World world;
    StubPeer& peer = world.client();
    const std::vector<std::string> batch(protocol::kBatchMessagesMax, "x");
    for (uint64_t i = 0; i < 10; i++)
        world.publish(peer, 1 + i * batch.size(), batch);
    world.publish(peer, 1 + 10 * batch.size(), {"one more"});
    world.toy.commit();
    CHECK(world.got(peer) ==
          "RECEIPT stored=[[1 100000 i1 false]] refused=[[100001 1 line_full as many messages "
          "have no outcome "
          "yet as may]]");
}

TEST_CASE("when the disk is gone nobody is told that it has something") {
    World world;
    StubPeer& peer = world.client();
    world.publish(peer, 1, {"x1", "x2"});
    world.toy.fail();
    CHECK(world.got(peer) == "RECEIPT stored=[] refused=[[1 2 store_failed the disk is gone]]");
}

// ---- consuming ----

TEST_CASE("a subscription is delivered as much as its credit, and what is settled makes room") {
    World world;
    StubPeer& peer = world.client();
    CHECK(world.ask(peer, subscribe(1, 2)) == "SUBSCRIBED sub=1");
    world.publish(peer, 1, {"x1", "x2", "x3"});
    world.toy.commit();
    CHECK(world.got(peer) ==
          "RECEIPT stored=[[1 3 i1 false]] refused=[], DELIVER sub=1 runs=[[t0 2 1 i1]] | x1 x2");
    CHECK(world.ask(peer, world.settle("ack", world.token(0)).with("ref", 9)) ==
          "DELIVER sub=1 runs=[[t2 1 1 i3]] | x3");
    world.toy.commit();
    CHECK(world.got(peer) == "SETTLED ref=9 stale=[0]");
    CHECK(world.settled() == "ack 0");
    CHECK(world.sessions.counters().acked == 1);
}

TEST_CASE("SUBSCRIBED says what its messages are lent for, where that is known") {
    World world;
    StubPeer& peer = world.client();
    CHECK(world.ask(peer, subscribe(1, 0).with("lease", 2000)) == "SUBSCRIBED sub=1 lease=2000");
    CHECK(world.ask(peer, subscribe(2, 0)) == "SUBSCRIBED sub=2");
    world.lease = 60s;
    CHECK(world.ask(peer, subscribe(3, 0)) == "SUBSCRIBED sub=3 lease=60000");
}

TEST_CASE("credit is how many may be held, not how many more") {
    World world;
    StubPeer& peer = world.client();
    world.ask(peer, subscribe(1, 0));
    world.publish(peer, 1, {"x1", "x2", "x3", "x4"});
    world.toy.commit();
    CHECK(world.got(peer) == "RECEIPT stored=[[1 4 i1 false]] refused=[]");
    const auto credit = [](uint32_t now) {
        return Said("CREDIT").with("sub", 1).with("credit", now);
    };
    CHECK(world.ask(peer, credit(1)) == "DELIVER sub=1 runs=[[t0 1 1 i1]] | x1");
    CHECK(world.ask(peer, credit(1)) == "");
    CHECK(world.ask(peer, credit(2)) == "DELIVER sub=1 runs=[[t1 1 1 i2]] | x2");
    CHECK(world.ask(peer, credit(1)) == "");
    CHECK(world.ask(peer, world.settle("ack", world.token(0))) == "");
    CHECK(world.ask(peer, world.settle("ack", world.token(1))) ==
          "DELIVER sub=1 runs=[[t2 1 1 i3]] | x3");
    CHECK(world.ask(peer, credit(100'001)) ==
          "REFUSED re=CREDIT sub=1 code=out_of_range text=credit fatal=false");
    CHECK(
        world.ask(peer, Said("CREDIT").with("sub", 2).with("credit", 1)) ==
        "REFUSED re=CREDIT sub=2 code=not_found text=no subscription has this number fatal=false");
}

TEST_CASE("subscriptions that cannot be") {
    World world;
    StubPeer& peer = world.client();
    CHECK(world.ask(peer, subscribe(1, 1, "h")) ==
          "REFUSED re=SUBSCRIBE sub=1 code=not_found text=no group of this name fatal=false");
    CHECK(world.ask(peer, subscribe(1, 100'001)) ==
          "REFUSED re=SUBSCRIBE sub=1 code=out_of_range text=credit fatal=false");
    CHECK(world.ask(peer, subscribe(1, 1).with("lease", 999)) ==
          "REFUSED re=SUBSCRIBE sub=1 code=out_of_range text=lease fatal=false");
    CHECK(world.ask(peer, subscribe(1, 1)) == "SUBSCRIBED sub=1");
    CHECK(world.ask(peer, subscribe(1, 1)) ==
          "REFUSED re=SUBSCRIBE sub=1 code=out_of_state text=a subscription has this number "
          "fatal=false");
    for (uint32_t i = 2; i <= protocol::kSubscriptionsMax; i++)
        world.subscribe(peer, i, 0);
    (void)world.got(peer);
    CHECK(world.ask(peer, subscribe(2000, 1)) ==
          "REFUSED re=SUBSCRIBE sub=2000 code=subscriptions_full text=more subscriptions, or bytes "
          "of them, than "
          "allowed fatal=false");
}

TEST_CASE("what was delivered stays held when its subscription ends") {
    World world;
    StubPeer& peer = world.client();
    world.subscribe(peer, 1, 1);
    world.publish(peer, 1, {"x1", "x2"});
    world.toy.commit();
    (void)world.got(peer);
    CHECK(world.ask(peer, Said("UNSUBSCRIBE").with("sub", 1)) == "UNSUBSCRIBED sub=1");
    CHECK(world.ask(peer, Said("UNSUBSCRIBE").with("sub", 1)) ==
          "REFUSED re=UNSUBSCRIBE sub=1 code=not_found text=no subscription has this number "
          "fatal=false");
    // Another one of that number has a credit of its own.
    CHECK(world.ask(peer, subscribe(1, 1)) ==
          "SUBSCRIBED sub=1, DELIVER sub=1 runs=[[t1 1 1 i2]] | x2");
    world.ask(peer, world.settle("ack", world.token(0)));
    CHECK(world.settled() == "ack 0");
}

TEST_CASE("messages are shared, to the one that has waited longest") {
    World world;
    StubPeer &one = world.client(), &two = world.client();
    world.subscribe(one, 1, 10);
    world.subscribe(two, 1, 10);
    StubPeer& maker = world.client();
    for (uint64_t i = 1; i <= 4; i++) {
        world.publish(maker, i, {"x" + std::to_string(i)});
        world.toy.commit();
        world.turn();
    }
    CHECK(world.got(one) ==
          "SUBSCRIBED sub=1, DELIVER sub=1 runs=[[t0 1 1 i1]] | x1, DELIVER sub=1 runs=[[t2 1 1 "
          "i3]] | x3");
    CHECK(world.got(two) ==
          "SUBSCRIBED sub=1, DELIVER sub=1 runs=[[t1 1 1 i2]] | x2, DELIVER sub=1 runs=[[t3 1 1 "
          "i4]] | x4");
}

TEST_CASE("one that takes nothing is given nothing, and its share is done by others") {
    World world;
    StubPeer &slow = world.client(), &other = world.client();
    world.subscribe(slow, 1, 10);
    world.turn();
    (void)slow.received();
    slow.set_room(0);
    world.publish(slow, 1, {"x1"});
    world.toy.commit();
    world.turn();  // into its outbox
    world.subscribe(other, 1, 10);
    world.publish(other, 1, {"x2"});
    world.toy.commit();
    CHECK(world.got(other) ==
          "SUBSCRIBED sub=1, RECEIPT stored=[[1 1 i2 false]] refused=[], DELIVER sub=1 runs=[[t1 1 "
          "1 i2]] | x2");
    CHECK(world.sessions.counters().given == 2);
    slow.set_room(~size_t{0});
    CHECK(world.got(slow) ==
          "RECEIPT stored=[[1 1 i1 false]] refused=[], DELIVER sub=1 runs=[[t0 1 1 i1]] | x1");
}

TEST_CASE("RECEIVE is answered by what there is, or waits for it, or by nothing") {
    World world;
    StubPeer& peer = world.client();
    CHECK(world.ask(peer, receive(1, 5)) == "DELIVER ref=1 runs=[]");
    world.publish(peer, 1, {"x1", "x2", "x3"});
    world.toy.commit();
    (void)world.got(peer);
    CHECK(world.ask(peer, receive(2, 2)) == "DELIVER ref=2 runs=[[t0 2 1 i1]] | x1 x2");
    CHECK(world.ask(peer, receive(3, 5)) == "DELIVER ref=3 runs=[[t2 1 1 i3]] | x3");
    CHECK(world.ask(peer, receive(4, 5, 10'000)) == "");
    CHECK(world.ask(peer, receive(5, 5, 5'000)) == "");
    world.pass(5s);
    CHECK(world.got(peer) == "DELIVER ref=5 runs=[]");
    world.publish(peer, 4, {"x4"});
    world.toy.commit();
    CHECK(world.got(peer) ==
          "RECEIPT stored=[[4 1 i4 false]] refused=[], DELIVER ref=4 runs=[[t3 1 1 i4]] | x4");
    world.pass(10s);
    CHECK(world.got(peer) == "");
}

TEST_CASE("RECEIVEs that cannot be") {
    World world;
    StubPeer& peer = world.client();
    CHECK(world.ask(peer, receive(1, 0)) ==
          "REFUSED re=RECEIVE ref=1 code=out_of_range text=max fatal=false");
    CHECK(world.ask(peer, receive(1, 1001)) ==
          "REFUSED re=RECEIVE ref=1 code=out_of_range text=max fatal=false");
    CHECK(world.ask(peer, receive(1, 1, 300'001)) ==
          "REFUSED re=RECEIVE ref=1 code=out_of_range text=wait fatal=false");
    CHECK(world.ask(peer, receive(1, 1, 1000)) == "");
    CHECK(world.ask(peer, receive(1, 1, 1000)) ==
          "REFUSED re=RECEIVE ref=1 code=out_of_state text=a RECEIVE with this `ref` waits "
          "fatal=false");
    for (uint64_t ref = 2; ref <= protocol::kReceivesMax; ref++)
        CHECK(world.ask(peer, receive(ref, 1, 1000)) == "");
    CHECK(
        world.ask(peer, receive(100, 1, 1000)) ==
        "REFUSED re=RECEIVE ref=100 code=line_full text=as many RECEIVEs wait as may fatal=false");
}

// ---- reading topics ----

namespace {

Said read_topic(uint32_t sub, uint32_t credit, const std::string& topic = "a") {
    return Said("SUBSCRIBE").with("sub", sub).with("topic", topic).with("credit", credit);
}
Said done(uint32_t sub, uint32_t credit, uint64_t offset) {
    return Said("CREDIT").with("sub", sub).with("credit", credit).with("offset", offset);
}

}  // namespace

TEST_CASE("a reader of a topic has a place of its own") {
    World world;
    StubPeer &maker = world.client(), &early = world.client(), &late = world.client();
    world.publish(maker, 1, {"x0", "x1", "x2", "x3"});
    world.toy.commit();
    (void)world.got(maker);
    CHECK(world.ask(early, read_topic(1, 100).with("start", std::string("earliest"))) ==
          "SUBSCRIBED sub=1 offset=0, DELIVER sub=1 offset=0 count=1 | x0, DELIVER sub=1 offset=1 "
          "count=1 | x1, "
          "DELIVER sub=1 offset=2 count=1 | x2, DELIVER sub=1 offset=3 count=1 | x3");
    CHECK(world.ask(late, read_topic(1, 100)) == "SUBSCRIBED sub=1 offset=4");
    CHECK(world.ask(late, read_topic(2, 100).with("offset", 3)) ==
          "SUBSCRIBED sub=2 offset=3, DELIVER sub=2 offset=3 count=1 | x3");
    world.publish(maker, 5, {"x4"});
    world.toy.commit();
    CHECK(world.got(early) == "DELIVER sub=1 offset=4 count=1 | x4");
    CHECK(world.got(late) ==
          "DELIVER sub=1 offset=4 count=1 | x4, DELIVER sub=2 offset=4 count=1 | x4");
    CHECK(world.ask(late, Said("UNSUBSCRIBE").with("sub", 1)) == "UNSUBSCRIBED sub=1");
    world.publish(maker, 6, {"x5"});
    world.toy.commit();
    CHECK(world.got(late) == "DELIVER sub=2 offset=5 count=1 | x5");
    CHECK(world.sessions.counters().read == 10);
}

TEST_CASE("a reader goes so far ahead of what its client is done with") {
    World world;
    StubPeer& peer = world.client();
    world.ask(peer, read_topic(1, 2));
    world.publish(peer, 1, {"x0", "x1", "x2", "x3", "x4"});
    world.toy.commit();
    CHECK(world.got(peer) ==
          "RECEIPT stored=[[1 5 i1 false]] refused=[], DELIVER sub=1 offset=0 count=1 | x0, "
          "DELIVER sub=1 offset=1 "
          "count=1 | x1");
    CHECK(world.ask(peer, done(1, 2, 1)) == "DELIVER sub=1 offset=2 count=1 | x2");
    CHECK(world.ask(peer, done(1, 2, 0)) == "");
    CHECK(world.ask(peer, done(1, 3, 1)) == "DELIVER sub=1 offset=3 count=1 | x3");
    CHECK(world.ask(peer, done(1, 3, 5)) ==
          "REFUSED re=CREDIT sub=1 code=out_of_range text=offset fatal=false");
    CHECK(world.ask(peer, done(1, 0, 4)) == "");
    CHECK(world.ask(peer, done(1, 1, 4)) == "DELIVER sub=1 offset=4 count=1 | x4");
}

TEST_CASE("a reader waits for the disk, is told nothing of what is gone, and holds nobody up") {
    World world;
    StubPeer &peer = world.client(), &slow = world.client();
    world.publish(peer, 1, {"x0", "x1", "x2", "x3"});
    world.toy.commit();
    (void)world.got(peer);
    world.toy.floors[0] = 2;
    world.toy.loaded = false;
    CHECK(world.ask(peer, read_topic(1, 100).with("offset", 0)) == "SUBSCRIBED sub=1 offset=0");
    world.ask(slow, read_topic(1, 100).with("offset", 0));
    slow.set_room(0);
    world.toy.loaded = true;
    world.toy.load();
    CHECK(world.got(peer) ==
          "DELIVER sub=1 offset=2 count=1 | x2, DELIVER sub=1 offset=3 count=1 | x3");
    slow.set_room(~size_t{0});
    CHECK(world.got(slow) ==
          "DELIVER sub=1 offset=2 count=1 | x2, DELIVER sub=1 offset=3 count=1 | x3");
    slow.leave();
    world.publish(peer, 5, {"x4"});
    world.toy.commit();
    CHECK(world.got(peer) ==
          "RECEIPT stored=[[5 1 i5 false]] refused=[], DELIVER sub=1 offset=4 count=1 | x4");
}

TEST_CASE("readers that cannot be") {
    World world;
    StubPeer& peer = world.client();
    CHECK(world.ask(peer, read_topic(1, 1, "nowhere")) ==
          "REFUSED re=SUBSCRIBE sub=1 code=not_found text=no topic of this name fatal=false");
    CHECK(world.ask(peer, read_topic(1, 1).with("start", std::string("soon"))) ==
          "REFUSED re=SUBSCRIBE sub=1 code=out_of_range text=start fatal=false");
    CHECK(world.ask(peer, read_topic(1, 100'001)) ==
          "REFUSED re=SUBSCRIBE sub=1 code=out_of_range text=credit fatal=false");
    CHECK(world.ask(peer, read_topic(1, 1)) == "SUBSCRIBED sub=1 offset=0");
    CHECK(world.ask(peer, subscribe(1, 1)) ==
          "REFUSED re=SUBSCRIBE sub=1 code=out_of_state text=a subscription has this number "
          "fatal=false");
}

// ---- settling ----

TEST_CASE("each verdict is the engine's, and what is stale is counted and told") {
    World world;
    StubPeer& peer = world.client();
    world.subscribe(peer, 1, 10);
    world.publish(peer, 1, {"x0", "x1", "x2", "x3", "x4", "x5"});
    world.toy.commit();
    (void)world.got(peer);
    const LeaseToken first = world.token(0);
    world.ask(peer, world.settle("ack", first, 2));
    CHECK(world.settled() == "ack 0+2");
    world.ask(peer, world.settle("retry", first.behind(2))
                        .with("delay", 700)
                        .with("reason", std::string("why")));
    CHECK(world.settled() == "retry 2 700ms why");
    world.ask(peer, world.settle("retry", first.behind(3)));
    CHECK(world.settled() == "retry 3");
    CHECK(world.ask(peer, world.settle("release", first.behind(4))) ==
          "DELIVER sub=1 runs=[[t4' 1 1 i5]] | x4");  // it counts no attempt
    CHECK(world.settled() == "release 4");
    world.toy.its_group.tells_at_once = true;
    CHECK(world.ask(peer, world.settle("ack", first, 6).with("ref", 1)) ==
          "SETTLED ref=1 stale=[5]");
    CHECK(world.settled() == "stale ack 0+6");
    CHECK(world.sessions.counters().stale == 5);
    // What follows in no respect is a run of its own.
    world.publish(peer, 7, {"x6"});
    world.toy.its_group.due();
    world.toy.commit();
    CHECK(world.got(peer) ==
          "RECEIPT stored=[[7 1 i7 false]] refused=[], DELIVER sub=1 runs=[[t2' 2 2 i3] [t6 1 1 "
          "i7]] | x2 x3 x6");
    peer.say({world.settle("eat", first).packed()});
    CHECK(closed(peer, Refusal::kMalformed));
}

TEST_CASE("SETTLED is said when all of it is durable, of dead letters each") {
    World world;
    StubPeer& peer = world.client();
    world.subscribe(peer, 1, 10);
    world.publish(peer, 1, {"x0", "x1", "x2"});
    world.toy.commit();
    (void)world.got(peer);
    const LeaseToken first = world.token(0);
    CHECK(world.ask(
              peer,
              world.settle("reject", first, 3).with("ref", 4).with("reason", std::string("bad"))) ==
          "");
    CHECK(world.settled() == "reject 0 bad, reject 1 bad, reject 2 bad");
    world.toy.commit();
    CHECK(world.got(peer) == "SETTLED ref=4 stale=[0]");
    CHECK(world.ask(peer, world.settle("reject", first, 3).with("ref", 5)) ==
          "SETTLED ref=5 stale=[3]");
}

TEST_CASE("a settlement that the disk did not take is told as that") {
    World world;
    StubPeer& peer = world.client();
    world.subscribe(peer, 1, 10);
    world.publish(peer, 1, {"x0"});
    world.toy.commit();
    (void)world.got(peer);
    world.ask(peer, world.settle("ack", world.token(0)).with("ref", 4));
    world.toy.fail();
    CHECK(world.got(peer) == "SETTLED ref=4 stale=[0] code=store_failed text=the disk is gone");
}

TEST_CASE("settlements beyond what may be settle nothing") {
    World world;
    StubPeer& peer = world.client();
    const LeaseToken token{uint64_t{2} << 56, 0};
    CHECK(world.ask(peer, Said("SETTLE")
                              .with("group", std::string("h"))
                              .with("verdict", std::string("ack"))
                              .with("ref", 1)
                              .with("ranges", std::vector<TokenRange>{{token, 1}})) ==
          "REFUSED re=SETTLE ref=1 code=not_found text=no group of this name fatal=false");
    CHECK(world.ask(peer, world.settle("ack", token, UINT32_MAX)) ==
          "REFUSED re=SETTLE code=out_of_range text=ranges fatal=false");
    CHECK(world.ask(peer, world.settle("retry", token).with("delay", uint64_t{366} * 86'400'000)) ==
          "REFUSED re=SETTLE code=out_of_range text=delay fatal=false");
    CHECK(world.ask(peer, extend(2, {{token, 1}}).with("lease", 43'200'001)) ==
          "REFUSED re=EXTEND ref=2 code=out_of_range text=lease fatal=false");
    CHECK(world.ask(peer, extend(2, std::vector<TokenRange>(10'001, {token, 1}))) ==
          "REFUSED re=EXTEND ref=2 code=out_of_range text=ranges fatal=false");
    CHECK(world.settled() == "");
}

TEST_CASE("so many answers may wait for the disk; then the endpoint is held") {
    World world;
    StubPeer& peer = world.client();
    world.subscribe(peer, 1, protocol::kCreditMax);
    const std::vector<std::string> batch(protocol::kBatchMessagesMax, "x");
    world.publish(peer, 1, batch);
    world.publish(peer, 1 + batch.size(), {"y"});
    world.toy.commit();
    for (int i = 0; i < 50; i++)
        world.turn();
    const LeaseToken first = world.token(0);
    for (uint32_t i = 0; i < protocol::Session::kSettlesMax; i++)
        CHECK(peer.say({world.settle("ack", first.behind(i)).with("ref", i).packed()}) ==
              net::Take::kTaken);
    const Said last =
        world.settle("ack", first.behind(protocol::Session::kSettlesMax)).with("ref", 7);
    CHECK(peer.say({last.packed()}) == net::Take::kHold);
    CHECK(world.gate.held);
    world.toy.commit();
    CHECK_FALSE(world.gate.held);
    CHECK(peer.say({last.packed()}) == net::Take::kTaken);
}

TEST_CASE("EXTEND gives new tokens, by which all of it is settled") {
    World world;
    StubPeer& peer = world.client();
    world.subscribe(peer, 1, 3);
    world.publish(peer, 1, {"x0", "x1", "x2", "x3"});
    world.toy.commit();
    (void)world.got(peer);
    const LeaseToken first = world.token(0);
    world.ask(peer, world.settle("ack", first.behind(1)));
    (void)world.settled();
    CHECK(world.ask(peer, extend(5, {{first, 3}, {first.behind(100), 1}}).with("lease", 2000)) ==
          "SETTLED ref=5 stale=[1 1] tokens=[t0' nil]");
    CHECK(world.settled() == "stale extend 0+3 2000ms, stale extend 100 2000ms");
    world.toy.its_group.tells_at_once = true;
    CHECK(world.ask(peer, world.settle("ack", first, 3).with("ref", 6)) ==
          "SETTLED ref=6 stale=[3]");
    (void)world.settled();
    const LeaseToken renewed = world.token(0);
    CHECK(renewed.behind(2) == world.token(2));
    CHECK(world.ask(peer, world.settle("ack", renewed, 3).with("ref", 7)) ==
          "SETTLED ref=7 stale=[1]");
    CHECK(world.settled() == "stale ack 0+3");
    // What is settled by its new token makes room, too.
    world.publish(peer, 5, {"x4", "x5"});
    world.toy.commit();
    CHECK(world.got(peer) ==
          "RECEIPT stored=[[5 2 i5 false]] refused=[], DELIVER sub=1 runs=[[t4 2 1 i5]] | x4 x5");
}

// ---- losing a connection ----

TEST_CASE("without a name what was sent is lost at once, and what was not goes back") {
    World world;
    StubPeer& peer = world.client();
    world.subscribe(peer, 1, 1);
    world.publish(peer, 1, {"x0", "x1"});
    world.toy.commit();
    (void)world.got(peer);
    peer.set_room(0);
    peer.say({Said("CREDIT").with("sub", 1).with("credit", 2).packed()});
    world.turn();
    peer.leave();
    CHECK(world.settled() == "release 1, lost 0");
}

TEST_CASE("with a name it is kept for its return, and is under its tokens what it was") {
    World world;
    StubPeer& peer = world.client("taker");
    world.subscribe(peer, 1, 2);
    world.publish(peer, 1, {"x0", "x1"});
    world.toy.commit();
    (void)world.got(peer);
    const LeaseToken first = world.token(0);
    peer.leave();
    CHECK(world.settled() == "");
    CHECK(world.sessions.departed() == 1);
    StubPeer& back = world.client("taker", true);
    CHECK(world.welcome.find("resumed=2 held=[[g t0 2]]") != std::string::npos);
    world.ask(back, world.settle("ack", first));
    CHECK(world.settled() == "ack 0");
    world.pass(protocol::kResumeTime);
    CHECK(world.settled() == "");
    back.leave();
    world.pass(protocol::kResumeTime);
    CHECK(world.settled() == "lost 1");
}

TEST_CASE("a RECEIVE that is asked again, its answer was lost: the same messages, and tokens") {
    World world;
    StubPeer& peer = world.client("taker");
    world.publish(peer, 1, {"x0", "x1", "x2", "x3"});
    world.toy.commit();
    (void)world.got(peer);
    CHECK(world.ask(peer, receive(1, 2).with("attempt", 5)) ==
          "DELIVER ref=1 runs=[[t0 2 1 i1]] | x0 x1");
    CHECK(world.ask(peer, receive(2, 2).with("attempt", 5)) ==
          "DELIVER ref=2 runs=[[t0 2 1 i1]] | x0 x1");
    const LeaseToken first = world.token(0);
    peer.leave();
    StubPeer& back = world.client("taker", true);
    CHECK(world.welcome.find("resumed=2 held=[[g t0 2]]") != std::string::npos);
    CHECK(world.ask(back, receive(1, 10).with("attempt", 5)) ==
          "DELIVER ref=1 runs=[[t0 2 1 i1]] | x0 x1");
    // Another attempt is another one; and this one is over when all of it is settled.
    CHECK(world.ask(back, receive(2, 1).with("attempt", 6)) ==
          "DELIVER ref=2 runs=[[t2 1 1 i3]] | x2");
    world.ask(back, world.settle("ack", first));
    CHECK(world.ask(back, receive(3, 1).with("attempt", 5)) ==
          "DELIVER ref=3 runs=[[t1 1 1 i2]] | x1");
    world.ask(back, world.settle("ack", first.behind(1)));
    CHECK(world.ask(back, receive(4, 1).with("attempt", 5)) ==
          "DELIVER ref=4 runs=[[t3 1 1 i4]] | x3");
    CHECK(world.ask(back, receive(5, 1).with("attempt", 0)) ==
          "REFUSED re=RECEIVE ref=5 code=out_of_range text=attempt fatal=false");
    CHECK(world.settled() == "ack 0, ack 1");
    back.leave();
    world.pass(protocol::kResumeTime);
    CHECK(world.settled() == "lost 2, lost 3");
}

TEST_CASE(
    "what a RECEIVE asks for once more is answered beside others who wait for what is not there") {
    World world;
    StubPeer& peer = world.client("taker");
    world.publish(peer, 1, {"x0"});
    world.toy.commit();
    (void)world.got(peer);
    CHECK(world.ask(peer, receive(1, 2, 1000).with("attempt", 5)) ==
          "DELIVER ref=1 runs=[[t0 1 1 i1]] | x0");
    StubPeer& other = world.client();
    CHECK(world.ask(other, receive(1, 2, 1000).with("attempt", 5)) == "");
    CHECK(world.ask(peer, receive(2, 2, 1000).with("attempt", 5)) ==
          "DELIVER ref=2 runs=[[t0 1 1 i1]] | x0");
}

TEST_CASE("WELCOME lists what is held, and by its newest tokens") {
    World world;
    StubPeer& peer = world.client("taker");
    world.subscribe(peer, 1, 5);
    world.publish(peer, 1, {"x0", "x1", "x2", "x3"});
    world.toy.commit();
    (void)world.got(peer);
    const LeaseToken first = world.token(0);
    world.publish(peer, 5, {"x4"});
    world.toy.commit();
    (void)world.got(peer);
    // The client has never heard the answer.
    peer.say({extend(5, {{first.behind(1), 1}}).packed()});
    world.ask(peer, world.settle("ack", first.behind(2)));
    peer.leave();
    StubPeer& back = world.client("taker", true);
    CHECK(world.welcome.find("resumed=4 held=[[g t0 1] [g t3 2] [g t1' 1]]") != std::string::npos);
    (void)world.settled();
    world.ask(back, world.settle("release", first.behind(3), 2));
    world.ask(back, world.settle("ack", world.token(1)));
    CHECK(world.settled() == "release 3+2, ack 1");
    back.leave();
    world.client("taker", true);
    CHECK(world.welcome.find("resumed=1 held=[[g t0 1]]") != std::string::npos);
}

TEST_CASE("WELCOME lists so many ranges; `resumed` counts the rest too") {
    World world;
    StubPeer& maker = world.client();
    StubPeer& peer = world.client("taker");
    world.subscribe(peer, 1, protocol::kCreditMax);
    constexpr uint32_t kMessages = 2 * (protocol::kHeldRangesMax + 1);
    for (uint32_t seq = 1; seq <= kMessages; seq += 1000) {
        const uint32_t count = std::min<uint32_t>(1000, kMessages + 1 - seq);
        world.publish(maker, seq, std::vector<std::string>(count, "x"));
        world.toy.commit();
        (void)world.got(maker);
        (void)world.got(peer);
    }
    // Every other one: what is left does not follow each other.
    for (uint64_t offset = 1; offset < kMessages; offset += 2)
        peer.say({world.settle("ack", world.token(offset)).packed()});
    world.turn();
    peer.leave();
    world.client("taker", true);
    CHECK(world.welcome.find("resumed=10001 ") != std::string::npos);
    CHECK(world.welcome.find("[g t19998 1]]") != std::string::npos);
    CHECK(world.welcome.find("[g t20000 1]") == std::string::npos);
}

TEST_CASE("one that does not come back, or knows nothing of it, has lost it") {
    World world;
    StubPeer& peer = world.client("taker");
    world.subscribe(peer, 1, 1);
    world.publish(peer, 1, {"x0"});
    world.toy.commit();
    (void)world.got(peer);
    peer.leave();
    world.pass(protocol::kResumeTime - 1ms);
    CHECK(world.settled() == "");
    world.pass(1ms);
    CHECK(world.settled() == "lost 0");

    StubPeer& again = world.client("taker");
    world.subscribe(again, 1, 1);
    world.turn();
    again.leave();
    world.client("other", true);
    CHECK(world.settled() == "");
    world.client("taker");
    CHECK(world.welcome.find("resumed=0") != std::string::npos);
    CHECK(world.settled() == "lost 0");
}

TEST_CASE("of two of one name the newest has what the other one held") {
    World world;
    StubPeer& old = world.client("taker");
    world.subscribe(old, 1, 1);
    world.publish(old, 1, {"x0", "x1"});
    world.toy.commit();
    (void)world.got(old);
    StubPeer& young = world.client("taker", true);
    CHECK(world.welcome.find("resumed=1 held=[[g t0 1]] replaced=true") != std::string::npos);
    CHECK(world.got(old) ==
          "REFUSED re= code=replaced text=a newer connection of the same peer took its identity "
          "fatal=true");
    CHECK(closed(old, Refusal::kReplaced));
    old.leave();
    CHECK(world.settled() == "");
    world.ask(young, world.settle("ack", world.token(0)));
    CHECK(world.settled() == "ack 0");
    // Its name is the newest one's still.
    StubPeer& third = world.client("taker");
    CHECK(closed(young, Refusal::kReplaced));
    CHECK_FALSE(third.closed_as);
    // One whose connection had ended is not replaced.
    third.leave();
    world.client("taker", true);
    CHECK(world.welcome.find("replaced") == std::string::npos);
}

TEST_CASE(
    "so many clients are waited for; beyond it the one that went first has lost what it held") {
    World world;
    StubPeer& maker = world.client();
    for (size_t i = 0; i <= protocol::kDepartedMax; i++) {
        world.publish(maker, i + 1, {"x"});
        world.toy.commit();
        StubPeer& peer = world.client("taker-" + std::to_string(i));
        world.subscribe(peer, 1, 1);
        world.turn(2);
        (void)peer.received();
        peer.leave();
        if (i % 500 == 0) (void)maker.received();
    }
    CHECK(world.sessions.departed() == protocol::kDepartedMax);
    CHECK(world.settled() == "lost 0");
}

// ---- ends ----

TEST_CASE("BYE gives back what is held, and is answered when all outcomes are told") {
    World world;
    StubPeer& peer = world.client("taker");
    world.subscribe(peer, 1, 1);
    world.publish(peer, 1, {"x0", "x1"});
    world.toy.commit();
    (void)world.got(peer);
    world.publish(peer, 3, {"x2"});
    CHECK(world.ask(peer, Said("BYE")) == "");
    CHECK(world.settled() == "release 0");
    world.toy.commit();
    CHECK(world.got(peer) == "RECEIPT stored=[[3 1 i3 false]] refused=[], BYE");
    CHECK(world.ask(peer, Said("HEARTBEAT")) == "");
    world.pass(protocol::kHelloTime);
    CHECK(peer.closed_as.has_value());
    peer.leave();
    CHECK(world.sessions.departed() == 0);
}

TEST_CASE("the end of the bridge: clients are told, and may settle what they hold") {
    World world;
    StubPeer& peer = world.client();
    world.subscribe(peer, 1, 1);
    world.publish(peer, 1, {"x0", "x1"});
    world.toy.commit();
    (void)world.got(peer);
    peer.say({receive(5, 1, 10'000).packed()});
    (void)world.got(peer);
    world.sessions.drain();
    CHECK(world.got(peer) == "BYE code=shutting_down text=the bridge is ending");
    CHECK_FALSE(world.sessions.idle());
    world.publish(peer, 3, {"x2"});
    CHECK(world.got(peer) ==
          "RECEIPT stored=[] refused=[[3 1 shutting_down the bridge is ending]]");
    CHECK(world.ask(peer, subscribe(2, 1)) ==
          "REFUSED re=SUBSCRIBE sub=2 code=shutting_down text=the bridge is ending fatal=false");
    CHECK(world.ask(peer, receive(6, 1, 10'000)) == "DELIVER ref=6 runs=[]");
    world.ask(peer, world.settle("ack", world.token(0)));
    CHECK(world.ask(peer, Said("CREDIT").with("sub", 1).with("credit", 5)) == "");
    StubPeer& late = world.peer();
    CHECK(world.ask(late, hello()) ==
          "REFUSED re=HELLO code=shutting_down text=the bridge is ending fatal=true");
}

TEST_CASE("what is still held at the end of the drain goes back") {
    World world;
    StubPeer &peer = world.client(), &gone = world.client("gone");
    world.subscribe(peer, 1, 1);
    world.subscribe(gone, 1, 1);
    world.publish(peer, 1, {"x0", "x1"});
    world.toy.commit();
    world.turn();
    gone.leave();
    world.sessions.drain();
    world.sessions.release();
    CHECK(world.settled() == "release 0, release 1");
    CHECK(world.sessions.idle());
    CHECK_FALSE(world.sessions.holds());
}

// ---- heartbeats ----

TEST_CASE("heartbeats go both ways, and three that are missed end the connection") {
    World world;
    StubPeer& peer = world.peer();
    world.ask(peer, hello().with("heartbeat", 1000));
    world.pass(500ms);
    CHECK(world.got(peer) == "");  // WELCOME was something
    world.pass(500ms);
    CHECK(world.got(peer) == "HEARTBEAT");
    for (int i = 0; i < 10; i++) {
        world.ask(peer, Said("HEARTBEAT"));
        world.pass(1s);
    }
    CHECK_FALSE(peer.closed_as);
    for (int i = 0; i < 5; i++)
        world.pass(500ms);
    CHECK_FALSE(peer.closed_as);
    world.pass(500ms);
    world.pass(500ms);
    CHECK(closed(peer, Refusal::kHeartbeat));
}

TEST_CASE("one that we do not read is not taken for silent") {
    World world;
    StubPeer& peer = world.peer();
    world.ask(peer, hello().with("heartbeat", 1000));
    world.toy.room = false;
    CHECK(world.publish(peer, 1, {"x"}) == net::Take::kHold);
    for (int i = 0; i < 20; i++)
        world.pass(500ms);
    CHECK_FALSE(peer.closed_as);
}
