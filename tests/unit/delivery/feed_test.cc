#include "bridge/delivery/feed.h"

#include <doctest/doctest.h>

#include "tests/unit/support/memory_engine.h"
#include "tests/unit/support/stub_peer.h"

using namespace zbridge;
using namespace zbridge::testing;
using delivery::Feed;
using delivery::Newest;
using enum zbridge::SocketType;

namespace {

struct World {
    World()
        : memory(64 << 20),
          reactor(net, clock, memory),
          toy(memory, services),
          feed("out", toy.engine(), reactor) {
        reactor.at_turn_end([this] { feed.on_turn_end(); });
    }
    StubPeer& sub(const std::vector<std::string>& prefixes) {
        peers.push_back(std::make_unique<StubPeer>(reactor, feed, peers.size() + 1, kSub));
        StubPeer& sub = *peers.back();
        sub.open();
        for (const std::string& prefix : prefixes)
            sub.subscribe(prefix);
        return sub;
    }
    void publish(const std::string& text, const std::string& topic = "a") {
        const Message message = make_message(memory, {text});
        const plugin::Publication publication{toy.topic(topic), &message, nullptr};
        REQUIRE_FALSE(toy.engine().publish({&publication, 1}).why);
    }
    void publish_and_commit(const std::string& text, const std::string& topic = "a") {
        publish(text, topic);
        toy.commit();
    }
    // All that it has by now: "x1 y2".
    std::string got(StubPeer& sub) {
        std::string all;
        for (bool more = true; more;) {
            for (int i = 0; i < 6; i++)  // a piece of the topic a turn, and then it is written
                reactor.turn(false);
            const auto received = sub.received();
            more = !received.empty();
            for (const Frames& frames : received)
                all += (all.empty() ? "" : " ") + frames[0];
        }
        return all;
    }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    plugin::Services services{&clock, nullptr, &reactor.timers(), {}};
    MemoryEngine toy;
    Feed feed;
    std::vector<std::unique_ptr<StubPeer>> peers;  // gone before the feed
};

}  // namespace

TEST_CASE("what is published is given when it is committed, not before") {
    World world;
    world.feed.add(world.toy.topic("a"), {});
    StubPeer& sub = world.sub({""});
    world.publish("x1");
    CHECK(world.got(sub) == "");
    world.toy.commit();
    CHECK(world.got(sub) == "x1");
}

TEST_CASE("a SUB gets what has its prefixes, each message once") {
    World world;
    world.feed.add(world.toy.topic("a"), {});
    StubPeer& sub = world.sub({"x", "xy"});
    StubPeer& all = world.sub({"", "x"});
    for (const char* text : {"x1", "y1", "xy1"})
        world.publish_and_commit(text);
    CHECK(world.got(sub) == "x1 xy1");
    CHECK(world.got(all) == "x1 y1 xy1");
    sub.cancel("x");
    for (const char* text : {"x2", "xy2"})
        world.publish_and_commit(text);
    CHECK(world.got(sub) == "xy2");
}

TEST_CASE("a SUB without a subscription gets nothing, and begins where it first subscribes") {
    World world;
    world.feed.add(world.toy.topic("a"), {});
    StubPeer& sub = world.sub({});
    world.publish_and_commit("x1");
    CHECK(world.got(sub) == "");
    sub.subscribe("x");
    world.publish_and_commit("x2");
    CHECK(world.got(sub) == "x2");
}

TEST_CASE("start: latest begins at the head, earliest with the oldest that is kept") {
    World world;
    world.feed.add(world.toy.topic("a"), {ZB_START_EARLIEST, 0});
    for (const char* text : {"x1", "y2", "x3", "x4", "x5"})
        world.publish_and_commit(text);
    world.toy.floors[0] = 1;
    StubPeer& sub = world.sub({"x"});
    CHECK(world.got(sub) == "x3 x4 x5");
    world.publish_and_commit("x6");
    CHECK(world.got(sub) == "x6");
    CHECK(world.feed.counters().lost_to_retention == 0);
}

TEST_CASE("a slow SUB lags without a gap, and stops nobody") {
    World world;
    world.feed.add(world.toy.topic("a"), {});
    StubPeer& slow = world.sub({""});
    StubPeer& picky = world.sub({"x"});
    StubPeer& fast = world.sub({""});
    for (StubPeer* each : {&slow, &picky}) {
        each->limit(1 << 20, 2);
        each->set_room(0);
    }
    std::string all;
    for (int i = 0; i < 20; i++) {
        const std::string text = "x" + std::to_string(i);
        all += (all.empty() ? "" : " ") + text;
        world.publish_and_commit(text);
    }
    CHECK(world.got(fast) == all);
    CHECK(world.feed.lagging() == 2);
    CHECK(world.feed.lag() > 10);
    CHECK(world.feed.counters().fell_behind == 2);
    CHECK(slow.outbox().messages() <= 2);
    for (StubPeer* each : {&slow, &picky}) {
        each->set_room(1 << 20);
        CHECK(world.got(*each) == all);
    }
    CHECK(world.feed.lagging() == 0);
    world.publish_and_commit("x20");
    CHECK(world.got(slow) == "x20");
    CHECK(world.got(picky) == "x20");
}

TEST_CASE("one that lags waits for the disk, and goes on when it has been read") {
    World world;
    world.feed.add(world.toy.topic("a"), {ZB_START_EARLIEST, 0});
    world.publish_and_commit("x1");
    world.toy.loaded = false;
    StubPeer& sub = world.sub({""});
    CHECK(world.got(sub) == "");
    world.publish_and_commit("x2");
    CHECK(world.got(sub) == "");
    world.toy.load();
    CHECK(world.got(sub) == "x1 x2");
}

TEST_CASE("what retention takes from one that lags is counted, and it goes on behind it") {
    World world;
    world.feed.add(world.toy.topic("a"), {});
    StubPeer& sub = world.sub({""});
    sub.limit(1 << 20, 1);
    sub.set_room(0);
    for (int i = 0; i < 10; i++)
        world.publish_and_commit("x" + std::to_string(i));
    world.toy.floors[0] = 8;
    sub.set_room(1 << 20);
    CHECK(world.got(sub) == "x0 x8 x9");
    CHECK(world.feed.counters().lost_to_retention == 7);
}

TEST_CASE("one that lags has everything when the rest was purged, or cannot be read") {
    World world;
    world.feed.add(world.toy.topic("a"), {});
    StubPeer& sub = world.sub({""});
    sub.limit(1 << 20, 1);
    sub.set_room(0);
    for (int i = 0; i < 4; i++)
        world.publish_and_commit("x" + std::to_string(i));
    world.toy.floors[0] = 3;
    world.toy.damaged_from[0] = 3;
    sub.set_room(1 << 20);
    CHECK(world.got(sub) == "x0");
    CHECK(world.feed.lagging() == 0);
    CHECK(world.feed.counters().lost_to_retention == 2);
    CHECK(world.feed.counters().missing == 1);
    world.toy.damaged_from.clear();
    world.publish_and_commit("x4");
    CHECK(world.got(sub) == "x4");
}

TEST_CASE("memory that is pressed makes a slow SUB lag, whatever its own limits allow") {
    World world;
    world.feed.add(world.toy.topic("a"), {});
    StubPeer& sub = world.sub({""});
    sub.set_room(0);
    world.publish_and_commit("x1");
    world.reactor.turn(false);
    ChunkRef hog = world.memory.allocate(world.memory.limit() / 8 * 7);
    hog->commit(hog->free_space());
    world.publish_and_commit("x2");
    CHECK(sub.outbox().messages() == 1);
    hog = {};
    sub.set_room(1 << 20);
    CHECK(world.got(sub) == "x1 x2");
}

TEST_CASE("one endpoint reads two topics, each from its own cursor") {
    World world;
    world.feed.add(world.toy.topic("a"), {ZB_START_EARLIEST, 0});
    world.feed.add(world.toy.topic("b"), {});
    world.publish_and_commit("a1", "a");
    world.publish_and_commit("b1", "b");
    StubPeer& sub = world.sub({""});
    CHECK(world.got(sub) == "a1");
    world.publish_and_commit("b2", "b");
    CHECK(world.got(sub) == "b2");
}

TEST_CASE("a SUB that goes while it lags leaves nothing behind") {
    World world;
    world.feed.add(world.toy.topic("a"), {ZB_START_EARLIEST, 0});
    world.publish_and_commit("x1");
    world.toy.loaded = false;
    StubPeer& sub = world.sub({""});
    CHECK(world.got(sub) == "");
    sub.leave();
    CHECK(world.feed.subs() == 0);
    world.toy.load();
    world.reactor.turn(false);
    CHECK(world.feed.subscriptions().prefixes() == 0);
}

TEST_CASE("start: last begins with the newest message of each first frame of a prefix") {
    World world;
    for (const char* text : {"x1", "y", "x2", "x1", "z"})
        world.publish_and_commit(text);
    world.feed.add(world.toy.topic("a"), {ZB_START_LATEST, 0, true});
    StubPeer& sub = world.sub({"x"});
    CHECK(world.got(sub) == "x2 x1");
    world.publish_and_commit("x3");
    CHECK(world.got(sub) == "x3");
    sub.subscribe("z");
    CHECK(world.got(sub) == "z");
    StubPeer& late = world.sub({""});
    CHECK(world.got(late) == "y x2 x1 z x3");
    world.publish_and_commit("y");
    CHECK(world.got(late) == "y");
}

TEST_CASE("start: last: what comes while the newest ones are read waits behind them") {
    World world;
    for (const char* text : {"x1", "x2"})
        world.publish_and_commit(text);
    world.toy.loaded = false;
    world.feed.add(world.toy.topic("a"), {ZB_START_LATEST, 0, true});
    StubPeer& sub = world.sub({"x"});
    CHECK(world.got(sub) == "");
    world.publish_and_commit("x2");
    world.publish_and_commit("x9");
    CHECK(world.got(sub) == "");
    world.toy.load();
    CHECK(world.got(sub) == "x1 x2 x9");
}

TEST_CASE(
    "start: last: a prefix that is cancelled before its newest ones are read begins nothing") {
    World world;
    for (const char* text : {"x1", "y1"})
        world.publish_and_commit(text);
    world.toy.loaded = false;
    world.feed.add(world.toy.topic("a"), {ZB_START_LATEST, 0, true});
    StubPeer& sub = world.sub({"y"});
    for (int i = 0; i < 1000; i++) {
        sub.subscribe("x");
        sub.cancel("x");
    }
    world.toy.load();
    CHECK(world.got(sub) == "y1");
}

TEST_CASE("start: last: many newest messages are given a piece a turn") {
    World world;
    const std::string pad(200, '.');
    constexpr int kMessages = 2 * Feed::kPumpBytes / 200;
    for (int i = 0; i < kMessages; i++)
        world.publish_and_commit(std::to_string(i) + pad);
    world.feed.add(world.toy.topic("a"), {ZB_START_LATEST, 0, true});
    StubPeer& sub = world.sub({""});
    size_t got = 0;
    for (int turn = 0; turn < 2 * kMessages; turn++) {  // it reads the topic first
        const uint64_t before = world.feed.counters().to_subs;
        world.reactor.turn(false);
        CHECK((world.feed.counters().to_subs - before) * 200 < Feed::kPumpBytes + 400);
        got += sub.received().size();
    }
    CHECK(got == kMessages);
}

TEST_CASE("of more first frames than may be remembered the further ones are counted") {
    Newest newest;
    for (size_t i = 0; i < Newest::kFramesMax; i++)
        newest.add(std::to_string(i), i);
    newest.add("one more", Newest::kFramesMax);
    newest.add("0", Newest::kFramesMax + 1);
    CHECK(newest.frames() == Newest::kFramesMax);
    CHECK(newest.not_remembered() == 1);
    CHECK(newest.of("one more", ~uint64_t{0}).empty());
    CHECK(newest.of("0", ~uint64_t{0}) == std::vector<uint64_t>{Newest::kFramesMax + 1});
    CHECK(newest.of("0", 1).empty());
    newest.add(std::string(Newest::kFrameBytesMax + 1, 'x'), 1);
    CHECK(newest.not_remembered() == 2);
}
