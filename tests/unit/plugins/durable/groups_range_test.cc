// A range that a group is given again: group reset --to --until.
#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/admin_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::seconds;

namespace {

using With = AdminRig::Options;
const std::string g = "g";

std::string drink(AdminRig& rig) {
    std::string all;
    for (Got got = rig.take_one(); !got.body.empty(); got = rig.take_one()) {
        CHECK(rig.ack(got) == ZB_TAKEN);
        all += (all.empty() ? "" : " ") + got.body;
    }
    return all;
}

AdminRig::Said again(AdminRig& rig, uint64_t from, uint64_t until) {
    return rig.ask("group reset", {{"group", g}, {"offset", from}, {"until_offset", until}});
}

}  // namespace

TEST_CASE("a range is given again, nothing else, and then the group goes on where it was") {
    AdminRig rig(With{{"start", "earliest"}, {"retry.backoff", "1s"}});
    rig.start();
    rig.put_many(0, 6);
    CHECK(drink(rig) == "0 1 2 3 4 5");
    rig.put_many(6, 8);
    const auto said = again(rig, 2, 4);
    CHECK(said.result == ZB_OK);
    CHECK(said.number("offset") == 2);
    CHECK(said.number("until") == 4);
    CHECK(rig.show().text("held") == "a range is given again");
    SUBCASE("") {}
    SUBCASE("over a restart") {
        rig.restart_clean();
    }
    SUBCASE("over a kill") {
        rig.commit();
        rig.kill();
        rig.wait(seconds(2));
    }
    const Got two = rig.take_one();
    const Got three = rig.take_one();
    CHECK(two.body == "2");
    CHECK(three.body == "3");
    CHECK(rig.take_now(1).empty());  // the rest comes when these are settled
    CHECK(rig.ack(two) == ZB_TAKEN);
    CHECK(rig.settle(ZB_SETTLE_RETRY, three) == ZB_TAKEN);
    CHECK(rig.take_now(1).empty());
    rig.wait(seconds(1));
    const Got retried = rig.take_one();
    CHECK(retried.body == "3");
    CHECK(retried.attempt == 2);
    CHECK(rig.ack(retried) == ZB_TAKEN);
    CHECK(drink(rig) == "6 7");
    CHECK(rig.show().text("held").empty());
    CHECK(rig.show().at("range").type == msgpack::type::NIL);
    rig.restart_clean();
    CHECK(drink(rig).empty());
}

TEST_CASE("who waits is told when there is a range, and when it has ended") {
    AdminRig rig(With{{"start", "earliest"}});
    rig.start();
    rig.put_many(0, 2);
    CHECK(drink(rig) == "0 1");
    rig.turn();
    rig.ready.clear();
    CHECK(again(rig, 0, 1).result == ZB_OK);
    rig.turn();
    CHECK(rig.ready == std::set<uint32_t>{rig.id()});
    const Got got = rig.take_one();
    rig.put_many(2, 3);
    CHECK(rig.take_now(1).empty());
    rig.ready.clear();
    CHECK(rig.ack(got) == ZB_TAKEN);
    rig.turn();
    CHECK(rig.ready.size() == 1);
    CHECK(drink(rig) == "2");
}

TEST_CASE("what was given before is settled as ever while a range is given again") {
    AdminRig rig(With{{"start", "earliest"}});
    rig.start();
    rig.put_many(0, 3);
    const Got zero = rig.take_one();
    const Got one = rig.take_one();
    CHECK(rig.ack(zero) == ZB_TAKEN);
    CHECK(again(rig, 0, 1).result == ZB_OK);
    CHECK(rig.ack(one) == ZB_TAKEN);
    CHECK(drink(rig) == "0 2");
}

TEST_CASE("a dead letter of a range is of the group, and ends it too") {
    AdminRig rig(With{{"start", "earliest"}});
    rig.start();
    rig.put_many(0, 2);
    CHECK(drink(rig) == "0 1");
    CHECK(again(rig, 0, 2).result == ZB_OK);
    CHECK(rig.settle(ZB_SETTLE_REJECT, rig.take_one()) == ZB_TAKEN);
    CHECK(rig.ack(rig.take_one()) == ZB_TAKEN);
    rig.commit();
    CHECK(rig.show().at("range").type == msgpack::type::NIL);
    CHECK(rig.dead() == std::vector<std::string>{"0"});
}

TEST_CASE("what was never given is no range; another reset takes its place") {
    AdminRig rig(With{{"start", "earliest"}});
    rig.start();
    rig.put_many(0, 4);
    for (int i = 0; i < 2; i++)
        CHECK(rig.ack(rig.take_one()) == ZB_TAKEN);
    CHECK(again(rig, 2, 4).result == ZB_INVALID);
    CHECK(again(rig, 1, 1).result == ZB_INVALID);
    const auto cut = again(rig, 1, 4);
    CHECK(cut.number("until") == 2);
    CHECK(again(rig, 0, 1).result == ZB_OK);
    CHECK(drink(rig) == "0 2 3");
    CHECK(again(rig, 0, 1).result == ZB_OK);
    CHECK(rig.ask("group reset", {{"group", g}, {"offset", uint64_t{3}}}).result == ZB_OK);
    CHECK(drink(rig) == "3");
}

TEST_CASE("a range is given again by priority too") {
    AdminRig rig(With{{"start", "earliest"}, {"order", "priority"}});
    rig.start();
    for (uint32_t i = 0; i < 4; i++)
        rig.put_at(i, std::to_string(i));
    rig.EngineRig::settle();
    CHECK(drink(rig) == "3 2 1 0");
    rig.put_at(9, "9");
    rig.EngineRig::settle();
    CHECK(again(rig, 1, 3).result == ZB_OK);
    CHECK(drink(rig) == "2 1 9");
}

TEST_CASE("bytes in flight are bounded, and it is said why nothing more is given") {
    AdminRig rig(With{{"start", "earliest"}, {"max_in_flight_bytes", "100B"}});
    rig.start();
    for (int i = 0; i < 4; i++)
        rig.put(std::string(60, static_cast<char>('a' + i)));
    std::vector<Got> out = rig.take(10);
    REQUIRE(out.size() == 2);  // the second one reaches it
    CHECK(rig.show().text("held") == "as many bytes in flight as may be");
    CHECK(rig.show().number("in_flight_bytes") == 2 * 62);
    CHECK(rig.take_now(1).empty());
    CHECK(rig.ack(out[0]) == ZB_TAKEN);
    CHECK(rig.show().text("held").empty());
    CHECK(rig.show().number("in_flight_bytes") == 62);
    CHECK(rig.take_now(10).size() == 1);
    CHECK(rig.settle(ZB_SETTLE_RETRY, out[1], 60'000) == ZB_TAKEN);
    CHECK(rig.show().number("in_flight_bytes") == 62);
}

TEST_CASE("while as much is in flight as may be, a retry that is due asks for no turn") {
    AdminRig rig(With{{"start", "earliest"}, {"max_in_flight", "1"}, {"lease", "30s"}});
    rig.start();
    rig.put_many(0, 2);
    CHECK(rig.settle(ZB_SETTLE_RETRY, rig.take_one(), 0) == ZB_TAKEN);
    (void)rig.take_one();
    CHECK(rig.take_now(1).empty());
    REQUIRE(rig.g().next_due().has_value());
    CHECK(*rig.g().next_due() > seconds(20));
}

TEST_CASE("half of the numbers are not for ranges: then none is given again") {
    AdminRig rig(With{{"start", "earliest"}});
    rig.start();
    rig.put_many(0, 2);
    CHECK(drink(rig) == "0 1");
    Groups& groups = border::self<Engine>(rig.self()).plugin->groups();
    for (uint32_t made = groups.make_marks(TopicId(0))->id().number();
         made + 1 < Groups::kPartIdMax;) {
        REQUIRE(groups.give_again(rig.g().id(), {0}, {1}));
        made = groups.range_of(rig.g().id())->id().number();
        if (made % 1000 == 0) rig.turn();
    }
    const auto said = again(rig, 0, 1);
    CHECK(said.result == ZB_FAILED);
    CHECK(said.body == "there are too many groups");
}
