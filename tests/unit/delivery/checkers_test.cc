#include "bridge/delivery/checkers.h"

#include <doctest/doctest.h>

#include "tests/unit/support/memory_engine.h"
#include "tests/unit/support/stub_peer.h"

using namespace zbridge;
using namespace zbridge::testing;
using delivery::Checkers;
using enum zbridge::SocketType;

namespace {

using Texts = std::vector<std::string>;

struct World {
    explicit World(uint32_t credit = 1)
        : memory(64 << 20),
          reactor(net, clock, memory),
          toy(memory, services),
          checkers({"checks", credit}, toy.engine(), reactor) {}
    StubPeer& worker(SocketType type = kRep) {
        peers.push_back(std::make_unique<StubPeer>(reactor, checkers, peers.size() + 1, type));
        peers.back()->open();
        return *peers.back();
    }
    zb_transaction prepare(const std::string& body) {
        const std::vector<std::string_view> frames{body};
        const Message message = make_message(memory, frames);
        const plugin::Publication publication{toy.topic("a"), &message, nullptr};
        const auto prepared = toy.engine().prepare(publication, "checks");
        return {prepared.transaction.high, prepared.transaction.low};
    }
    bool check(zb_transaction transaction, uint32_t number = 1) {
        const bool asked = toy.check(transaction, "checks", number);
        reactor.turn(false);
        return asked;
    }
    static std::string token(zb_transaction its) {
        const auto bytes = TransactionToken{its.high, its.low}.encode();
        return {bytes.data(), bytes.size()};
    }
    static std::string text(zb_transaction its) {
        return TransactionToken{its.high, its.low}.text();
    }
    // The bodies that a worker is asked of.
    Texts asked(StubPeer& peer) {
        reactor.turn(false);
        Texts bodies;
        for (const Frames& frames : peer.received())
            bodies.push_back(frames.back());
        return bodies;
    }
    // What is resolved is durable.
    const delivery::CheckersCounters& counted() {
        toy.commit();
        return checkers.counters();
    }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    plugin::Services services{&clock, nullptr, &reactor.timers(), {}};
    MemoryEngine toy;
    Checkers checkers;
    std::vector<std::unique_ptr<StubPeer>> peers;
};

}  // namespace

TEST_CASE("a worker is asked with the token, the number of the check, the id and the message") {
    World world;
    StubPeer& rep = world.worker();
    const zb_transaction its = world.prepare("order 1");
    CHECK(world.check(its, 3));
    const auto received = rep.received();
    REQUIRE(received.size() == 1);
    CHECK(received[0] == Frames{world.token(its), "",
                                "CHECK " + world.text(its) + " 3 " + MessageId{9, 1}.text(),
                                "order 1"});
    CHECK(world.checkers.counters().asked == 1);
}

TEST_CASE("its answer commits, rolls back, or leaves it") {
    World world;
    StubPeer& rep = world.worker();
    const zb_transaction one = world.prepare("1"), two = world.prepare("2"),
                         three = world.prepare("3");
    for (const auto& [its, answer] :
         {std::pair(one, "COMMIT"), std::pair(two, "rollback"), std::pair(three, "UNKNOWN")}) {
        CHECK(world.check(its));
        rep.say({world.token(its), "", answer});
    }
    CHECK(world.counted().committed == 1);
    CHECK(world.counted().rolled_back == 1);
    CHECK(world.counted().unknown == 1);
    CHECK(world.toy.resolutions == Texts{"commit 1", "rollback 2"});
    CHECK(world.toy.prepared.size() == 1);
}

TEST_CASE("what is no answer is counted, and changes nothing; the REP is asked again") {
    World world;
    StubPeer& rep = world.worker();
    const zb_transaction its = world.prepare("1");
    const std::string token = world.token(its);
    for (const Frames& junk :
         {Frames{token, "", "COMMITTED"}, Frames{token, "", "COMMIT", "x"}, Frames{token, "COMMIT"},
          Frames{token}, Frames{"COMMIT"}, Frames{token, "", ""}, Frames{"x", "", "COMMIT"}}) {
        CHECK(world.check(its));
        CHECK(world.asked(rep) == Texts{"1"});
        rep.say(junk);
    }
    CHECK(world.counted().malformed == 7);
    CHECK(world.toy.resolutions.empty());
}

TEST_CASE("a busy worker is not asked: checks wait for it, each once") {
    World world;
    StubPeer& rep = world.worker();
    const zb_transaction one = world.prepare("1"), two = world.prepare("2");
    CHECK(world.check(one));
    CHECK(world.check(two));
    CHECK(world.check(two, 2));
    CHECK(world.checkers.waiting() == 1);
    CHECK(world.asked(rep) == Texts{"1"});
    rep.say({world.token(one), "", "COMMIT"});
    CHECK(world.asked(rep) == Texts{"2"});
    CHECK(world.checkers.waiting() == 0);
}

TEST_CASE("a DEALER holds as many as its credit, and checks go to who was asked longest ago") {
    World world(2);
    StubPeer& one = world.worker(kDealer);
    StubPeer& two = world.worker(kDealer);
    std::vector<zb_transaction> all;
    for (int i = 1; i <= 5; i++) {
        all.push_back(world.prepare(std::to_string(i)));
        CHECK(world.check(all.back()));
    }
    CHECK(world.asked(two) == Texts{"1", "3"});
    CHECK(world.asked(one) == Texts{"2", "4"});
    CHECK(world.checkers.waiting() == 1);
    one.say({world.token(all[3]), "", "UNKNOWN"});
    CHECK(world.asked(one) == Texts{"5"});
}

TEST_CASE("with nobody there nobody is asked, and the engine knows it") {
    World world;
    const zb_transaction its = world.prepare("1");
    CHECK_FALSE(world.check(its));
    CHECK(world.checkers.counters().unasked == 1);
    CHECK_FALSE(world.toy.check(its, "others"));  // of no endpoint of this file
    StubPeer& rep = world.worker();
    CHECK(world.check(its));
    CHECK(world.asked(rep) == Texts{"1"});
}

TEST_CASE("the line has a limit of checks, and one of bytes: beyond it nobody is asked") {
    World world;
    world.worker();
    CHECK(world.check(world.prepare("held")));
    for (size_t i = 0; i < plugin::WaitingChecks::kMessagesMax; i++)
        CHECK(world.check(world.prepare("x")));
    CHECK_FALSE(world.check(world.prepare("x")));
    CHECK(world.checkers.counters().unasked == 1);

    World large;
    large.worker();
    CHECK(large.check(large.prepare("held")));
    const std::string body(plugin::WaitingChecks::kBytesMax / 2, '.');
    CHECK(large.check(large.prepare(body)));
    CHECK_FALSE(large.check(large.prepare(body)));
}

TEST_CASE("what a worker held when it went is asked of another with the next check") {
    World world;
    StubPeer& first = world.worker();
    const zb_transaction its = world.prepare("1"), waits = world.prepare("2");
    CHECK(world.check(its));
    CHECK(world.check(waits));
    first.leave();
    CHECK(world.checkers.waiting() == 0);  // the last one has gone
    StubPeer& second = world.worker();
    CHECK(world.asked(second).empty());
    CHECK(world.check(its, 2));
    CHECK(world.asked(second) == Texts{"1"});
    // The first one's answer counts by its token, whoever gives it.
    second.say({world.token(its), "", "COMMIT"});
    CHECK(world.counted().committed == 1);
}

TEST_CASE("an answer that comes too late is counted") {
    World world;
    StubPeer& rep = world.worker();
    const zb_transaction its = world.prepare("1");
    CHECK(world.check(its));
    world.toy.engine().resolve({its.high, its.low}, plugin::Resolution::kRollback, nullptr);
    rep.say({world.token(its), "", "COMMIT"});
    CHECK(world.counted().stale == 1);
    CHECK(world.counted().committed == 0);
}

TEST_CASE("a commit that the topic does not take is counted") {
    World world;
    StubPeer& rep = world.worker();
    const zb_transaction its = world.prepare("1");
    CHECK(world.check(its));
    world.toy.resolve_answer = ZB_BUSY;
    rep.say({world.token(its), "", "COMMIT"});
    CHECK(world.counted().refused == 1);
}
