#include "bridge/net/dialled/dialled_endpoint.h"

#include <doctest/doctest.h>

#include "tests/unit/support/endpoint_rig.h"

using namespace zbridge;
using namespace zbridge::testing;
using net::Link;
using zmtp::frame;

namespace {

// A dialled endpoint whose dialler has no thread: the test does at the link what the thread would.
struct Rig final : net::PeerHandler {
    explicit Rig(SocketType peer_type, const net::PeerLimits& limits = {})
        : memory(64 << 20), reactor(net, clock, memory), dialler([] {}, clock) {
        endpoint = std::make_unique<net::DialledEndpoint>(
            net::DialledEndpoint::Setup{EndpointId(1), "out", counterpart_of(peer_type), peer_type,
                                        limits, /*source=*/peer_type == SocketType::kPush},
            *this, reactor, connections, dialler);
        endpoint->connect("tcp://10.0.0.7:5555");
        arrive(Link::Incoming::Kind::kOpened);
    }
    Link& link() { return *dialler.links().front(); }
    void arrive(Link::Incoming::Kind kind, std::string bytes = {}) {
        const bool brings = kind == Link::Incoming::Kind::kBytes;
        const uint64_t brought = brings ? count(bytes) : 0;
        link().put({kind, std::move(bytes), brought});
        endpoint->take_news();
    }
    void say(std::string bytes) { arrive(Link::Incoming::Kind::kBytes, std::move(bytes)); }
    void send(const std::string& body) { peer->send(make_message(memory, {body})); }
    void turn() {
        reactor.turn(false);
        endpoint->take_news();
    }
    // What the thread has been given since the last time.
    std::string outgoing() {
        std::string all, batch;
        while (link().take_outgoing(batch))
            all += batch;
        (void)link().sent(all.size(), count(all));
        return all;
    }
    static uint64_t count(const std::string& wire) {
        uint64_t counted = 0;
        for (size_t at = 0; at < wire.size(); counted++)
            at = message_end(wire, at).end;
        return counted;
    }

    void on_opened(net::Peer& opened) override { peer = &opened; }
    net::Take on_message(net::Peer&, const Message& message) override {
        messages.push_back(frames_of(message));
        return net::Take::kTaken;
    }
    void on_subscription(net::Peer&, const net::Subscription& subscription) override {
        told.push_back((subscription.add ? "+" : "-") + std::string(subscription.prefix));
    }
    void on_writable(net::Peer&) override { writable++; }
    void on_closed(net::Peer& closed) override {
        closed.each_subscription([&](std::string_view prefix) { left.emplace_back(prefix); });
        peer = nullptr;
    }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    net::ConnectionLimit connections;
    net::Dialler dialler;
    std::unique_ptr<net::DialledEndpoint> endpoint;
    net::Peer* peer = nullptr;
    std::vector<Frames> messages;
    std::vector<std::string> told, left;
    size_t writable = 0;
};

using enum SocketType;

}  // namespace

TEST_CASE("a dialled peer without room is told of room also when it was never blocked") {
    net::PeerLimits limits;
    limits.waiting_bytes_max = 100;
    Rig rig(kPub, limits);
    rig.send("short");
    rig.turn();
    rig.turn();
    CHECK(rig.writable == 0);
    rig.send(std::string(200, 'x'));
    CHECK_FALSE(rig.peer->has_room());
    rig.turn();
    rig.turn();
    CHECK(rig.writable == 1);
    CHECK(rig.outgoing() == frame("short") + frame(std::string(200, 'x')));
}

TEST_CASE("a dialled peer whose mailbox is full goes on when the thread has taken something") {
    Rig rig(kPull);
    std::string expected;
    for (size_t i = 0; i < Link::kMailboxItems + 10; i++) {
        rig.send(std::to_string(i));
        expected += frame(std::to_string(i));
        rig.turn();
    }
    CHECK(rig.peer->blocked());
    std::string got = rig.outgoing();
    rig.endpoint->take_news();
    CHECK_FALSE(rig.peer->blocked());
    CHECK(rig.writable == 1);
    got += rig.outgoing();
    CHECK(got == expected);
}

TEST_CASE("a dialled SUB's prefixes are told once each, and known when it goes") {
    Rig rig(kSub);
    rig.say(zmtp::subscribe("a") + zmtp::subscribe("a") + zmtp::subscribe("b") +
            zmtp::cancel("never") + frame("") + frame("hello") + zmtp::subscribe("c") +
            zmtp::cancel("b"));
    CHECK(rig.told == std::vector<std::string>{"+a", "+b", "+c", "-b"});
    rig.arrive(Link::Incoming::Kind::kClosed);
    CHECK(rig.left == std::vector<std::string>{"a", "c"});
    rig.arrive(Link::Incoming::Kind::kOpened);
    rig.say(zmtp::cancel("a") + zmtp::subscribe("a"));  // libzmq's word of the end may come late
    CHECK(rig.told.back() == "+a");
    CHECK(rig.told.size() == 5);
}

TEST_CASE("a dialled SUB's subscriptions have limits") {
    net::PeerLimits limits;
    limits.subscriptions_max = 2;
    limits.subscription_bytes_max = 5;
    Rig rig(kSub, limits);
    rig.say(zmtp::subscribe("aa") + zmtp::subscribe("bbbb") + zmtp::subscribe("c") +
            zmtp::subscribe("d") + zmtp::cancel("aa") + zmtp::subscribe("dddd"));
    CHECK(rig.told == std::vector<std::string>{"+aa", "+c", "-aa", "+dddd"});
    CHECK(rig.endpoint->refusals().of(Refusal::kSubscriptions) == 2);
}

TEST_CASE("what waits for a dialled peer is handed over in pieces of a mailbox's size") {
    Rig rig(kPull);
    for (size_t i = 0; i < 40; i++)
        rig.send(std::string(300'000, 'x'));
    rig.turn();
    std::string batch;
    CHECK(rig.link().take_outgoing(batch));
    CHECK(batch.size() <= Link::kMailboxBytes + 310'000);
}

TEST_CASE("a dialled peer that is closed is heard no more, and another one takes its place") {
    Rig rig(kRep);
    rig.peer->close(Refusal::kTimeout);
    rig.send("behind");
    rig.turn();
    rig.say(frame("late"));
    CHECK(rig.messages.empty());
    CHECK(rig.endpoint->lost() == 1);
    CHECK(rig.outgoing().empty());
    CHECK(rig.link().take_renewal());
    CHECK_FALSE(rig.link().take_renewal());
    rig.arrive(Link::Incoming::Kind::kClosed);
    CHECK(rig.peer == nullptr);
    CHECK(rig.connections.now == 0);
    rig.arrive(Link::Incoming::Kind::kOpened);
    rig.say(frame("new"));
    CHECK(rig.messages == std::vector<Frames>{{"new"}});
}

TEST_CASE("a dialled endpoint takes a quantum a turn, however much its dialler's thread brings") {
    Rig rig(kPush);
    const std::string kibibyte = frame(std::string(1000, 'x'));
    for (size_t i = 0; i < 10; i++) {
        std::string batch;
        while (batch.size() < 100'000)
            batch += kibibyte;
        rig.link().put({Link::Incoming::Kind::kBytes, batch, Rig::count(batch)});
    }
    rig.endpoint->take_news();
    const size_t first = rig.messages.size();
    CHECK(first * kibibyte.size() >= net::DialledEndpoint::kQuantumBytes);
    CHECK(first * kibibyte.size() < net::DialledEndpoint::kQuantumBytes + kibibyte.size());
    rig.reactor.turn(false);
    CHECK(rig.messages.size() > first);
    CHECK(rig.messages.size() <= 2 * first);
    for (size_t i = 0; i < 4; i++)
        rig.reactor.turn(false);
    CHECK(rig.messages.size() == 10 * 100);
    CHECK(rig.reactor.idle());
}

TEST_CASE("a dialled source has drained when all that came in is taken and no more is read") {
    Rig rig(kPush);
    rig.endpoint->hold();
    rig.say(frame("one") + frame("two"));
    rig.endpoint->drain();
    CHECK(rig.link().stops_reading());
    CHECK(rig.endpoint->waiting_in() == 2);
    rig.link().set_read_out();
    CHECK_FALSE(rig.endpoint->drained());
    rig.endpoint->release();
    rig.turn();
    CHECK(rig.messages.size() == 2);
    CHECK(rig.endpoint->drained());
}

TEST_CASE("a dialled target has drained when libzmq has taken all") {
    Rig rig(kPull);
    rig.endpoint->drain();
    CHECK(rig.endpoint->drained());
    rig.send("one");
    CHECK_FALSE(rig.endpoint->drained());
    rig.turn();
    std::string batch;
    CHECK(rig.link().take_outgoing(batch));
    CHECK(rig.endpoint->waiting_out() == 1);
    CHECK_FALSE(rig.endpoint->drained());
    CHECK(rig.link().sent(batch.size(), 1));
    CHECK(rig.endpoint->drained());
}

TEST_CASE(
    "what a dialled worker was to get goes with it, what a PULL was to get is the next one's") {
    for (const auto& [type, kept] : {std::pair{kRep, false}, std::pair{kPull, true}}) {
        Rig rig(type);
        rig.send("before");
        rig.turn();
        rig.link().put({Link::Incoming::Kind::kClosed, {}});
        rig.send("while nobody has told it");
        rig.reactor.turn(false);
        rig.endpoint->take_news();
        CHECK(rig.endpoint->lost() == (kept ? 0 : 2));
        CHECK(rig.endpoint->waiting_out() == (kept ? 2 : 0));
    }
}
