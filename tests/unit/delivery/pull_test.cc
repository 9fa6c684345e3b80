#include "bridge/delivery/pull.h"

#include <doctest/doctest.h>

#include "tests/unit/delivery/consumers_world.h"
#include "tests/unit/support/watcher.h"

using namespace zbridge;
using namespace zbridge::testing;
using delivery::Pull;
using enum zbridge::SocketType;

namespace {

using World = ConsumersWorld;

// "1 2 ... n", with names of one size.
std::string numbers(int first, int last) {
    std::string all;
    for (int i = first; i <= last; i++)
        all += (all.empty() ? "" : " ") + std::to_string(1000 + i);
    return all;
}

}  // namespace

TEST_CASE("what was written to a PULL is acked, in ranges") {
    World world;
    StubPeer& pull = world.peer(kPull);
    world.publish(numbers(1, 5));
    CHECK(world.got(pull) == numbers(1, 5));
    CHECK(world.settled() == "ack 0+5");
    CHECK(world.consumers.in_flight() == 0);
}

TEST_CASE("two PULLs share a group, a quantum each in turn") {
    World world;
    StubPeer& one = world.peer(kPull);
    StubPeer& two = world.peer(kPull);
    world.publish(numbers(1, 3 * static_cast<int>(Pull::kQuantumMessages)));
    CHECK(one.receives() == 0);
    world.turn();
    CHECK(one.receives() == 2 * Pull::kQuantumMessages);
    CHECK(two.receives() == Pull::kQuantumMessages);
    CHECK(world.toy.its_group.most_messages == Pull::kQuantumMessages);
    world.publish("x");
    CHECK(world.got(two) == "x");  // whose turn it is
}

TEST_CASE("a PULL that takes nothing gets nothing, and another has it all") {
    World world;
    StubPeer& stalled = world.peer(kPull);
    stalled.set_room(0);
    world.publish("x1");
    world.turn();
    CHECK(world.consumers.in_flight() == 1);
    StubPeer& quick = world.peer(kPull);
    world.publish("x2 x3");
    CHECK(world.got(quick) == "x2 x3");
    CHECK(world.settled() == "ack 1+2");
    stalled.set_room(~size_t{0});
    CHECK(world.got(stalled) == "x1");
    CHECK(world.settled() == "ack 0");
}

TEST_CASE("of a lost PULL what was written is acked, the rest released, the cut one too") {
    World world;
    StubPeer& pull = world.peer(kPull);
    pull.set_room(6 + 6 + 3);  // two messages and a half
    world.publish(numbers(1, 4));
    world.turn();
    CHECK(world.settled() == "");  // nothing is known to be whole until the run is written
    pull.leave();
    CHECK(world.settled() == "ack 0+2, release 2+2");
    CHECK(pull.counters().messages_out == 2);
    StubPeer& next = world.peer(kPull);
    CHECK(world.got(next) == numbers(3, 4));
    CHECK(world.counters().acked == 4);
    CHECK(world.counters().released == 2);
    CHECK(world.counters().lost == 0);
}

TEST_CASE("a turn gives kTurnMessages at most, the next ones the rest") {
    World world;
    StubPeer& pull = world.peer(kPull);
    const int count = static_cast<int>(delivery::Consumers::kTurnMessages) + 100;
    world.publish(numbers(1, count));
    world.reactor.turn(false);
    CHECK(pull.receives() == delivery::Consumers::kTurnMessages);
    world.reactor.turn(false);
    CHECK(pull.receives() == 100);
}

TEST_CASE("a turn gives about kTurnBytes at most") {
    World world;
    StubPeer& pull = world.peer(kPull);
    for (int i = 0; i < 6; i++)
        world.publish(std::string(1 << 20, 'x'));
    world.reactor.turn(false);
    CHECK(pull.receives() == delivery::Consumers::kTurnBytes >> 20);
    world.reactor.turn(false);
    CHECK(pull.receives() == 2);
}

TEST_CASE("a PULL that says something is disconnected") {
    World world;
    StubPeer& pull = world.peer(kPull);
    pull.say({"hello"});
    CHECK(pull.closed_as == Refusal::kMalformed);
}

TEST_CASE("compaction moves what waits for a PULL, and nothing else changes") {
    World world;
    StubPeer& pull = world.peer(kPull);
    pull.set_room(0);
    world.publish(numbers(1, 3));
    world.turn();
    world.consumers.compact();
    pull.set_room(~size_t{0});
    CHECK(world.got(pull) == numbers(1, 3));
    CHECK(world.settled() == "ack 0+3");
}

TEST_CASE("a drained endpoint gives nothing more; what a PULL was not written goes back") {
    World world;
    StubPeer& pull = world.peer(kPull);
    pull.set_room(0);
    world.publish("x1");
    world.turn();
    world.consumers.drain();
    world.publish("x2");
    world.turn();
    CHECK(world.consumers.in_flight() == 1);
    CHECK_FALSE(world.consumers.idle());
    CHECK_FALSE(world.consumers.holds_worker());
    world.consumers.release();
    CHECK(world.settled() == "release 0");
    CHECK(world.consumers.idle());
}

TEST_CASE("who watches a group is shown what its consumers are given") {
    World world;
    Watcher watcher;
    world.toy.engine().watch(world.toy.group(), &watcher);
    StubPeer& pull = world.peer(kPull);
    world.publish("x1 x2");
    CHECK(world.got(pull) == "x1 x2");
    CHECK(watcher.seen ==
          Seen{"given peer 1 offset 0 attempt 1: x1", "given peer 1 offset 1 attempt 1: x2"});
    world.toy.engine().watch(world.toy.group(), nullptr);
    world.publish("x3");
    CHECK(world.got(pull) == "x3");
    CHECK(watcher.seen.size() == 2);
}
