// order: priority.
#include <doctest/doctest.h>

#include <algorithm>

#include "plugins/durable/topics/attributes.h"
#include "tests/unit/plugins/durable/groups_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::seconds;

namespace {

GroupsRig::Options by_priority(GroupsRig::Options more = {}) {
    more.emplace_back("order", "priority");
    more.emplace_back("retry.backoff", "1s");
    more.emplace_back("start", "earliest");
    return more;
}

// What is given until there is nothing more, each acked.
std::string drink(GroupsRig& rig) {
    std::string all;
    for (Got got = rig.take_one(); !got.body.empty(); got = rig.take_one()) {
        CHECK(rig.ack(got) == ZB_TAKEN);
        all += (all.empty() ? "" : " ") + got.body;
    }
    return all;
}

}  // namespace

TEST_CASE("the highest priority goes first, of one priority what was first published") {
    GroupsRig rig(by_priority());
    rig.start();
    rig.put_at(0, "a0");
    rig.put_at(9, "a9");
    rig.put_at(5, "a5");
    rig.put_at(9, "b9");
    rig.put_at(0, "b0");
    rig.EngineRig::settle();
    CHECK(drink(rig) == "a9 b9 a5 a0 b0");
    CHECK(rig.g().lag() == 0);
    CHECK(rig.g().floor() == Offset{5});
}

TEST_CASE("what comes later overtakes what waits") {
    GroupsRig rig(by_priority());
    rig.start();
    rig.put_at(1, "a1");
    rig.put_at(1, "b1");
    rig.EngineRig::settle();
    CHECK(rig.take_body() == "a1");
    rig.put_at(2, "a2");
    rig.EngineRig::settle();
    CHECK(rig.take_body() == "a2");
    CHECK(rig.take_body() == "b1");
}

TEST_CASE("messages of one priority that follow each other go together") {
    GroupsRig rig(by_priority());
    rig.start();
    for (int i = 0; i < 4; i++)
        rig.put_at(3, std::to_string(i));
    rig.EngineRig::settle();
    const auto got = rig.take(10);
    REQUIRE(got.size() == 4);
    for (const Got& each : got)
        CHECK(rig.ack(each) == ZB_TAKEN);
    CHECK(rig.g().lag() == 0);
}

TEST_CASE("it looks ahead as far as look_ahead says, and no further") {
    GroupsRig rig(by_priority({{"look_ahead", "3"}}));
    rig.start();
    for (const char* each : {"a0", "b0", "c0"})
        rig.put_at(0, each);
    rig.put_at(9, "a9");
    rig.put_at(9, "b9");
    rig.EngineRig::settle();
    // Three that wait are looked at: the first one's place is taken by a9, its by b9.
    CHECK(rig.take_body() == "a0");
    CHECK(rig.g().levels().offsets() == 2);
    CHECK(drink(rig) == "a9 b9 b0 c0");
}

TEST_CASE("a retry keeps its priority, also over a kill") {
    GroupsRig rig(by_priority());
    rig.start();
    rig.put_at(2, "a2");
    rig.put_at(5, "a5");
    rig.put_at(8, "a8");
    rig.EngineRig::settle();
    const Got a8 = rig.take_one();
    const Got a5 = rig.take_one();
    CHECK(rig.settle(ZB_SETTLE_RETRY, a8) == ZB_TAKEN);
    CHECK(rig.settle(ZB_SETTLE_RETRY, a5) == ZB_TAKEN);
    SUBCASE("") {
        rig.wait(seconds(1));
    }
    SUBCASE("in a later life") {
        rig.commit();
        rig.kill();
        rig.wait(seconds(2));
    }
    rig.put_at(6, "a6");
    rig.EngineRig::settle();
    const Got again = rig.take_one();
    CHECK(again.body == "a8");
    CHECK(again.attempt == 2);
    CHECK(drink(rig) == "a6 a5 a2");
}

TEST_CASE("a retry by a token of the life before keeps its priority") {
    GroupsRig rig(by_priority());
    rig.start();
    rig.put_at(2, "a2");
    rig.put_at(5, "a5");
    rig.EngineRig::settle();
    const Got a5 = rig.take_one();
    rig.commit();
    rig.kill();
    CHECK(rig.settle(ZB_SETTLE_RETRY, a5, 0) == ZB_TAKEN);
    rig.put_at(4, "a4");
    rig.EngineRig::settle();
    CHECK(rig.take_now(1).empty());
    rig.wait(seconds(2));
    CHECK(drink(rig) == "a5 a4 a2");
}

TEST_CASE("what was overtaken is there after a restart, in order; what was acked is not") {
    GroupsRig rig(by_priority());
    rig.start();
    rig.put_at(0, "a0");
    rig.put_at(7, "a7");
    rig.put_at(3, "a3");
    rig.EngineRig::settle();
    CHECK(rig.ack(rig.take_one()) == ZB_TAKEN);
    SUBCASE("in order") {
        rig.restart_clean();
    }
    SUBCASE("of a kill") {
        rig.commit();
        rig.kill();
        CHECK(rig.take_now(1).empty());  // somebody may have one of a higher priority
        rig.wait(seconds(2));
    }
    rig.put_at(2, "a2");
    rig.EngineRig::settle();
    CHECK(drink(rig) == "a3 a2 a0");
}

TEST_CASE("what was not seen goes back among those of its priority") {
    GroupsRig rig(by_priority());
    rig.start();
    rig.put_at(5, "a5");
    rig.put_at(5, "b5");
    rig.put_at(9, "a9");
    rig.EngineRig::settle();
    const Got a9 = rig.take_one();
    const Got a5 = rig.take_one();
    CHECK(rig.settle(ZB_SETTLE_RELEASE, a5) == ZB_TAKEN);
    CHECK(rig.settle(ZB_SETTLE_RELEASE, a9) == ZB_TAKEN);
    CHECK(drink(rig) == "a9 a5 b5");
    CHECK(rig.g().in_doubt() == 0);
}

TEST_CASE("what the filter does not let through is not looked at") {
    GroupsRig rig(by_priority({{"filter", "yes"}, {"look_ahead", "2"}}));
    rig.start();
    for (int i = 0; i < 5; i++)
        rig.put_at(9, "no", "no");
    rig.put_at(1, "a1", "yes");
    rig.put_at(2, "a2", "yes");
    rig.EngineRig::settle();
    CHECK(drink(rig) == "a2 a1");
    CHECK(rig.g().counters().filtered == 5);
    CHECK(rig.g().lag() == 0);
}

TEST_CASE("a dead letter keeps its priority") {
    GroupsRig rig(by_priority());
    rig.start();
    rig.put_at(7, "a7");
    rig.EngineRig::settle();
    CHECK(rig.settle(ZB_SETTLE_REJECT, rig.take_one()) == ZB_TAKEN);
    rig.commit();
    std::vector<zb_run> runs(4);
    uint32_t count = 0;
    CHECK(rig.engine->read(rig.self(), rig.handle("g-dead"), 0, 1 << 20, runs.data(), 4, &count) ==
          ZB_TAKEN);
    REQUIRE(count == 1);
    CHECK(priority_in({runs[0].attributes.data, runs[0].attributes.size}) == 7);
}

TEST_CASE("a backlog that is on the disk is looked at before any of it is given") {
    GroupsRig rig(by_priority());
    rig.option("hot_memory", "1MiB");
    rig.option("read_memory", "1MiB");
    rig.start();
    const std::string filling(2000, '.');
    for (int i = 0; i < 2000; i++) {
        while (rig.engine->has_room(rig.self()) == 0)
            rig.turn();
        rig.put_at(i == 1990 ? 9 : 1, std::to_string(i) + filling);
    }
    rig.EngineRig::settle();
    rig.restart_clean();
    std::vector<Got> got;
    for (int turns = 0; turns < 10'000 && got.empty(); turns++) {
        got = rig.take_now(1);
        rig.turn();
    }
    REQUIRE(!got.empty());
    CHECK(got[0].offset == 1990);
    CHECK(rig.take_one().offset == 0);
    CHECK(rig.g().levels().offsets() == 1998);
}

TEST_CASE("nobody is overtaken by more than kSpanMax later ones") {
    GroupsRig rig(by_priority({{"look_ahead", "1000"}, {"max_in_flight", "100000"}}));
    rig.start();
    rig.put_at(0, "low");
    uint64_t overtaken = 0, published = 0;
    while (overtaken <= Group::kSpanMax) {
        for (; published < overtaken + 10'000; published++)
            rig.put_at(1, ".");
        rig.EngineRig::settle();
        const auto got = rig.take_now(5000);
        REQUIRE(!got.empty());
        const auto is_low = [](const Got& each) { return each.body == "low"; };
        if (std::any_of(got.begin(), got.end(), is_low)) break;
        zb_settlement acks{};
        acks.size = sizeof(acks);
        acks.token = got.front().token;
        acks.count = static_cast<uint32_t>(got.size());
        zb_settled settled{};
        CHECK(rig.engine->settle(rig.self(), rig.id(), &acks, nullptr, 0, &settled) == ZB_TAKEN);
        CHECK(settled.stale == 0);
        overtaken += got.size();
    }
    CHECK(overtaken > Group::kSpanMax - 10'000);
    CHECK(overtaken < Group::kSpanMax);
    rig.commit();
    CHECK(rig.g().exceptions().size() <= 1);  // it, whose lease holds the floor
}

TEST_CASE("of very many retries that are due together the highest still goes first") {
    GroupsRig rig(by_priority({{"max_in_flight", "100000"}}));
    rig.start();
    const size_t all = Group::kRipenMax + 100;
    for (size_t i = 0; i < all; i++)
        rig.put_at(i + 1 == all ? 9 : 1, std::to_string(i));
    rig.EngineRig::settle();
    size_t retried = 0;
    while (retried < all) {
        const auto got = rig.take(1000);
        REQUIRE_FALSE(got.empty());
        for (const Got& each : got)
            CHECK(rig.settle(ZB_SETTLE_RETRY, each) == ZB_TAKEN);
        retried += got.size();
    }
    rig.commit();
    rig.clock.advance(seconds(1));
    // It has looked at kRipenMax of them, the highest is not among these: nothing is given.
    CHECK(rig.take_now(1).empty());
    CHECK(rig.g().next_due() == Duration(0));
    CHECK(rig.take_body() == std::to_string(all - 1));
    CHECK(rig.take_body() == "0");
}
