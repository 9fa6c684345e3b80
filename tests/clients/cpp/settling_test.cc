// When verdicts go: with others, and for how long they wait for them.
#include <doctest/doctest.h>

#include "tests/clients/cpp/program.h"

using namespace zbridge::client;
using namespace zbridge::client::tests;
using core::Demands;
using core::Heard;

namespace {

// A program that has been delivered so many messages, and has taken the first few.
struct Hands {
    Hands(size_t delivered, size_t taken, Options options = {})
        : bridge({{"orders", true}}), program(bridge, std::move(options)) {
        for (size_t n = 0; n < delivered; n++)
            program.submit("orders", std::to_string(n));
        subscription = program.subscribe("orders", delivered);
        for (int n = 0; n < 4; n++) {
            program.core.flush(bridge.now_ms);
            program.carry_all();
            bridge.commit();
            bridge.advance(5);
        }
        program.carry_all();
        REQUIRE(program.core.inbox.held() == delivered);
        while (mine.size() < taken)
            mine.push_back(Demands::take(*subscription));
    }

    // The next one's verdict is said.
    void ack() { program.settle({mine.at(acked++)}); }
    // So many messages are named by the SETTLEs that go out now.
    std::vector<uint64_t> settles() {
        program.turn();
        std::vector<uint64_t> found;
        for (const core::Said& each : std::exchange(program.to_bridge, {})) {
            const Heard settle(each.header);
            REQUIRE(settle.name == "SETTLE");
            found.push_back(0);
            for (const core::Value& range : settle.fields.list("ranges"))
                found.back() += core::number_of(core::list_of(range, 2)[1]);
        }
        return found;
    }

    FakeBridge bridge;
    Program program;
    core::SubscriptionPtr subscription;
    std::vector<core::LentPtr> mine;
    size_t acked = 0;
};

using Counts = std::vector<uint64_t>;

}  // namespace

TEST_CASE("a quarter of what is in hand is settled without waiting") {
    // In hand is what waits in the inbox, what the program has, and what has its verdict.
    for (const size_t taken : {8, 2}) {
        CAPTURE(taken);
        Hands hands(8, taken);
        hands.ack();
        CHECK(hands.settles() == Counts{});
        CHECK(hands.program.core.next_deadline() == hands.bridge.now_ms + 5);
        hands.ack();
        CHECK(hands.program.core.next_deadline() == 0);
        CHECK(hands.settles() == Counts{2});
    }
}

TEST_CASE("what was sent, and has no answer yet, is in hand no more") {
    Hands hands(8, 8);
    for (const uint64_t together : {2, 2, 1, 1, 1, 1}) {
        for (uint64_t n = 0; n < together; n++) {
            CHECK(hands.settles() == Counts{});
            hands.ack();
        }
        CHECK(hands.settles() == Counts{together});
    }
}

TEST_CASE("the only one, and all at once, are settled without waiting") {
    Hands one(1, 1);
    one.ack();
    CHECK(one.settles() == Counts{1});
    Hands all(20, 20);
    all.program.settle(all.mine);
    CHECK(all.settles() == Counts{20});
}

TEST_CASE("less than a quarter waits for others as long as settle_linger says") {
    Options options;
    options.settle_linger = milliseconds(50);
    Hands hands(100, 30, options);
    for (int n = 0; n < 24; n++)
        hands.ack();
    hands.bridge.advance(49);
    CHECK(hands.settles() == Counts{});
    hands.bridge.advance(1);
    CHECK(hands.settles() == Counts{20, 4});  // no more at a time than the bridge takes
}

TEST_CASE("settle_messages are enough, however small a part they are") {
    Options options;
    options.settle_messages = 3;
    Hands hands(100, 3, options);
    hands.ack();
    hands.ack();
    CHECK(hands.settles() == Counts{});
    hands.ack();
    CHECK(hands.settles() == Counts{3});
}
