#include "bridge/delivery/outlet.h"

#include <doctest/doctest.h>

#include <map>

#include "bridge/base/random.h"
#include "tests/unit/support/stub_peer.h"

using namespace zbridge;
using namespace zbridge::testing;
using delivery::LineOptions;
using delivery::OnFull;
using delivery::Outlet;
using enum zbridge::SocketType;

namespace {

constexpr SocketTypes kPulls{kPull}, kSubs{kSub, kXsub}, kBoth{kPull, kSub, kXsub};

struct Told final : zbridge::RoomListener, delivery::DemandListener {
    size_t times = 0;
    std::map<std::string, int> wanted;  // prefix -> how often
    void on_room() override { times++; }
    void on_demand(std::string_view prefix, bool is) override {
        int& count = wanted[std::string(prefix)];
        count += is ? 1 : -1;
        if (count == 0) wanted.erase(std::string(prefix));
    }
};

struct World {
    explicit World(SocketTypes accepts, LineOptions line = {}, uint64_t memory_bytes = 64 << 20)
        : memory(memory_bytes), reactor(net, clock, memory), outlet("out", accepts, line, reactor) {
        reactor.at_turn_end([this] { outlet.on_turn_end(); });
        outlet.listen_for_demand(told);
    }
    StubPeer& peer(SocketType type) {
        peers.push_back(std::make_unique<StubPeer>(reactor, outlet, peers.size() + 1, type));
        peers.back()->open();
        return *peers.back();
    }
    StubPeer& sub(const std::string& prefix) {
        StubPeer& sub = peer(kSub);
        sub.subscribe(prefix);
        return sub;
    }
    // As an intake does: false when the source is held.
    bool offer(const Frames& frames, std::optional<OnFull> on_full = {}, bool from_pub = false) {
        const std::vector<std::string_view> views(frames.begin(), frames.end());
        const Message message = make_message(memory, views);
        if (!outlet.can_take(message, on_full, from_pub, told)) return false;
        outlet.deliver(message, on_full, from_pub);
        return true;
    }
    // Until the source is held; returns how many were taken.
    size_t offer_many(size_t most, std::optional<OnFull> on_full = {}, bool from_pub = false,
                      size_t bytes = 98) {
        size_t taken = 0;
        while (taken < most && offer({std::string(bytes, 'x')}, on_full, from_pub))
            taken++;
        return taken;
    }
    void turn() { reactor.turn(false); }
    void press() { hog = memory.allocate(memory.limit() / 8 * 7), hog->commit(hog->free_space()); }
    void relax() { hog = {}; }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    Told told;
    Outlet outlet;
    ChunkRef hog;
    std::vector<std::unique_ptr<StubPeer>> peers;  // gone before the outlet
};

}  // namespace

TEST_CASE("PULLs get a message each turn by turn, the one that has waited longest first") {
    World world(kPulls);
    StubPeer& a = world.peer(kPull);
    StubPeer& b = world.peer(kPull);
    StubPeer& c = world.peer(kPull);
    for (int i = 0; i < 6; i++) {
        CHECK(world.offer({std::to_string(i)}));
        world.turn();
    }
    CHECK(a.received() == std::vector<Frames>{{"0"}, {"3"}});
    CHECK(b.received() == std::vector<Frames>{{"1"}, {"4"}});
    CHECK(c.received() == std::vector<Frames>{{"2"}, {"5"}});
    CHECK(world.outlet.counters().to_pulls == 6);
}

TEST_CASE("within a turn a PULL gets a quantum of messages before it is the next one's turn") {
    World world(kPulls);
    StubPeer& a = world.peer(kPull);
    StubPeer& b = world.peer(kPull);
    CHECK(world.offer_many(2 * Outlet::kQuantumMessages + 10) == 2 * Outlet::kQuantumMessages + 10);
    world.turn();
    CHECK(a.receives() == Outlet::kQuantumMessages + 10);
    CHECK(b.receives() == Outlet::kQuantumMessages);
}

TEST_CASE("a quantum ends at 64 KiB too") {
    World world(kPulls);
    StubPeer& a = world.peer(kPull);
    StubPeer& b = world.peer(kPull);
    CHECK(world.offer_many(8, {}, false, 20'000) == 8);
    world.turn();
    CHECK(a.receives() == 4);
    CHECK(b.receives() == 4);
}

TEST_CASE("a PULL that takes nothing gets nothing, and the others all") {
    World world(kPulls);
    StubPeer& stalled = world.peer(kPull);
    StubPeer& busy = world.peer(kPull);
    stalled.set_room(0);
    CHECK(world.offer({"first"}));
    world.turn();  // it did not take this one
    for (int i = 0; i < 300; i++) {
        CHECK(world.offer({"more"}));
        if (i % 50 == 0) world.turn();
    }
    world.turn();
    CHECK(stalled.receives() == 0);
    CHECK(stalled.outbox().messages() == 1);
    CHECK(busy.receives() == 300);
    stalled.set_room(~size_t{0});
    CHECK(stalled.received() == std::vector<Frames>{{"first"}});
}

TEST_CASE("messages wait in the line for the first PULL, in their order") {
    World world(kPulls);
    for (int i = 0; i < 5; i++)
        CHECK(world.offer({std::to_string(i)}));
    CHECK(world.outlet.line().messages() == 5);
    CHECK_FALSE(world.outlet.drained());
    StubPeer& pull = world.peer(kPull);
    world.turn();
    CHECK(pull.received() == std::vector<Frames>{{"0"}, {"1"}, {"2"}, {"3"}, {"4"}});
    CHECK(world.outlet.drained());
}

TEST_CASE("what a lost PULL had not been written goes to the next one first, and counts once") {
    World world(kPulls);
    StubPeer& lost = world.peer(kPull);
    lost.set_room(8);  // two messages and a half
    for (int i = 0; i < 5; i++)
        CHECK(world.offer({std::to_string(i)}));
    world.turn();
    CHECK(lost.receives() == 2);
    CHECK(world.offer({"5"}));  // in the line: nobody is free
    CHECK(world.outlet.line().messages() == 1);
    lost.leave();
    StubPeer& next = world.peer(kPull);
    world.turn();
    CHECK(next.received() == std::vector<Frames>{{"2"}, {"3"}, {"4"}, {"5"}});
    CHECK(world.outlet.counters().returned == 3);
    CHECK(world.outlet.counters().to_pulls == 6);
    CHECK(lost.counters().messages_out == 2);
}

TEST_CASE("a PING or PONG that a lost PULL was not sent goes to nobody") {
    World world(kPulls);
    StubPeer& lost = world.peer(kPull);
    lost.set_room(0);
    CHECK(world.offer({"0"}));
    world.turn();
    lost.outbox().append_command(world.memory.copy(zmtp::pong("ctx")));
    lost.leave();
    StubPeer& next = world.peer(kPull);
    world.turn();
    CHECK(next.received() == std::vector<Frames>{{"0"}});
    CHECK(world.outlet.counters().returned == 1);
}

TEST_CASE(
    "a full line holds its source, by number or bytes, and lets it go on when it is half empty") {
    for (const LineOptions options : {LineOptions{1 << 20, 10}, LineOptions{1000, 1000}}) {
        World world(kPulls, options);
        CHECK(world.offer_many(100) == 10);
        world.turn();
        CHECK(world.told.times == 0);
        world.peer(kPull);
        world.turn();
        CHECK(world.told.times == 1);
        CHECK(world.offer({"next"}));
        CHECK(world.outlet.counters().dropped_line == 0);
    }
}

TEST_CASE(
    "a line that is full by number stays held while its PULL is stalled: nobody is told in vain") {
    World world(kPulls, {1 << 20, 10});
    StubPeer& pull = world.peer(kPull);
    pull.set_room(0);
    CHECK(world.offer_many(1) == 1);
    world.turn();
    CHECK(world.offer_many(100) == 10);
    for (int i = 0; i < 20; i++)
        world.turn();
    CHECK(world.told.times == 0);
    pull.set_room(~size_t{0});
    world.turn();
    CHECK(world.told.times == 1);
    CHECK(pull.receives() == 11);
}

TEST_CASE("while PULLs are there but busy, a source that can be held is held after half a MiB") {
    World world(kPulls);
    StubPeer& pull = world.peer(kPull);
    pull.set_room(0);
    CHECK(world.offer_many(1) == 1);
    world.turn();
    const size_t taken = world.offer_many(100'000, {}, false, 1015);  // 1 KiB each
    CHECK(taken * 1024 == Outlet::kBusyLineBytes);
    pull.leave();  // nobody is there: they wait up to the line's limit
    world.turn();
    CHECK(world.told.times == 1);
    CHECK(world.offer_many(100'000, {}, false, 1015) > 10'000);
}

TEST_CASE(
    "on_full: drop_newest drops what comes to a full line, drop_oldest what has waited longest") {
    for (const OnFull on_full : {OnFull::kDropNewest, OnFull::kDropOldest}) {
        World world(kPulls, {1 << 20, 3});
        for (int i = 0; i < 5; i++)
            CHECK(world.offer({std::to_string(i)}, on_full));
        CHECK(world.outlet.line().messages() == 3);
        CHECK(world.outlet.counters().dropped_line == 2);
        StubPeer& pull = world.peer(kPull);
        world.turn();
        const bool newest = on_full == OnFull::kDropNewest;
        CHECK(pull.received() == (newest ? std::vector<Frames>{{"0"}, {"1"}, {"2"}}
                                         : std::vector<Frames>{{"2"}, {"3"}, {"4"}}));
    }
}

TEST_CASE("drop_oldest makes room for a large message by dropping as many small ones as it takes") {
    World world(kPulls, {10'000, 1000});
    CHECK(world.offer_many(100, OnFull::kDropOldest) == 100);
    for (int i = 0; i < 50; i++)
        CHECK(world.offer({std::string(9'000, 'L')}, OnFull::kDropOldest));
    CHECK(world.outlet.line().bytes() < 2 * 10'000);
    CHECK(world.outlet.counters().dropped_line + world.outlet.line().messages() == 150);
}

TEST_CASE("on_full: disconnect is block where PULLs share") {
    World world(kPulls, {1 << 20, 3});
    CHECK(world.offer_many(10, OnFull::kDisconnect) == 3);
}

TEST_CASE(
    "while memory is pressed the line takes nothing: a source is held, or its message dropped and "
    "counted as such") {
    World world(kPulls);
    world.press();
    CHECK_FALSE(world.offer({"held"}));
    CHECK(world.offer({"dropped"}, OnFull::kDropNewest));
    CHECK(world.outlet.counters().dropped_memory == 1);
    world.turn();
    CHECK(world.told.times == 0);
    world.relax();
    world.turn();
    CHECK(world.told.times == 1);
}

TEST_CASE(
    "while memory is pressed a free PULL still gets what comes: it is how memory becomes free") {
    World world(kPulls);
    StubPeer& pull = world.peer(kPull);
    world.press();
    CHECK(world.offer_many(1000) == 1000);
    world.turn();
    CHECK(pull.receives() == 1000);
}

TEST_CASE("a PULL that says something is disconnected") {
    World world(kPulls);
    StubPeer& pull = world.peer(kPull);
    CHECK(pull.say({"hello"}) == net::Take::kTaken);
    CHECK(pull.closed_as == Refusal::kMalformed);
}

TEST_CASE("each SUB gets what it has subscribed to, once, however many of its prefixes match") {
    World world(kSubs);
    StubPeer& all = world.sub("");
    StubPeer& news = world.sub("news");
    news.subscribe("ne");
    news.subscribe("");
    StubPeer& other = world.sub("other");
    CHECK(world.offer({"news.sport", "body"}));
    world.turn();
    CHECK(all.received() == std::vector<Frames>{{"news.sport", "body"}});
    CHECK(news.received() == std::vector<Frames>{{"news.sport", "body"}});
    CHECK(other.receives() == 0);
    CHECK(world.outlet.counters().to_subs == 2);
}

TEST_CASE("what nobody has asked for is counted, and waits for nobody") {
    World world(kSubs);
    CHECK(world.offer({"a"}));
    StubPeer& sub = world.sub("b");
    CHECK(world.offer({"a"}));
    sub.cancel("b");
    CHECK(world.offer({"b"}));
    world.turn();
    CHECK(sub.receives() == 0);
    CHECK(world.outlet.counters().nobody == 3);
    CHECK(world.outlet.line().empty());
}

TEST_CASE("a stalled SUB misses what does not fit, and no other does") {
    World world(kSubs);
    StubPeer& stalled = world.sub("");
    StubPeer& other = world.sub("");
    stalled.limit(1000);
    stalled.set_room(0);
    world.offer({"x"});
    world.turn();
    CHECK(world.offer_many(100) == 100);
    world.turn();
    CHECK(other.receives() == 101);
    CHECK(stalled.outbox().messages() == 11);
    CHECK(stalled.counters().dropped == 90);
    CHECK(world.outlet.counters().dropped_peer == 90);
}

TEST_CASE("a SUB that reads loses nothing to what only waits for the end of the turn") {
    World world(kSubs);
    StubPeer& sub = world.sub("");
    sub.limit(1 << 20, 3);
    CHECK(world.offer_many(1000) == 1000);
    world.turn();
    CHECK(sub.receives() == 1000);
    CHECK(sub.counters().dropped == 0);
    CHECK(world.offer_many(1000, OnFull::kBlock) == 1000);
}

TEST_CASE("on_full: drop_oldest gives a stalled SUB the newest when it goes on") {
    World world(kSubs);
    StubPeer& sub = world.sub("");
    sub.limit(1 << 20, 3);
    sub.set_room(0);
    world.offer({"x"});
    world.turn();
    for (int i = 0; i < 10; i++)
        CHECK(world.offer({std::to_string(i)}, OnFull::kDropOldest));
    sub.set_room(~size_t{0});
    CHECK(sub.received() == std::vector<Frames>{{"7"}, {"8"}, {"9"}});
    CHECK(sub.counters().dropped == 8);
}

TEST_CASE(
    "on_full: drop_oldest keeps a SUB's bytes within its limit, a large message after many small "
    "ones") {
    World world(kSubs);
    StubPeer& sub = world.sub("");
    sub.limit(10'000);
    sub.set_room(0);
    world.offer({"x"});
    world.turn();
    CHECK(world.offer_many(100, OnFull::kDropOldest) == 100);
    for (int i = 0; i < 30; i++)
        CHECK(world.offer({std::string(9'000, 'L')}, OnFull::kDropOldest));
    CHECK(sub.outbox().bytes() < 2 * 10'000);
    CHECK(sub.counters().dropped + sub.outbox().messages() == 131);
}

TEST_CASE("on_full: disconnect ends a SUB that is full") {
    World world(kSubs);
    StubPeer& sub = world.sub("");
    sub.limit(500);
    sub.set_room(0);
    world.offer({"x"});
    world.turn();
    world.offer_many(10, OnFull::kDisconnect);
    CHECK(sub.closed_as == Refusal::kOutboxFull);
    CHECK(world.outlet.counters().disconnected > 0);
}

TEST_CASE(
    "on_full: block holds the source for a SUB that is full, until it takes, cancels or leaves") {
    for (const int how : {0, 1, 2}) {
        World world(kSubs);
        StubPeer& sub = world.sub("");
        StubPeer& other = world.sub("");
        sub.limit(500);
        sub.set_room(0);
        CHECK(world.offer({"x"}, OnFull::kBlock));
        world.turn();
        const size_t taken = world.offer_many(100, OnFull::kBlock);
        CHECK(taken == 5);
        for (int i = 0; i < 5; i++)
            world.turn();
        CHECK(world.told.times == 0);
        CHECK(other.receives() == 1 + taken);
        if (how == 0) sub.set_room(~size_t{0});
        if (how == 1) sub.cancel("");
        if (how == 2) sub.leave();
        world.turn();
        CHECK(world.told.times == 1);
        CHECK(world.offer({"y"}, OnFull::kBlock));
        CHECK(sub.counters().dropped == 0);
    }
}

TEST_CASE("on_full: block does not hold a source for a SUB that wants something else") {
    World world(kSubs);
    StubPeer& full = world.sub("x");
    full.limit(1);
    full.set_room(0);
    world.offer({"x"});
    world.turn();
    CHECK_FALSE(world.offer({"x"}, OnFull::kBlock));
    CHECK(world.offer({"y"}, OnFull::kBlock));
}

TEST_CASE("while memory is pressed a SUB that has to wait at all is full") {
    World world(kSubs);
    StubPeer& stalled = world.sub("");
    StubPeer& other = world.sub("");
    stalled.set_room(0);
    world.offer({"x"});
    world.turn();
    world.press();
    CHECK(world.offer({"y"}));
    world.turn();
    CHECK(world.outlet.counters().dropped_memory == 1);
    CHECK(stalled.outbox().messages() == 1);
    CHECK(other.receives() == 2);
}

TEST_CASE(
    "publishers are told what SUBs want, each prefix once, and when nobody wants it any more") {
    World world(kSubs);
    StubPeer& a = world.sub("a");
    StubPeer& b = world.sub("a");
    b.subscribe("b");
    CHECK(world.told.wanted == std::map<std::string, int>{{"a", 1}, {"b", 1}});
    a.cancel("a");
    CHECK(world.told.wanted == std::map<std::string, int>{{"a", 1}, {"b", 1}});
    b.leave();
    CHECK(world.told.wanted.empty());
}

TEST_CASE("PULLs want everything: where only they are served always, else while one is there") {
    World only(kPulls);
    std::vector<std::string> wanted;
    only.outlet.each_demand([&](std::string_view prefix) { wanted.emplace_back(prefix); });
    CHECK(wanted == std::vector<std::string>{""});
    only.peer(kPull).leave();
    CHECK(only.told.wanted.empty());  // nothing has changed

    World both(kBoth);
    StubPeer& sub = both.sub("");
    StubPeer& pull = both.peer(kPull);
    StubPeer& second = both.peer(kPull);
    CHECK(both.told.wanted == std::map<std::string, int>{{"", 2}});
    pull.leave();
    CHECK(both.told.wanted == std::map<std::string, int>{{"", 2}});
    second.leave();
    CHECK(both.told.wanted == std::map<std::string, int>{{"", 1}});
    sub.leave();
    CHECK(both.told.wanted.empty());
}

TEST_CASE(
    "where SUBs and PULLs are served, a PUSH's message waits while nobody is there, a PUB's does "
    "not") {
    World world(kBoth);
    CHECK(world.offer({"push"}, {}, false));
    CHECK(world.offer({"pub"}, {}, true));
    CHECK(world.outlet.line().messages() == 1);
    CHECK(world.outlet.counters().nobody == 1);
    world.sub("");
    CHECK(world.offer({"push"}, {}, false));  // it has somebody now
    CHECK(world.outlet.line().messages() == 1);
    StubPeer& pull = world.peer(kPull);
    CHECK(world.offer({"pub"}, {}, true));
    world.turn();
    CHECK(pull.received() == std::vector<Frames>{{"push"}, {"pub"}});
}

TEST_CASE("SUBs and PULLs of one endpoint each get their share") {
    World world(kBoth);
    StubPeer& sub = world.sub("a");
    StubPeer& pull = world.peer(kPull);
    for (const char* topic : {"a", "b", "a"})
        CHECK(world.offer({topic}));
    world.turn();
    CHECK(sub.receives() == 2);
    CHECK(pull.receives() == 3);
}

TEST_CASE("everything that was taken is with a peer, waits, or was counted as lost") {
    for (uint64_t seed = 1; seed <= 60; seed++) {
        SeededRandom random(seed);
        World world(kPulls, {random.below(2) ? 5'000U : 1U << 20,
                             static_cast<uint32_t>(1 + random.below(60))});
        const std::optional<OnFull> on_full =
            std::array<std::optional<OnFull>, 4>{std::nullopt, OnFull::kBlock, OnFull::kDropNewest,
                                                 OnFull::kDropOldest}[random.below(4)];
        std::map<std::string, int> seen;
        uint64_t number = 0, received = 0;
        const auto collect = [&](StubPeer& peer) {
            for (const Frames& frames : peer.received()) {
                seen[frames[0]]++;
                received++;
            }
        };
        std::vector<StubPeer*> pulls;
        for (int step = 0; step < 600; step++) {
            switch (random.below(8)) {
                case 0:
                    pulls.push_back(&world.peer(kPull));
                    break;
                case 1:
                    if (pulls.empty()) break;
                    collect(*pulls.back());
                    pulls.back()->leave();
                    pulls.pop_back();
                    break;
                case 2:
                    if (!pulls.empty())
                        pulls[random.below(pulls.size())]->set_room(random.below(300));
                    break;
                case 3:
                    world.turn();
                    break;
                default:
                    for (uint64_t i = random.below(30); i > 0; i--) {
                        const std::string name =
                            std::to_string(number) + std::string(random.below(50), '.');
                        if (world.offer({name}, on_full)) number++;
                    }
            }
            const auto& counters = world.outlet.counters();
            REQUIRE(counters.taken == number);
            REQUIRE(world.outlet.line().messages() + counters.to_pulls + counters.dropped_line ==
                    number);
        }
        for (StubPeer* pull : pulls)
            pull->set_room(~size_t{0});
        StubPeer& last = world.peer(kPull);
        world.turn();
        for (StubPeer* pull : pulls)
            collect(*pull);
        collect(last);
        CHECK(world.outlet.line().empty());
        for (const auto& [name, times] : seen)
            REQUIRE(times == 1);
        CHECK(received + world.outlet.counters().dropped_line <= number);
        CHECK(received + world.outlet.counters().dropped_line == number);
    }
}
