// mode: broadcast.
#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/admin_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

using With = AdminRig::Options;

With broadcast(With more = {}) {
    more.emplace_back("mode", "broadcast");
    more.emplace_back("start", "earliest");
    more.emplace_back("retry.backoff", "1s");
    return more;
}

// All that this consumer is given, each acked.
std::string drink(AdminRig& rig, const std::string& consumer) {
    CHECK(rig.join(consumer));
    std::string all;
    for (Got got = rig.take_one(); !got.body.empty(); got = rig.take_one()) {
        CHECK(rig.ack(got) == ZB_TAKEN);
        all += (all.empty() ? "" : " ") + got.body;
    }
    rig.leave();
    return all;
}

std::string put(AdminRig& rig, const std::string& body) {
    rig.asking = ZB_NO_GROUP;
    rig.GroupsRig::put(body);
    return body;
}

msgpack::object consumer(const AdminRig::Said& shown, const std::string& name) {
    return AdminRig::Said::at(shown.at("consumers"), name);
}

}  // namespace

TEST_CASE("each named consumer is given every message, from where it stood, over restarts") {
    AdminRig rig(broadcast());
    rig.start();
    put(rig, "0");
    put(rig, "1");
    CHECK(drink(rig, "a") == "0 1");
    put(rig, "2");
    CHECK(drink(rig, "b") == "0 1 2");
    SUBCASE("") {}
    SUBCASE("in order") {
        rig.restart_clean();
    }
    SUBCASE("of kills") {
        rig.commit();
        rig.kill();
    }
    put(rig, "3");
    CHECK(drink(rig, "b") == "3");
    CHECK(drink(rig, "a") == "2 3");
    CHECK(drink(rig, "a").empty());
}

TEST_CASE("retries, leases and attempts are of the consumer that has them") {
    AdminRig rig(broadcast());
    rig.start();
    put(rig, "0");
    CHECK(rig.join("a"));
    const Got got = rig.take_one();
    CHECK(rig.settle(ZB_SETTLE_RETRY, got) == ZB_TAKEN);
    CHECK(drink(rig, "b") == "0");
    CHECK(rig.join("a"));
    CHECK(rig.take_now(1).empty());
    rig.wait(seconds(1));
    const Got again = rig.take_one();
    CHECK(again.attempt == 2);
    // A token is of that consumer's delivery alone.
    CHECK(rig.join("b"));
    CHECK(rig.ack(again) == ZB_STALE);
    CHECK(rig.join("a"));
    CHECK(rig.ack(again) == ZB_TAKEN);
}

TEST_CASE("a name that is none, or one too many, is refused, and why is said") {
    AdminRig rig(broadcast({{"max_consumers", "2"}}));
    rig.start();
    for (const std::string& wrong : {std::string(), std::string("a b"), std::string("a%b"),
                                     std::string(64, 'a'), std::string("\0\x80", 2)}) {
        CHECK_FALSE(rig.join(wrong));
        CHECK(rig.why_not.find("names a consumer") != std::string::npos);
    }
    CHECK(rig.join("a"));
    CHECK(rig.join(std::string(63, 'b')));
    CHECK_FALSE(rig.join("c"));
    CHECK(rig.why_not.find("max_consumers") != std::string::npos);
    CHECK(rig.join("a"));
}

TEST_CASE("nobody shares a broadcast; one that is shared knows no names") {
    AdminRig rig(broadcast());
    rig.group("shared", {{"topic", "t"}});
    rig.start();
    put(rig, "0");
    CHECK(rig.take_now(1).empty());
    CHECK(drink(rig, "a") == "0");
    zb_view reason{};
    CHECK(rig.engine->join(rig.self(), rig.id("shared"), view_of(std::string("a")), &reason) ==
          ZB_NO_GROUP);
    CHECK(std::string(reason.data, reason.size) == "the group shared is shared");
}

TEST_CASE("a consumer's place holds the topic until it was gone for `forget`, or is removed") {
    AdminRig rig(broadcast({{"forget", "1h"}}));
    rig.topics.clear();
    rig.topic("t", {{"retention.count", "1"}, {"retention.unread", "keep"}});
    rig.start();
    CHECK(rig.join("slow"));
    rig.leave();
    for (int i = 0; i < 5; i++)
        put(rig, std::to_string(i));
    CHECK(drink(rig, "fast") == "0 1 2 3 4");
    rig.commit();
    rig.wait(seconds(2));
    CHECK(rig.engine->bounds(rig.self(), rig.handle("t")).floor == 0);
    SUBCASE("gone for long") {
        rig.clock.advance(minutes(59));
        rig.turn();
        CHECK(rig.show().at("consumers").via.map.size == 2);
        CHECK(rig.join("fast"));  // it stays for as long as it is connected
        rig.clock.advance(minutes(2));
        rig.turn();
    }
    SUBCASE("removed") {
        rig.ask("group rm", {{"group", std::string("g")}, {"consumer", std::string("slow")}});
    }
    SUBCASE("gone for long, over a restart: not within kForgetGrace of it") {
        rig.stop();
        rig.asking = ZB_NO_GROUP;
        rig.clock.advance(hours(2));
        rig.start();
        rig.wait(seconds(2));
        CHECK(rig.show().at("consumers").via.map.size == 2);
        CHECK(drink(rig, "fast").empty());
        rig.wait(Groups::kForgetGrace);
    }
    rig.commit();
    rig.wait(seconds(2));
    const auto shown = rig.show();
    CHECK(consumer(shown, "slow").type == msgpack::type::NIL);
    CHECK(rig.engine->bounds(rig.self(), rig.handle("t")).floor == 4);
    CHECK(drink(rig, "slow") == "4");  // it begins as a new one does
}

TEST_CASE("group show tells of each consumer; of all of them the sum, and the largest lag") {
    AdminRig rig(broadcast());
    rig.start();
    for (int i = 0; i < 3; i++)
        put(rig, std::to_string(i));
    CHECK(drink(rig, "a") == "0 1 2");
    CHECK(rig.join("b"));
    CHECK(rig.ack(rig.take_one()) == ZB_TAKEN);
    (void)rig.take_one();
    rig.clock.advance(seconds(9));
    const auto shown = rig.show();
    CHECK(shown.text("mode") == "broadcast");
    CHECK(shown.number("lag") == 2);
    CHECK(shown.number("acked") == 4);
    CHECK(shown.number("in_flight") == 1);
    using Said = AdminRig::Said;
    CHECK(Said::at(consumer(shown, "b"), "connected").as<bool>());
    CHECK(Said::at(consumer(shown, "b"), "lag").as<int>() == 2);
    CHECK_FALSE(Said::at(consumer(shown, "a"), "connected").as<bool>());
    CHECK(Said::at(consumer(shown, "a"), "gone_s").as<int>() == 9);
}

TEST_CASE("one consumer alone is shown, reset and removed; one that is connected is not removed") {
    AdminRig rig(broadcast());
    rig.start();
    put(rig, "0");
    CHECK(drink(rig, "a") == "0");
    CHECK(drink(rig, "b") == "0");
    const std::string g = "g", a = "a", b = "b", c = "c", earliest = "earliest";
    CHECK(rig.ask("group reset", {{"group", g}, {"consumer", a}, {"to", earliest}}).result ==
          ZB_OK);
    CHECK(drink(rig, "a") == "0");
    CHECK(drink(rig, "b").empty());
    CHECK(rig.ask("group show", {{"group", g}, {"consumer", b}}).number("lag") == 0);
    CHECK(rig.ask("group rm", {{"group", g}, {"consumer", c}}).result == ZB_NOT_FOUND);
    CHECK(rig.join("b"));
    CHECK(rig.ask("group rm", {{"group", g}, {"consumer", b}}).result == ZB_WRONG_STATE);
    rig.leave();
    CHECK(rig.ask("group rm", {{"group", g}, {"consumer", b}}).result == ZB_OK);
    CHECK(drink(rig, "b") == "0");
    // Reset and paused as a whole, all of them are.
    CHECK(rig.ask("group pause", {{"group", g}}).result == ZB_OK);
    CHECK(rig.ask("group reset", {{"group", g}, {"to", earliest}}).result == ZB_OK);
    CHECK(drink(rig, "a").empty());
    CHECK(drink(rig, "new").empty());
    CHECK(rig.ask("group resume", {{"group", g}}).result == ZB_OK);
    for (const char* each : {"a", "b", "new"})
        CHECK(drink(rig, each) == "0");
}

TEST_CASE("out of the file a group's consumers wait, and they go with it") {
    AdminRig rig(broadcast());
    rig.start();
    put(rig, "0");
    CHECK(drink(rig, "a") == "0");
    rig.commit();
    rig.stop();
    rig.asking = ZB_NO_GROUP;
    rig.groups.clear();
    rig.start();
    CHECK(rig.show().text("state") == "unconfigured");
    CHECK(rig.show().at("consumers").via.map.size == 1);
    CHECK(rig.ask("group rm", {{"group", std::string("g")}}).result == ZB_OK);
    rig.commit();
    rig.stop();
    rig.group("g", broadcast({{"topic", "t"}}));
    rig.start();
    CHECK(rig.show().at("consumers").via.map.size == 0);
    CHECK(drink(rig, "a") == "0");
}

TEST_CASE("a group of a name that a consumer has cannot be") {
    AdminRig rig(broadcast());
    rig.start();
    CHECK(rig.join("a"));
    rig.commit();
    rig.stop();
    rig.group("g%a", {{"topic", "t"}});
    CHECK_THROWS(rig.start());
}

TEST_CASE("half of the numbers are not for consumers: names come and go, groups of the file stay") {
    AdminRig rig(broadcast());
    rig.start();
    Groups& groups = border::self<Engine>(rig.self()).plugin->groups();
    Group& of = rig.g();
    std::string why;
    GroupId last;
    while (const Group* made = groups.join(of, "one", why)) {
        last = made->id();
        groups.remove(last);
        if (last.number() % 1000 == 0) rig.turn();
        REQUIRE(last.number() < Groups::kPartIdMax);
    }
    CHECK(why == "there are too many groups");
    CHECK(last == GroupId(Groups::kPartIdMax - 1));
    rig.restart_clean();
    CHECK_FALSE(rig.join("one"));
    rig.asking = ZB_NO_GROUP;
    rig.stop();
    rig.group("h", {{"topic", "t"}});
    rig.start();
    CHECK(rig.show("h").result == ZB_OK);
}
