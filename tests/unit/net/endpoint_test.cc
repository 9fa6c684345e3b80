#include "bridge/net/endpoint.h"

#include <doctest/doctest.h>

#include "bridge/base/random.h"
#include "tests/unit/support/endpoint_rig.h"

using namespace zbridge;
using namespace zbridge::testing;
using namespace std::chrono_literals;
using namespace std::string_literals;
using zmtp::frame;

TEST_CASE("a peer is open once its handshake is done, and known as what it said") {
    EndpointRig rig;
    rig.open("DEALER", "me", 1, "tcp://10.0.0.7:41234", "alice");
    REQUIRE(rig.recorder.opened.size() == 1);
    const net::PeerInfo& info = rig.last().info();
    CHECK(info.type == SocketType::kDealer);
    CHECK(info.identity == "me");
    CHECK(info.address == "tcp://10.0.0.7:41234");
    CHECK(info.user == "alice");
    CHECK(info.endpoint == EndpointId(1));
    CHECK(rig.connections.now == 1);
}

TEST_CASE("a peer that goes in the middle of its handshake was never there") {
    EndpointRig rig;
    const net::Socket socket = rig.connect();
    rig.send(socket, zmtp::greeting());
    rig.net.end(socket);
    rig.turns();
    CHECK(rig.net.closed(socket));
    CHECK(rig.recorder.opened.empty());
    CHECK(rig.recorder.closed.empty());
    CHECK(rig.connections.now == 0);
}

TEST_CASE("a handshake has its time, and no more") {
    EndpointRig rig;
    const net::Socket silent = rig.connect();
    const net::Socket slow = rig.connect();
    rig.open("PUSH");
    for (int i = 0; i < 49; i++) {
        rig.send(slow, zmtp::greeting().substr(static_cast<size_t>(i), 1));
        rig.pass(100ms, 100ms);
    }
    CHECK_FALSE(rig.net.closed(silent));
    rig.pass(200ms, 100ms);
    CHECK(rig.net.closed(silent));
    CHECK(rig.net.closed(slow));
    CHECK(rig.refusals(Refusal::kHandshakeTimeout) == 2);
    CHECK(rig.recorder.refused == std::vector<Refusal>(2, Refusal::kHandshakeTimeout));
    CHECK(rig.endpoint->peers().size() == 1);
    rig.pass(20s, 1s);
    CHECK(rig.endpoint->peers().size() == 1);
}

TEST_CASE("what comes with the handshake's last byte is heard") {
    EndpointRig rig;
    const net::Socket socket = rig.connect();
    rig.send(socket, zmtp::greeting() + zmtp::ready("PUSH") + zmtp::message({"a", "b"}));
    CHECK(rig.recorder.messages == std::vector<Frames>{{"a", "b"}});
}

TEST_CASE("a refused peer gets the ERROR, is counted, and its connection ends") {
    EndpointRig rig;
    const net::Socket socket = rig.connect();
    rig.send(socket, zmtp::greeting() + zmtp::ready("PAIR"));
    CHECK(rig.net.closed(socket));
    CHECK(rig.net.receive(socket).find("\5ERROR") != std::string::npos);
    CHECK(rig.refusals(Refusal::kWrongType) == 1);
    CHECK(rig.recorder.refused == std::vector<Refusal>{Refusal::kWrongType});
    CHECK(rig.connections.now == 0);
}

TEST_CASE("too many peers, at the endpoint or in the bridge, are closed unheard and counted") {
    net::EndpointOptions options;
    options.limits.peers_max = 3;
    EndpointRig rig(options);
    rig.connect();
    rig.open("PUSH");
    const net::Socket third = rig.open("PUSH");
    CHECK(rig.net.closed(rig.connect()));
    CHECK(rig.refusals(Refusal::kTooManyPeers) == 1);
    rig.net.end(third);
    rig.turns();
    CHECK_FALSE(rig.net.closed(rig.connect()));
    rig.connections.max = 3;
    rig.net.end(3 + 1);  // the first
    rig.turns();
    const net::Socket last = rig.connect();
    CHECK(rig.net.closed(last) == (rig.connections.now >= 3));
}

TEST_CASE("an endpoint with places of its own is there when all others are taken") {
    EndpointRig rig({}, 64 << 20, /*reserved=*/true);
    rig.connections.max = 1;
    rig.connections.now = 1;
    const net::Socket caller = rig.open("REQ");
    CHECK_FALSE(rig.net.closed(caller));
    CHECK(rig.connections.now == 1);
    rig.net.end(caller);
    rig.turns();
    CHECK(rig.connections.now == 1);
}

TEST_CASE("who waits while accept() fails is accepted when it works again") {
    EndpointRig rig;
    rig.net.fail_accepts(3);
    rig.net.connect(rig.listener);
    rig.net.connect(rig.listener);
    rig.turns();
    CHECK(rig.connections.now == 0);
    CHECK(rig.recorder.troubles.size() == 1);
    rig.pass(1s, 50ms);
    CHECK(rig.connections.now == 2);
    CHECK(rig.recorder.troubles.size() == 3);
}

TEST_CASE(
    "a connection that the system cannot watch is closed and counted, later ones are served") {
    EndpointRig rig;
    rig.net.fail_watches(1);
    const net::Socket unwatched = rig.connect();
    CHECK(rig.net.closed(unwatched));
    CHECK(rig.recorder.troubles.size() == 1);
    CHECK(rig.refusals(Refusal::kTooManyPeers) == 1);
    CHECK(rig.connections.now == 0);
    rig.open("PUSH");
    CHECK(rig.endpoint->peers().size() == 1);
}

TEST_CASE("an address whose listener the system cannot watch is not bound, and says so") {
    EndpointRig rig;
    rig.net.fail_watches(1);
    const Status status = rig.endpoint->bind({});
    CHECK(status.message().find("endpoint in: binding") != std::string::npos);
    CHECK(status.message().find("watching a socket") != std::string::npos);
    CHECK(rig.endpoint->bound().size() == 1);
    CHECK(rig.net.closed(rig.listener + 1));
}

TEST_CASE("more connections at once than one turn accepts are all accepted") {
    EndpointRig rig;
    for (int i = 0; i < 500; i++)
        rig.net.connect(rig.listener);
    rig.turns();
    CHECK(rig.connections.now == 500);
}

TEST_CASE("of two with one identity the newer stays, if it is the same user at the same host") {
    EndpointRig rig;
    const net::Socket old = rig.open("REQ", "me", 1, "tcp://10.0.0.7:1111");
    const net::Socket newer = rig.open("REQ", "me", 1, "tcp://10.0.0.7:2222");
    CHECK(rig.net.closed(old));
    CHECK_FALSE(rig.net.closed(newer));
    CHECK(rig.endpoint->peers().size() == 1);
    CHECK(rig.refusals(Refusal::kReplaced) == 1);
    // And again: the identity is the newer one's now.
    CHECK_FALSE(rig.net.closed(rig.open("REQ", "me", 1, "tcp://10.0.0.7:3333")));
    CHECK(rig.net.closed(newer));
}

TEST_CASE("of two with one identity the newer is refused, if it is another host or user") {
    for (const bool same_host : {true, false}) {
        EndpointRig rig;
        const net::Socket old =
            rig.open("DEALER", "me", 1, "tcp://10.0.0.7:1111", same_host ? "alice" : "");
        const net::Socket thief =
            rig.open("DEALER", "me", 1, same_host ? "tcp://10.0.0.7:2222" : "tcp://10.0.0.70:1111",
                     same_host ? "mallory" : "");
        CHECK(rig.net.closed(thief));
        CHECK_FALSE(rig.net.closed(old));
        CHECK(rig.refusals(Refusal::kIdentityTaken) == 1);
    }
}

TEST_CASE(
    "whom only a doorkeeper names is not authenticated: it takes no identity from elsewhere") {
    class Namer final : public net::Doorkeeper {
        std::string why_not(const net::Introduction&, std::string& user) override {
            user = "alice";
            return {};
        }
    } namer;
    EndpointRig rig({}, 64 << 20, false, &namer);
    const net::Socket old = rig.open("DEALER", "me", 1, "tcp://10.0.0.7:1111");
    const net::Socket thief = rig.open("DEALER", "me", 1, "tcp://10.0.0.70:1111");
    CHECK(rig.net.closed(thief));
    CHECK_FALSE(rig.net.closed(old));
    CHECK(rig.refusals(Refusal::kIdentityTaken) == 1);
    (void)rig.open("DEALER", "me", 1, "tcp://10.0.0.7:2222");
    CHECK(rig.net.closed(old));
}

TEST_CASE("an identity is free again when its peer has gone") {
    EndpointRig rig;
    rig.net.end(rig.open("DEALER", "me", 1, "tcp://10.0.0.7:1111"));
    rig.turns();
    CHECK_FALSE(rig.net.closed(rig.open("DEALER", "me", 1, "tcp://10.0.0.99:1111")));
}

TEST_CASE("PUSHes and SUBs that share an identity are all kept: nobody addresses them") {
    EndpointRig rig;
    for (const char* type : {"PUSH", "PUSH", "SUB", "SUB", "PUB", "PULL", "REP"})
        rig.open(type, "worker");
    CHECK(rig.endpoint->peers().size() == 7);
    CHECK(rig.refusals(Refusal::kReplaced) == 0);
}

TEST_CASE(
    "while an endpoint is held nothing is read and nothing lost, and then it goes on in order") {
    EndpointRig rig;
    const net::Socket a = rig.open("PUSH");
    const net::Socket b = rig.open("PUSH");
    rig.recorder.holds = rig.endpoint.get();
    rig.send(a, frame("1") + frame("2"));
    rig.send(a, frame("3"));
    rig.send(b, frame("4"));
    CHECK(rig.recorder.messages.empty());
    CHECK(rig.net.unread(b) > 0);
    const net::Socket late = rig.open("PUSH");  // handshakes go on
    CHECK(rig.endpoint->peers().size() == 3);
    rig.net.end(a);
    rig.turns();
    CHECK_FALSE(rig.net.closed(a));  // what it sent is still to be read
    rig.endpoint->release();
    rig.turns();
    CHECK(rig.endpoint->held());  // the handler holds again
    CHECK(rig.recorder.messages.empty());
    rig.recorder.holds = nullptr;
    rig.endpoint->release();
    rig.turns();
    CHECK(rig.recorder.messages == std::vector<Frames>{{"1"}, {"2"}, {"3"}, {"4"}});
    CHECK(rig.net.closed(a));
    CHECK_FALSE(rig.net.closed(late));
}

TEST_CASE(
    "a held peer that pings gets a PONG at half its interval, unasked; one that cannot gets none") {
    EndpointRig rig;
    const net::Socket pings = rig.open("PUSH");
    const net::Socket silent = rig.open("PUSH", "", 0);
    for (int i = 0; i < 3; i++) {
        rig.pass(200ms);
        rig.send(pings, zmtp::ping("c"));
    }
    CHECK(rig.net.receive(pings) == zmtp::pong("c") + zmtp::pong("c") + zmtp::pong("c"));
    rig.endpoint->hold();
    rig.pass(1s);
    std::string pongs = rig.net.receive(pings);
    CHECK(pongs.size() / zmtp::pong().size() >= 9);
    CHECK(pongs.size() / zmtp::pong().size() <= 11);
    CHECK(rig.net.receive(silent).empty());
    rig.endpoint->release();
    rig.pass(1s);
    CHECK(rig.net.receive(pings).empty());
}

TEST_CASE("a held peer that has ended is not reassured: a reset would take what it has sent") {
    EndpointRig rig;
    const net::Socket push = rig.open("PUSH");
    rig.pass(200ms);
    rig.send(push, zmtp::ping());
    rig.net.receive(push);
    rig.endpoint->hold();
    rig.pass(1s);
    CHECK_FALSE(rig.net.receive(push).empty());
    rig.send(push, frame("the last one"));
    rig.net.end(push);
    rig.pass(1s);
    CHECK(rig.net.receive(push).empty());
    rig.endpoint->release();
    rig.pass(1s);
    CHECK(rig.recorder.messages == std::vector<Frames>{{"the last one"}});
}

TEST_CASE("a held peer whose PING was not read yet gets no PONG: it may have closed") {
    EndpointRig rig;
    const net::Socket push = rig.open("PUSH", "", 1);
    rig.endpoint->hold();
    rig.send(push, frame("a") + zmtp::ping());
    rig.pass(1s);
    CHECK(rig.net.receive(push).empty());
}

TEST_CASE(
    "a peer that was held from its first byte on is reassured often enough, however late its first "
    "PING is read") {
    EndpointRig rig;
    const net::Socket push = rig.open("PUSH");
    rig.endpoint->hold();
    rig.pass(60s, 200ms);
    rig.send(push, zmtp::ping() + frame("a") + zmtp::ping());
    rig.endpoint->release();
    rig.turns();
    rig.net.receive(push);
    rig.endpoint->hold();
    rig.pass(1s);
    CHECK(rig.net.receive(push).size() / zmtp::pong().size() >= 10);
}

TEST_CASE(
    "a stop of the listener leaves the peers, and closes those that still shake hands when sources "
    "are half-closed") {
    EndpointRig rig;
    const net::Socket push = rig.open("PUSH");
    const net::Socket pull = rig.open("PULL");
    const net::Socket shaking = rig.connect();
    rig.endpoint->stop_listening();
    rig.endpoint->half_close();
    rig.turns();
    CHECK(rig.net.half_closed(push));
    CHECK_FALSE(rig.net.half_closed(pull));
    CHECK(rig.net.closed(shaking));
    CHECK(rig.endpoint->reads_to_the_end());
    rig.send(push, frame("last words"));
    rig.net.end(push);
    rig.turns();
    CHECK(rig.recorder.messages == std::vector<Frames>{{"last words"}});
    CHECK_FALSE(rig.endpoint->reads_to_the_end());
    CHECK(rig.recorder.ends == std::vector<std::optional<Refusal>>{std::nullopt});
}

TEST_CASE("a half-closed peer is not answered any more, and read on") {
    EndpointRig rig;
    const net::Socket push = rig.open("PUSH");
    rig.endpoint->half_close();
    rig.send(push, zmtp::ping("c") + frame("a"));
    rig.endpoint->hold();
    rig.pass(1s);
    CHECK(rig.net.receive(push).empty());
    CHECK(rig.last().outbox().empty());
    CHECK(rig.recorder.messages.size() == 1);
}

TEST_CASE("a peer is read after all is written, and unheard, until it has seen our end") {
    EndpointRig rig;
    const net::Socket socket = rig.open("DEALER");
    rig.recorder.holds = rig.endpoint.get();
    rig.send(socket, frame("unread"));
    rig.endpoint->finish();
    rig.send(socket, frame("more"));
    CHECK_FALSE(rig.endpoint->finished());
    CHECK(rig.recorder.messages.empty());
    rig.net.end(socket);
    rig.turns();
    CHECK(rig.endpoint->finished());
}

TEST_CASE("who does not read its answers is not heard further, though it was read with the rest") {
    net::EndpointOptions options;
    options.limits.waiting_messages_max = 1;
    EndpointRig rig(options);
    const net::Socket socket = rig.open("DEALER");
    rig.recorder.then = [&](net::Peer& peer, const Message& message) { peer.send(message); };
    rig.net.send(socket, frame("1") + frame("2") + frame("3"));
    rig.reactor.turn(false);
    CHECK(rig.recorder.messages.size() == 1);
    rig.turns();
    CHECK(rig.recorder.messages.size() == 3);
}

TEST_CASE("while memory is exhausted sources are not read, and go on when it is not") {
    EndpointRig rig({}, 4 << 20);
    const net::Socket push = rig.open("PUSH");
    ChunkRef hog = rig.memory.allocate(4 << 20);
    hog->commit(4 << 20);
    rig.send(push, frame("a"));
    CHECK(rig.recorder.messages.empty());
    CHECK(rig.net.unread(push) == 3);
    hog = {};
    rig.turns();
    CHECK(rig.recorder.messages == std::vector<Frames>{{"a"}});
}

TEST_CASE("what was held is taken when the hold ends, though memory is exhausted") {
    EndpointRig rig({}, 4 << 20);
    const net::Socket push = rig.open("PUSH");
    rig.recorder.holds = rig.endpoint.get();
    rig.send(push, frame("held"));
    ChunkRef hog = rig.memory.allocate(4 << 20);
    hog->commit(4 << 20);
    rig.recorder.holds = nullptr;
    rig.endpoint->release();
    rig.send(push, frame("not read"));
    CHECK(rig.recorder.messages == std::vector<Frames>{{"held"}});
    hog = {};
    rig.turns();
    CHECK(rig.recorder.messages == std::vector<Frames>{{"held"}, {"not read"}});
}

TEST_CASE("a message that was held leaves no memory behind when it is taken") {
    EndpointRig rig({}, 8 << 20);
    std::vector<net::Socket> pushes{rig.open("PUSH"), rig.open("PUSH")};
    rig.recorder.holds = rig.endpoint.get();
    for (const net::Socket push : pushes) {
        rig.send(push, frame(std::string(4 << 20, 'x')));
    }
    rig.recorder.holds = nullptr;
    rig.endpoint->release();
    rig.turns();
    CHECK(rig.recorder.message_count == 2);
    CHECK(rig.memory.used() < 1 << 20);
    rig.send(pushes[0], frame("next"));
    CHECK(rig.recorder.message_count == 3);
}

TEST_CASE("a peer that waits for memory is reassured like a held one") {
    EndpointRig rig({}, 4 << 20);
    const net::Socket push = rig.open("PUSH");
    for (int i = 0; i < 2; i++) {
        rig.pass(100ms);
        rig.send(push, zmtp::ping());
    }
    rig.net.receive(push);
    ChunkRef hog = rig.memory.allocate(4 << 20);
    hog->commit(4 << 20);
    rig.send(push, zmtp::ping());
    rig.pass(1s);
    CHECK(rig.net.receive(push).size() >= 15 * zmtp::pong().size());
}

TEST_CASE(
    "while memory is short, who stopped in the middle of a message for too long is closed, and "
    "nobody else") {
    EndpointRig rig({}, 4 << 20);
    const net::Socket stopped = rig.open("PUSH");
    const net::Socket slow = rig.open("PUSH");
    const net::Socket idle = rig.open("PUSH");
    rig.send(stopped, frame(std::string(1000, 'x')).substr(0, 500));
    std::string rest = frame(std::string(100'000, 'y'));
    rig.send(idle, frame("whole"));
    for (int i = 0; i < 6; i++) {
        rig.send(slow, rest.substr(0, 8'000));
        rest.erase(0, 8'000);
        rig.pass(1s, 1s);
        rig.endpoint->relieve();
        rig.turns();
        CHECK(rig.net.closed(stopped) == (i >= 4));
    }
    CHECK(rig.refusals(Refusal::kStalled) == 1);
    CHECK(rig.recorder.ends == std::vector<std::optional<Refusal>>{Refusal::kStalled});
    CHECK_FALSE(rig.net.closed(slow));
    CHECK_FALSE(rig.net.closed(idle));
    rig.send(slow, rest);
    CHECK(rig.recorder.messages.size() == 2);
}

TEST_CASE(
    "a handshake holds little memory: long commands are malformed, and go while it is short") {
    EndpointRig rig({}, 4 << 20);
    const auto begin = [&](size_t bytes) {
        const net::Socket socket = rig.connect();
        const std::string ready = zmtp::command("READY", std::string(bytes, 'x'));
        rig.send(socket, zmtp::greeting(1) + ready.substr(0, ready.size() - 1));
        return socket;
    };
    const net::Socket longest = begin(net::zmtp::Handshake::kBytesMax);
    CHECK(rig.net.closed(longest));
    const net::Socket large = begin(net::Connection::kHandshakeBytesMax + 1);
    const net::Socket usual = begin(200);
    CHECK_FALSE(rig.net.closed(large));
    rig.endpoint->relieve();
    rig.turns();
    CHECK(rig.net.closed(large));
    CHECK_FALSE(rig.net.closed(usual));
    CHECK(rig.refusals(Refusal::kMemory) == 1);
}

TEST_CASE("a few bytes now and then are no progress") {
    EndpointRig rig({}, 4 << 20);
    const net::Socket loris = rig.open("PUSH");
    rig.send(loris, frame(std::string(1'000'000, 'x')).substr(0, 200'000));
    for (int i = 0; i < 6; i++) {
        rig.send(loris, "xxx");
        rig.pass(1s, 1s);
        rig.endpoint->relieve();
        rig.turns();
    }
    CHECK(rig.net.closed(loris));
}

TEST_CASE("a held peer with half a message is not taken for stalled: its bytes wait for us") {
    EndpointRig rig({}, 4 << 20);
    const net::Socket push = rig.open("PUSH");
    rig.send(push, frame(std::string(1000, 'x')).substr(0, 500));
    rig.endpoint->hold();
    rig.send(push, frame(std::string(1000, 'x')).substr(500));
    for (int i = 0; i < 20; i++) {
        rig.pass(1s, 1s);
        rig.endpoint->relieve();
    }
    rig.endpoint->release();
    rig.turns();
    CHECK(rig.recorder.messages.size() == 1);
}

TEST_CASE(
    "if all memory is held by halves of messages, some are given up, so that the others end") {
    EndpointRig rig({}, 8 << 20);
    std::vector<net::Socket> sockets;
    const std::string bytes = frame(std::string(3 << 20, 'x'));
    for (int i = 0; i < 5; i++)
        sockets.push_back(rig.open("PUSH"));
    for (size_t at = 0; at < bytes.size(); at += 100'000) {
        for (const net::Socket socket : sockets)
            rig.net.send(socket, bytes.substr(at, 100'000));
        rig.turns();
    }
    CHECK(rig.recorder.messages.size() < 5);
    CHECK(rig.memory.used() < 9 << 20);
    for (int i = 0;
         i < 60 &&
         rig.endpoint->refusals().of(Refusal::kStalled) + rig.recorder.messages.size() < 5;
         i++) {
        rig.pass(1s, 1s);
        rig.endpoint->relieve();
        rig.turns();
    }
    CHECK(rig.recorder.messages.size() >= 2);
    CHECK(rig.recorder.messages.size() + rig.refusals(Refusal::kStalled) == 5);
    CHECK(rig.memory.used() < 2 << 20);
}

TEST_CASE(
    "peers that each left a few bytes of a message behind do not hold the memory that they came "
    "in") {
    EndpointRig rig({}, 64 << 20);
    const net::Socket busy = rig.open("PUSH");
    std::vector<net::Socket> sockets;
    for (int i = 0; i < 50; i++) {
        sockets.push_back(rig.open("PUSH"));
        rig.send(sockets.back(), frame("half").substr(0, 3));
        rig.send(busy, frame(std::string(60'000, 'x')) + frame(std::string(60'000, 'x')) +
                           frame(std::string(60'000, 'x')) + frame(std::string(60'000, 'x')));
    }
    rig.recorder.messages.clear();
    rig.endpoint->relieve();
    CHECK(rig.memory.used() <= 2 * MemoryBudget::kChunkBytes + MemoryBudget::kSmallChunkBytes);
    for (const net::Socket socket : sockets)
        rig.send(socket, frame("half").substr(3));
    CHECK(rig.recorder.messages == std::vector<Frames>(50, Frames{"half"}));
}

TEST_CASE("thousands of peers that come, speak and go leave nothing behind") {
    EndpointRig rig;
    SeededRandom random(9);
    std::vector<net::Socket> open;
    uint64_t sent = 0;
    for (int i = 0; i < 3000; i++) {
        open.push_back(rig.open(random.below(2) ? "PUSH" : "DEALER",
                                random.below(2) ? std::to_string(random.below(20)) : ""));
        if (random.below(2))
            rig.endpoint->hold();
        else
            rig.endpoint->release();
        const net::Socket socket = open[random.below(open.size())];
        if (!rig.net.closed(socket)) {
            rig.net.send(socket, frame("x"));
            sent++;
        }
        if (random.below(3) == 0) {
            const size_t at = random.below(open.size());
            random.below(2) ? rig.net.end(open[at]) : rig.net.reset(open[at]);
            open.erase(open.begin() + static_cast<long>(at));
        }
        if (random.below(4) == 0) rig.turns();
    }
    rig.endpoint->release();
    for (const net::Socket socket : open)
        rig.net.end(socket);
    rig.turns();
    CHECK(rig.endpoint->peers().empty());
    CHECK(rig.connections.now == 0);
    CHECK(rig.recorder.opened.size() == rig.recorder.closed.size());
    CHECK(rig.recorder.message_count <= sent);
    CHECK(rig.memory.used() <= MemoryBudget::kChunkBytes + MemoryBudget::kSmallChunkBytes);
}

namespace {

net::EndpointOptions at_rate(uint32_t messages_a_second, uint32_t burst) {
    net::EndpointOptions options;
    options.limits.messages_a_second = messages_a_second;
    options.limits.burst = burst;
    return options;
}

std::string many(int count) {
    std::string wire;
    for (int i = 0; i < count; i++)
        wire += zmtp::message({std::to_string(i)});
    return wire;
}

}  // namespace

TEST_CASE("a peer that sends too fast is read no faster than its rate, each by itself") {
    EndpointRig rig(at_rate(100, 5));
    const net::Socket fast = rig.open("PUSH");
    const net::Socket slow = rig.open("PUB");
    rig.send(fast, many(50));
    CHECK(rig.recorder.message_count == 5);
    const auto* connection = rig.endpoint->peers().begin()->second;
    CHECK(connection->slowed());
    CHECK(connection->counters().slowed == 1);
    CHECK(rig.endpoint->slowed() == 1);
    rig.send(slow, many(3));
    CHECK(rig.recorder.message_count == 8);
    rig.pass(100ms, 1ms);
    CHECK(rig.recorder.message_count == 18);
    rig.pass(400ms, 1ms);
    CHECK(rig.recorder.message_count == 53);
    CHECK_FALSE(connection->slowed());
    CHECK(rig.endpoint->slowed() == 0);
    CHECK(rig.endpoint->slowings() == 45);
    CHECK(rig.recorder.messages.back() == Frames{"49"});
    // After a pause its burst is there again, and no more than that.
    rig.pass(10s, 1s);
    rig.send(fast, many(9));
    CHECK(rig.recorder.message_count == 58);
}

TEST_CASE("what is not read for its rate stays with the peer: its kernel takes no more") {
    EndpointRig rig(at_rate(10, 1));
    const net::Socket socket = rig.open("PUSH");
    rig.send(socket, many(2) + zmtp::message({std::string(1 << 20, '.')}));
    CHECK(rig.recorder.message_count == 1);
    rig.pass(50ms, 1ms);
    CHECK(rig.memory.used() < 1 << 20);  // the large one is not here
    rig.pass(200ms, 1ms);
    CHECK(rig.recorder.message_count == 3);
}

TEST_CASE("a peer that is slowed may go, and a planned end reads what it has sent") {
    EndpointRig rig(at_rate(10, 1));
    const net::Socket gone = rig.open("DEALER");
    rig.send(gone, many(2));
    CHECK(rig.endpoint->slowed() == 1);
    rig.endpoint->peers().begin()->second->close(Refusal::kShuttingDown);
    rig.turns();
    CHECK(rig.endpoint->slowed() == 0);
    const net::Socket socket = rig.open("PUSH");
    rig.send(socket, many(20));
    CHECK(rig.recorder.message_count == 2);
    rig.endpoint->half_close();
    rig.turns();
    CHECK(rig.recorder.message_count == 21);
    CHECK(rig.endpoint->slowed() == 0);
}

TEST_CASE("a peer that pings is told that we are there while it is slowed; another is not") {
    EndpointRig rig(at_rate(1, 1));
    for (const bool pings : {true, false}) {
        const net::Socket push = rig.open("PUSH");
        rig.pass(200ms);
        if (pings) rig.send(push, zmtp::ping());
        rig.net.receive(push);
        rig.send(push, many(9) + zmtp::ping());
        rig.pass(1s);
        if (pings)
            CHECK(rig.net.receive(push).size() / zmtp::pong().size() >= 5);
        else
            CHECK(rig.net.receive(push).empty());
    }
}
