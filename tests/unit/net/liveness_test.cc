#include "bridge/net/liveness.h"

#include <doctest/doctest.h>

using namespace zbridge;
using namespace std::chrono_literals;
using net::Liveness;

namespace {

struct Peer {
    explicit Peer(bool speaks_3_1 = true, Duration heartbeat = {}, Duration user_timeout = {}) {
        options.heartbeat = heartbeat;
        options.user_timeout = user_timeout;
        liveness.open(now, speaks_3_1);
    }
    void pass(Duration time) { now += time; }
    bool is_dead() const { return liveness.is_dead(now); }

    Instant now = Instant{} + 1h;
    net::EndpointOptions options;
    Liveness liveness{options};
};

}  // namespace

TEST_CASE("who promises nothing and is not asked is never dead, and nothing is due") {
    Peer peer;
    peer.pass(100h);
    CHECK_FALSE(peer.is_dead());
    CHECK_FALSE(peer.liveness.next_check(peer.now).has_value());
    CHECK_FALSE(peer.liveness.take_ping_turn(peer.now));
    CHECK_FALSE(peer.liveness.take_machine_check(peer.now));
}

TEST_CASE("a PING's promise ends with its time, or with a later PING's") {
    Peer peer;
    peer.liveness.heard_ping(peer.now, 5);
    CHECK(peer.liveness.next_check(peer.now) == peer.now + 500ms);
    peer.pass(499ms);
    CHECK_FALSE(peer.is_dead());
    peer.pass(1ms);
    CHECK(peer.is_dead());
    peer.liveness.excuse(peer.now);
    CHECK_FALSE(peer.is_dead());
    peer.liveness.heard_ping(peer.now, 0);
    peer.pass(100h);
    CHECK_FALSE(peer.is_dead());
}

TEST_CASE("our heartbeat: a PING each interval, and dead after three silent ones") {
    Peer peer(true, 1s);
    CHECK(peer.liveness.next_check(peer.now) == peer.now + 1s);
    for (int i = 0; i < 2; i++) {
        peer.pass(1s);
        CHECK(peer.liveness.take_ping_turn(peer.now));
        CHECK_FALSE(peer.liveness.take_ping_turn(peer.now));
        CHECK_FALSE(peer.is_dead());
    }
    peer.pass(1s);
    CHECK(peer.is_dead());
    Peer old(false, 1s);
    old.pass(100s);
    CHECK_FALSE(old.liveness.take_ping_turn(old.now));
    CHECK_FALSE(old.is_dead());
}

TEST_CASE("the interval of a peer's PINGs is the shortest that was seen") {
    Peer peer;
    peer.pass(400ms);
    peer.liveness.heard_ping(peer.now, 0);
    CHECK(peer.liveness.ping_interval() == 400ms);
    peer.pass(300ms);
    peer.liveness.heard_ping(peer.now, 0);
    CHECK(peer.liveness.ping_interval() == 300ms);
    peer.pass(1s);
    peer.liveness.heard_ping(peer.now, 0);
    CHECK(peer.liveness.ping_interval() == 300ms);
    peer.pass(1ms);  // this one had waited in the wire: no interval is that short
    peer.liveness.heard_ping(peer.now, 0);
    CHECK(peer.liveness.ping_interval() == 300ms);
    peer.liveness.pause();  // of one that waited for us, nothing is known
    peer.pass(10s);
    peer.liveness.heard_ping(peer.now, 0);
    CHECK(peer.liveness.ping_interval() == Liveness::kIntervalGuess);
}

TEST_CASE("a peer that pings is reassured each half of its interval, one that never did is not") {
    Peer peer;
    peer.pass(1h);
    CHECK_FALSE(peer.liveness.take_reassurance(peer.now));
    Peer pinging;
    pinging.pass(200ms);
    pinging.liveness.heard_ping(pinging.now, 0);
    CHECK(pinging.liveness.take_reassurance(pinging.now));
    pinging.pass(99ms);
    CHECK_FALSE(pinging.liveness.take_reassurance(pinging.now));
    pinging.pass(1ms);
    CHECK(pinging.liveness.take_reassurance(pinging.now));
}

TEST_CASE("the other machine is looked after once each user timeout") {
    Peer peer(false, {}, 30s);
    CHECK(peer.liveness.next_check(peer.now) == peer.now + 30s);
    peer.pass(30s);
    CHECK(peer.liveness.next_check(peer.now) == peer.now + Liveness::kIntervalMin);
    CHECK(peer.liveness.take_machine_check(peer.now));
    CHECK_FALSE(peer.liveness.take_machine_check(peer.now));
    CHECK(peer.liveness.next_check(peer.now) == peer.now + 30s);
}
