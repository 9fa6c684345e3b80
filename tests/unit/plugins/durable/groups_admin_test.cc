// What an operator sees of groups, and does with them.
#include "plugins/durable/admin/groups_admin.h"

#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/admin_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::seconds;

using Said = AdminRig::Said;
using With = AdminRig::Options;

namespace {

const std::string g = "g";

// The file names neither the group `g` nor its topic any more.
void take_out_of_file(AdminRig& rig) {
    rig.stop();
    rig.topics.clear();
    rig.topic("u");
    rig.groups.clear();
    rig.group("h", {{"topic", "u"}});
    rig.start();
}

}  // namespace

TEST_CASE("groups are listed with what they have given and what waits") {
    AdminRig rig(With{{"retry.backoff", "10s"}, {"retry.attempts", "3"}});
    rig.start();
    CHECK(rig.ask("group ls", {}).all().via.array.size == 1);
    CHECK(rig.show().at("oldest_age_s").type == msgpack::type::NIL);
    rig.let_die("0");
    rig.put_many(1, 6);
    CHECK(rig.ack(rig.take_one()) == ZB_TAKEN);
    CHECK(rig.settle(ZB_SETTLE_RETRY, rig.take_one()) == ZB_TAKEN);
    rig.take(1);
    rig.commit();
    rig.clock.advance(seconds(7));
    const Said its = rig.show();
    CHECK(its.text("name") == "g");
    CHECK(its.text("topic") == "t");
    CHECK(its.text("state") == "configured");
    CHECK(its.text("held").empty());
    CHECK(its.number("lag") == 4);
    CHECK(its.number("oldest_age_s") == 7);
    CHECK(its.number("in_flight") == 1);
    CHECK(its.number("retries") == 1);
    CHECK(its.number("parked") == 0);
    CHECK(its.number("dead") == 1);
    CHECK(its.number("given") == 4);
    CHECK(its.number("acked") == 1);
    CHECK(its.number("retried") == 1);
    CHECK(its.number("died") == 1);
    CHECK(its.text("dead_letter") == "g-dead");
    CHECK(its.number("lease_ms") == 60'000);
    const auto status = rig.ask("status", {});
    CHECK(Said::at(status.list("groups").at(0), "lag").as<int>() == 4);
}

TEST_CASE("what was lost is counted as dropped, what was settled too late as late") {
    AdminRig rig;
    rig.start();
    rig.put_many(0, 3);
    const Got got = rig.take_one();
    rig.ack(got);
    rig.ack(got);
    CHECK(rig.show().number("late") == 1);
    rig.restart_clean();  // it reads ahead
    CHECK(rig.ask("topic purge", {{"topic", std::string("t")}, {"below", 2UL}}).result == ZB_OK);
    CHECK(rig.take_body() == "2");
    CHECK(rig.show().number("dropped_retention") == 1);
}

TEST_CASE("pending: what is leased, waits for a retry, or for its key") {
    AdminRig rig(With{{"retry.backoff", "10s"}, {"order", "per_key"}});
    rig.start();
    for (const std::string body : {"a", "b", "c"})
        rig.put(body, "k");
    rig.put("d", "l");
    const Got first = rig.take_one(7);
    CHECK(rig.take_body(8) == "d");
    rig.settle(ZB_SETTLE_RETRY, first);
    rig.commit();
    const Said pending = rig.ask("group pending", {{"group", g}});
    REQUIRE(pending.list("leased").size() == 1);
    const auto leased = pending.list("leased")[0];
    CHECK(Said::at(leased, "offset").as<int>() == 3);
    CHECK(Said::at(leased, "count").as<int>() == 1);
    CHECK(Said::at(leased, "consumer").as<int>() == 8);
    CHECK(Said::at(leased, "attempt").as<int>() == 1);
    CHECK(Said::at(leased, "until_ms").as<int64_t>() > rig.clock.wall_us() / 1000 + 59'000);
    REQUIRE(pending.list("retries").size() == 1);
    CHECK(Said::at(pending.list("retries")[0], "offset").as<int>() == 0);
    CHECK(Said::at(pending.list("retries")[0], "attempts").as<int>() == 1);
    REQUIRE(pending.list("parked").size() == 2);
    CHECK(Said::at(pending.list("parked")[1], "offset").as<int>() == 2);
    CHECK(rig.ask("group pending", {{"group", g}, {"max", 1UL}}).list("parked").size() == 1);
    CHECK(pending.list("in_doubt").empty());
    rig.kill();
    CHECK(rig.ask("group pending", {{"group", g}}).list("in_doubt").size() == 1);
}

TEST_CASE("a group begins again where it is told to, within what its topic has") {
    AdminRig rig;
    rig.start();
    rig.put_many(0, 3);
    rig.clock.advance(seconds(10));
    rig.put_many(3, 5);
    for (const Got& got : rig.take(5))
        rig.ack(got);
    CHECK(rig.take_body() == "");
    const auto to = [&](const char* name, const AdminRig::Value& value) {
        return rig.ask("group reset", {{"group", g}, {name, value}});
    };
    SUBCASE("an offset") {
        const Said said = to("offset", 1UL);
        CHECK(said.number("offset") == 1);
        CHECK(said.number("lag") == 4);
        rig.lose_power();
        rig.start();
        CHECK(rig.take_body() == "1");
    }
    SUBCASE("a time") {
        CHECK(to("time_ms", 1'700'000'005'000UL).number("offset") == 3);
        CHECK(rig.take_body() == "3");
    }
    SUBCASE("its topic's first message, its last one") {
        CHECK(rig.ask("topic purge", {{"topic", std::string("t")}, {"below", 2UL}}).result ==
              ZB_OK);
        CHECK(to("to", std::string("earliest")).number("offset") == 2);
        CHECK(rig.take_body() == "2");
        CHECK(to("to", std::string("latest")).number("offset") == 5);
        CHECK(rig.take_body() == "");
        const Said low = to("offset", 1UL);
        CHECK(low.result == ZB_INVALID);
        CHECK(low.body == "`t` has the offsets 2 to 5, not 1");
        CHECK(to("offset", 6UL).result == ZB_INVALID);
        CHECK(rig.ask("group reset", {{"group", g}}).result == ZB_INVALID);
    }
}

TEST_CASE("a group that is paused gives nothing until it is resumed, also over a restart") {
    AdminRig rig;
    rig.start();
    rig.put_many(0, 2);
    CHECK(rig.ask("group pause", {{"group", g}}).result == ZB_OK);
    CHECK(rig.take_body() == "");
    CHECK(rig.show().text("held") == "paused");
    rig.lose_power();
    rig.start();
    CHECK(rig.take_body() == "");
    rig.ready.clear();
    CHECK(rig.ask("group resume", {{"group", g}}).result == ZB_OK);
    CHECK(rig.ready.size() == 1);
    CHECK(rig.take_body() == "0");
}

TEST_CASE("a group that is not in the file is kept until it is removed, for good") {
    AdminRig rig;
    rig.start();
    CHECK(rig.ask("group rm", {{"group", g}}).body == "`g` is in the file: remove it there first");
    rig.let_die("0");
    rig.put_many(1, 3);
    take_out_of_file(rig);
    CHECK(rig.show().text("state") == "unconfigured");
    CHECK(rig.show().number("lag") == 2);
    CHECK(rig.show().number("dead") == 1);
    CHECK(rig.ask("group reset", {{"group", g}, {"offset", 0UL}}).result == ZB_WRONG_STATE);
    const auto refused = rig.ask("topic rm", {{"topic", std::string("t")}});
    CHECK(refused.result == ZB_WRONG_STATE);
    CHECK(refused.body == "`t` is read by the group `g`: remove that first");
    CHECK(rig.ask("group rm", {{"group", g}}).result == ZB_OK);
    CHECK(rig.show().result == ZB_NOT_FOUND);
    CHECK(rig.dead().size() == 1);  // who looks for them finds them
    CHECK(rig.ask("topic rm", {{"topic", std::string("t")}}).result == ZB_OK);
    rig.lose_power();
    rig.start();
    CHECK(rig.show().result == ZB_NOT_FOUND);
    CHECK(rig.ask("group ls", {}).all().via.array.size == 1);
}

TEST_CASE("a group that the file does not name keeps what it was about to give up") {
    AdminRig rig(With{{"retry.attempts", "30"}, {"retry.backoff", "1ms"}});
    rig.topics.insert(rig.topics.begin(), {"first", {}});  // so that its own is another one
    rig.start();
    rig.put("a");
    for (int i = 0; i < 20; i++) {
        rig.settle(ZB_SETTLE_RETRY, rig.take_one(), 0);
        rig.clock.advance(seconds(1));
    }
    rig.commit();
    take_out_of_file(rig);
    CHECK(rig.show().number("lag") == 1);
    CHECK(rig.show().number("dropped_retention") == 0);
}

TEST_CASE("what was purged before it was given is no lag") {
    AdminRig rig;
    rig.start();
    rig.put_many(0, 5);
    CHECK(rig.show().number("lag") == 5);
    CHECK(rig.ask("topic purge", {{"topic", std::string("t")}, {"below", 3UL}}).result == ZB_OK);
    CHECK(rig.show().number("lag") == 2);
    CHECK(rig.ask("topic purge", {{"topic", std::string("t")}, {"below", 5UL}}).result == ZB_OK);
    CHECK(rig.show().number("lag") == 0);
}

TEST_CASE("a topic of dead letters goes with what is known of it") {
    AdminRig rig;
    rig.start();
    rig.let_die("0");
    rig.let_die("1");
    CHECK(rig.ask("dead rm", {{"group", g}, {"offset", 1UL}}).number("removed") == 1);
    CHECK(rig.ask("topic rm", {{"topic", std::string("g-dead")}}).result == ZB_OK);
    CHECK(rig.dead().empty());
    rig.let_die("2");
    CHECK(rig.dead().size() == 1);
    rig.lose_power();
    rig.start();
    CHECK(rig.dead().size() == 1);
    CHECK(rig.show().number("dead") == 1);
}

TEST_CASE("of groups, too, what cannot be is refused with a sentence") {
    AdminRig rig;
    rig.start();
    CHECK(rig.show("no").body == "there is no group `no`");
    CHECK(rig.ask("group kick", {{"group", g}}).result == ZB_UNSUPPORTED);
    CHECK(rig.ask("group show", {{"group", 7UL}}).result == ZB_INVALID);
    rig.disk.fail(SimDisk::Operation::kSyncData, Code::kIo);
    rig.publish("t", "x");
    for (int i = 0; i < 100 && rig.told.failures.empty(); i++)
        rig.turn();
    CHECK(rig.ask("group pause", {{"group", g}}).result == ZB_FAILED);
    CHECK(rig.show().result == ZB_OK);
}
