// A group's deliveries: shared, settled, given again.
#include "tests/unit/plugins/durable/groups_rig.h"

#include <doctest/doctest.h>

#include "plugins/durable/topics/attributes.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::milliseconds, std::chrono::seconds, std::chrono::hours;

using With = GroupsRig::Options;

TEST_CASE("consumers of a group share its messages, each goes to one") {
    GroupsRig rig;
    rig.start();
    rig.put_many(0, 4);
    CHECK(rig.take_body(1) == "0");
    CHECK(rig.take_body(2) == "1");
    const auto rest = rig.take(10, 1);
    REQUIRE(rest.size() == 2);
    CHECK(rest[0].body == "2");
    CHECK(rest[1].body == "3");
    CHECK(rig.take_now(1).empty());
    CHECK(rig.g().in_flight() == 4);
}

TEST_CASE("a new group begins at what is new, or where its options say") {
    GroupsRig rig;
    rig.topic("u");
    rig.group("early", {{"topic", "t"}, {"start", "earliest"}});
    rig.start();
    rig.put("a");
    rig.stop();
    rig.group("late", {{"topic", "t"}});
    rig.group("third", {{"topic", "t"}, {"start", "1"}});
    rig.start();
    rig.put("b");
    const auto floor_of = [&](const std::string& name) {
        return border::self<Engine>(rig.self()).plugin->groups().find(name)->floor().number;
    };
    CHECK(floor_of("early") == 0);
    CHECK(floor_of("late") == 1);
    CHECK(floor_of("third") == 1);
    CHECK(rig.take_body() == "a");
}

TEST_CASE("what is acked is never given again, also after a restart") {
    GroupsRig rig;
    rig.start();
    rig.put_many(0, 5);
    const auto got = rig.take(5);
    REQUIRE(got.size() == 5);
    CHECK(rig.ack(got[1]) == ZB_TAKEN);
    CHECK(rig.ack(got[3]) == ZB_TAKEN);
    CHECK(rig.ack(got[0]) == ZB_TAKEN);
    CHECK(rig.g().floor().number == 2);

    SUBCASE("in order") {
        rig.restart_clean();
    }
    SUBCASE("or not") {
        rig.commit();
        rig.kill();
        CHECK(rig.take_now(1).empty());  // others may still be at work
        rig.wait(seconds(2));
    }
    CHECK(rig.g().floor().number == 2);
    const auto again = rig.take(10);
    REQUIRE(again.size() == 2);
    CHECK(again[0].body == "2");
    CHECK(again[0].attempt == 1);
    CHECK(again[1].body == "4");
    CHECK(rig.take_now(1).empty());
}

TEST_CASE("an ack twice, a token that is none, of another group or another message: stale") {
    GroupsRig rig;
    rig.start();
    rig.put_many(0, 2);
    Got got = rig.take_one();
    CHECK(rig.ack(got) == ZB_TAKEN);
    CHECK(rig.ack(got) == ZB_STALE);
    CHECK(rig.last.stale == 1);
    Got other = got;
    other.token.low++;
    CHECK(rig.ack(other) == ZB_STALE);  // it is there, and nobody has it
    other.token = {};
    CHECK(rig.ack(other) == ZB_STALE);
    Got next = rig.take_one();
    other = next;
    other.token.high ^= uint64_t{1} << 32;
    CHECK(rig.ack(other) == ZB_STALE);
    CHECK(rig.g().counters().stale == 4);
    CHECK(rig.ack(next) == ZB_TAKEN);
}

TEST_CASE("a range is settled with one call; what of it is not open is told") {
    GroupsRig rig;
    rig.start();
    rig.put_many(0, 6);
    const auto got = rig.take(6);
    CHECK(rig.ack(got[2]) == ZB_TAKEN);
    zb_settlement settlement{};
    settlement.size = sizeof(settlement);
    settlement.verdict = ZB_SETTLE_ACK;
    settlement.token = got[0].token;
    settlement.count = 5;
    zb_settled settled{};
    CHECK(rig.engine->settle(rig.self(), rig.id(), &settlement, nullptr, 0, &settled) == ZB_TAKEN);
    CHECK(settled.stale == 1);
    CHECK(rig.g().floor().number == 5);
    CHECK(rig.g().in_flight() == 1);
}

TEST_CASE("a retry comes when it is due, with its attempt, and not before") {
    GroupsRig rig(With{{"retry.attempts", "3"}, {"lease", "1h"}});
    rig.start();
    rig.put("a");
    rig.put("b");
    const Got first = rig.take_one();
    CHECK(rig.settle(ZB_SETTLE_RETRY, first, 5000) == ZB_TAKEN);
    CHECK(rig.g().floor().number == 1);  // it does not wait for the retry
    CHECK(rig.ack(first) == ZB_STALE);
    CHECK(rig.ack(rig.take_one()) == ZB_TAKEN);
    rig.wait(milliseconds(4999));
    CHECK(rig.take_now(1).empty());
    SUBCASE("in one life") {
        rig.wait(milliseconds(1));
    }
    SUBCASE("over a restart") {
        rig.commit();
        rig.kill();
        CHECK(rig.take_now(1).empty());
        rig.wait(seconds(2));  // somebody may have it
    }
    const Got second = rig.take_one();
    CHECK(second.body == "a");
    CHECK(second.attempt == 2);
    CHECK(rig.ack(first) == ZB_STALE);
    CHECK(rig.ack(second) == ZB_TAKEN);
    rig.commit();
    CHECK(rig.g().lag() == 0);
}

TEST_CASE("without a delay a retry waits as the backoff says, the last of it for ever") {
    GroupsRig rig(With{{"retry.backoff", "2s"}, {"retry.attempts", "4"}, {"lease", "1h"}});
    rig.start();
    rig.put("a");
    for (uint32_t attempt = 1; attempt <= 4; attempt++) {
        const Got got = rig.take_one();
        REQUIRE(got.attempt == attempt);
        CHECK(rig.settle(ZB_SETTLE_RETRY, got) == ZB_TAKEN);
        rig.wait(milliseconds(1999));
        CHECK(rig.take_now(1).empty());
        rig.wait(milliseconds(1));
    }
}

TEST_CASE("a lease that ends: another consumer gets the message, and its old token is stale") {
    GroupsRig rig(With{{"lease", "10s"}});
    rig.start();
    rig.put("a");
    const Got first = rig.take_one(1);
    rig.wait(seconds(9));
    CHECK(rig.take_now(1, 2).empty());
    rig.ready.clear();
    rig.wait(seconds(1));
    CHECK(rig.ready.count(rig.id()) == 1);
    const Got second = rig.take_one(2);
    CHECK(second.body == "a");
    CHECK(second.attempt == 2);
    CHECK(rig.ack(first) == ZB_STALE);
    CHECK(rig.ack(second) == ZB_TAKEN);
    CHECK(rig.g().counters().expired == 1);
}

TEST_CASE("an extended lease holds longer, under a new token") {
    GroupsRig rig(With{{"lease", "10s"}});
    rig.start();
    rig.put("a");
    const Got first = rig.take_one();
    rig.wait(seconds(9));
    CHECK(rig.settle(ZB_SETTLE_EXTEND, first, 20'000) == ZB_TAKEN);
    Got longer = first;
    longer.token = rig.last.token;
    rig.wait(seconds(19));
    CHECK(rig.take_now(1).empty());
    CHECK(rig.ack(first) == ZB_STALE);
    CHECK(rig.ack(longer) == ZB_TAKEN);
}

TEST_CASE(
    "what is extended together is behind one new token, also where some between are settled") {
    GroupsRig rig(With{{"lease", "10s"}});
    rig.start();
    rig.put_many(0, 4);
    auto all = rig.take(4);
    REQUIRE(all.size() == 4);
    CHECK(rig.ack(all[1]) == ZB_TAKEN);
    zb_settlement extension{};
    extension.size = sizeof(extension);
    extension.verdict = ZB_SETTLE_EXTEND;
    extension.token = all[0].token;
    extension.count = 4;
    extension.delay_ms = 20'000;
    zb_settled settled{};
    CHECK(rig.engine->settle(rig.self(), rig.id(), &extension, nullptr, 0, &settled) == ZB_TAKEN);
    CHECK(settled.stale == 1);
    for (const uint64_t i : {0, 2, 3}) {
        CHECK(rig.ack(all[i]) == ZB_STALE);
        all[i].token = {settled.token.high, settled.token.low + i};
        CHECK(rig.ack(all[i]) == ZB_TAKEN);
    }
}

TEST_CASE("what was not seen is given again at once, and it is no attempt") {
    GroupsRig rig;
    rig.start();
    rig.put_many(0, 2);
    const Got first = rig.take_one();
    CHECK(rig.settle(ZB_SETTLE_RELEASE, first) == ZB_TAKEN);
    const Got again = rig.take_one(2);
    CHECK(again.body == "0");
    CHECK(again.attempt == 1);
    CHECK(rig.ack(first) == ZB_STALE);
    CHECK(rig.ack(again) == ZB_TAKEN);
}

TEST_CASE("a consumer that goes: another one gets it at once the first time, later with backoff") {
    GroupsRig rig(With{{"retry.backoff", "3s"}});
    rig.start();
    rig.put("a");
    CHECK(rig.settle(ZB_SETTLE_LOST, rig.take_one(1)) == ZB_TAKEN);
    const Got second = rig.take_one(2);
    CHECK(second.attempt == 2);
    CHECK(rig.settle(ZB_SETTLE_LOST, second) == ZB_TAKEN);
    CHECK(rig.take_now(1).empty());
    rig.wait(seconds(3));
    CHECK(rig.take_one(3).attempt == 3);
}

TEST_CASE("after an unclean end an old token settles its message, before others get it") {
    GroupsRig rig(With{{"lease", "1h"}, {"retry.backoff", "1s"}});
    rig.start();
    rig.put_many(0, 3);
    const auto got = rig.take(3);
    CHECK(rig.settle(ZB_SETTLE_RETRY, got[2]) == ZB_TAKEN);
    rig.wait(seconds(1));
    const Got second = rig.take_one();  // of message 2
    rig.commit();
    rig.kill();
    CHECK(rig.g().in_doubt() == 2);
    CHECK(rig.ack(got[0]) == ZB_TAKEN);
    CHECK(rig.ack(got[0]) == ZB_STALE);
    CHECK(rig.ack(got[2]) == ZB_STALE);  // of the attempt before
    CHECK(rig.ack(second) == ZB_TAKEN);
    rig.wait(seconds(2));
    const Got last = rig.take_one();
    CHECK(last.body == "1");
    CHECK(rig.ack(got[1]) == ZB_STALE);  // it is leased again
    CHECK(rig.ack(last) == ZB_TAKEN);
    CHECK(rig.take_now(1).empty());
    CHECK(rig.g().lag() == 0);
}

TEST_CASE("new messages do not wait for those in doubt") {
    GroupsRig rig;
    rig.start();
    rig.put("old");
    (void)rig.take_one();
    rig.commit();
    rig.kill();
    rig.put("new");
    CHECK(rig.take_body() == "new");
    rig.wait(seconds(2));
    CHECK(rig.take_body() == "old");
}

TEST_CASE("too many attempts: the message is a dead letter, with what it died of") {
    GroupsRig rig(With{{"retry.attempts", "1"}, {"retry.backoff", "1s"}});
    rig.start();
    rig.put("bad", "", "tag");
    rig.put("good");
    CHECK(rig.settle(ZB_SETTLE_RETRY, rig.take_one(), 0, "no luck") == ZB_TAKEN);
    CHECK(rig.settle(ZB_SETTLE_RETRY, rig.take_one(), 0, "no luck") == ZB_TAKEN);
    rig.commit();
    CHECK(rig.take_body() == "good");
    const auto dead = rig.read_all("g-dead");
    REQUIRE(dead.size() == 1);
    CHECK(dead[0].second == "bad");
    CHECK(rig.g().counters().dead == 1);
    zb_run run{};
    uint32_t count = 0;
    REQUIRE(rig.engine->read(rig.self(), rig.handle("g-dead"), 0, 1, &run, 1, &count) == ZB_TAKEN);
    const std::string_view attributes{run.attributes.data, run.attributes.size};
    const auto property = [&](std::string_view name) {
        const zb_value value = property_in(attributes, name);
        return value.kind == ZB_INTEGER ? std::to_string(value.integer)
                                        : std::string(value.text.data, value.text.size);
    };
    CHECK(property("dead.topic") == "t");
    CHECK(property("dead.group") == "g");
    CHECK(property("dead.reason") == "no luck");
    CHECK(property("dead.attempts") == "2");
    CHECK(property("dead.id").size() == 26);
    CHECK(text_in(attributes, AttributeKind::kTag) == "tag");

    rig.kill();
    rig.wait(seconds(3));
    CHECK(rig.take_body() == "good");
    CHECK(rig.take_now(1).empty());
    CHECK(rig.read_all("g-dead").size() == 1);
}

TEST_CASE("a rejected message is a dead letter once, and who asked is told when it is durable") {
    GroupsRig rig;
    rig.start();
    rig.put("bad");
    CHECK(rig.settle(ZB_SETTLE_REJECT, rig.take_one(), -1, "nobody's", 7) == ZB_TAKEN);
    CHECK(rig.settled.empty());
    rig.commit();
    CHECK(rig.settled.at(7) == ZB_OK);
    rig.kill();
    rig.wait(seconds(3));
    CHECK(rig.take_now(1).empty());
    CHECK(rig.read_all("g-dead").size() == 1);
    CHECK(rig.g().lag() == 0);
}

TEST_CASE("a dead letter that its topic does not take is tried again, and answered then") {
    GroupsRig rig;
    rig.topic("g-dead", {{"max_message", "10B"}});
    rig.start();
    rig.put("a message");
    CHECK(rig.settle(ZB_SETTLE_REJECT, rig.take_one(), -1, "nobody's", 7) == ZB_TAKEN);
    rig.commit();
    CHECK(rig.settled.empty());
    CHECK(rig.g().counters().dead_refused == 1);
    CHECK(rig.g().lag() == 1);
    rig.wait(seconds(9));
    CHECK(rig.take_now(1).empty());
    CHECK(rig.g().counters().dead_refused == 1);
    rig.wait(seconds(1));
    CHECK(rig.take_now(1).empty());
    CHECK(rig.g().counters().dead_refused == 2);
    rig.commit();
    rig.kill();  // it is given again: nobody was told of its end
    rig.wait(seconds(2));
    const Got again = rig.take_one();
    CHECK(again.body == "a message");
    CHECK(again.attempt == 2);  // the one that was rejected counts
}

TEST_CASE("a reject that waits for its refused dead letter is answered when its group is reset") {
    GroupsRig rig;
    rig.topic("g-dead", {{"max_message", "10B"}});
    rig.start();
    rig.put("a message");
    CHECK(rig.settle(ZB_SETTLE_REJECT, rig.take_one(), -1, "nobody's", 7) == ZB_TAKEN);
    rig.commit();
    REQUIRE(rig.settled.empty());
    Groups& groups = border::self<Engine>(rig.self()).plugin->groups();
    SUBCASE("reset") {
        groups.reset(rig.g().id(), {0});
    }
    SUBCASE("removed") {
        groups.remove(rig.g().id());
    }
    CHECK(rig.settled.at(7) == ZB_FAILED);
}

TEST_CASE("an older token of the same delivery settles after a restart, and nobody else's does") {
    GroupsRig rig;
    rig.start();
    rig.put("a message");
    SUBCASE("its consumer had extended it: whoever has the older one has had the newer one") {
        const Got got = rig.take_one();
        REQUIRE(rig.settle(ZB_SETTLE_EXTEND, got, 60'000) == ZB_TAKEN);
        CHECK(rig.ack(got) == ZB_STALE);
        rig.commit();
        rig.kill();
        CHECK(rig.ack(got) == ZB_TAKEN);
        CHECK(rig.ack(got) == ZB_STALE);
        rig.wait(seconds(3));
        CHECK(rig.take_now(1).empty());
    }
    SUBCASE("another consumer had got it: another attempt") {
        const Got got = rig.take_one();
        REQUIRE(rig.settle(ZB_SETTLE_LOST, got) == ZB_TAKEN);
        const Got other = rig.take_one(2);
        REQUIRE(other.attempt == 2);
        rig.commit();
        rig.kill();
        CHECK(rig.ack(got) == ZB_STALE);
        CHECK(rig.ack(other) == ZB_TAKEN);
    }
}

TEST_CASE("a retry that was out when the bridge was killed waits for the grace too") {
    GroupsRig rig(With{{"retry.backoff", "1s"}, {"lease", "1h"}});
    rig.start();
    rig.put("a");
    CHECK(rig.settle(ZB_SETTLE_RETRY, rig.take_one()) == ZB_TAKEN);
    rig.wait(seconds(1));
    const Got second = rig.take_one();
    CHECK(second.attempt == 2);
    rig.commit();
    rig.kill();
    CHECK(rig.take_now(1).empty());
    rig.wait(milliseconds(1999));
    CHECK(rig.take_now(1).empty());
    CHECK(rig.ack(second) == ZB_TAKEN);
    rig.wait(milliseconds(1));
    CHECK(rig.take_now(1).empty());
}

TEST_CASE("who asks is told of an ack when it is durable, and of nothing once the disk is gone") {
    GroupsRig rig;
    rig.start();
    rig.put_many(0, 2);
    const auto got = rig.take(2);
    CHECK(rig.settle(ZB_SETTLE_ACK, got[0], -1, "", 5) == ZB_TAKEN);
    CHECK(rig.settled.empty());
    rig.EngineRig::settle();
    CHECK(rig.settled.at(5) == ZB_OK);
}

TEST_CASE("acks force nothing: they go with the next batch, or after a moment") {
    GroupsRig rig;
    rig.start();
    rig.put_many(0, 2);
    rig.commit();
    const auto got = rig.take(2);
    CHECK(rig.ack(got[0]) == ZB_TAKEN);
    rig.turn();
    CHECK(rig.engine->idle(rig.self()) == 0);
    CHECK(rig.g().has_gathered());
    SUBCASE("the next batch") {
        rig.put("x");
        CHECK_FALSE(rig.g().has_gathered());
    }
    SUBCASE("a moment") {
        rig.clock.advance(Groups::kAckLinger);
        rig.turn();
        CHECK_FALSE(rig.g().has_gathered());
    }
}

TEST_CASE("a group sees what its filter lets through; the rest counts as settled") {
    GroupsRig rig(With{{"filter", "EU || US"}});
    rig.start();
    rig.put("1", "", "EU");
    rig.put("2", "", "ASIA");
    rig.put("3");
    rig.put("4", "", "US");
    const auto first = rig.take_one();
    CHECK(first.body == "1");
    CHECK(rig.ack(first) == ZB_TAKEN);
    const auto second = rig.take_one();
    CHECK(second.body == "4");
    CHECK(rig.g().floor().number == 3);
    CHECK(rig.g().counters().filtered == 2);
    CHECK(rig.ack(second) == ZB_TAKEN);
    rig.restart_clean();
    CHECK(rig.take_now(1).empty());
    CHECK(rig.g().floor().number == 4);
}

TEST_CASE("no more is in flight than the group allows") {
    GroupsRig rig(With{{"max_in_flight", "3"}});
    rig.start();
    rig.put_many(0, 10);
    const auto got = rig.take(10);
    CHECK(got.size() == 3);
    CHECK(rig.take_now(1).empty());
    CHECK(rig.g().held() == "as many in flight as may be");
    rig.ready.clear();
    CHECK(rig.ack(got[1]) == ZB_TAKEN);
    rig.turn();
    CHECK(rig.ready.count(rig.id()) == 1);
    CHECK(rig.take(10).size() == 1);
}

TEST_CASE("with as many retries waiting as may be nothing new is given, retries are") {
    GroupsRig rig(With{{"max_exceptions", "2"}, {"retry.backoff", "1s"}});
    rig.start();
    rig.put_many(0, 5);
    CHECK(rig.settle(ZB_SETTLE_RETRY, rig.take_one()) == ZB_TAKEN);
    CHECK(rig.settle(ZB_SETTLE_RETRY, rig.take_one()) == ZB_TAKEN);
    CHECK(rig.take_now(1).empty());
    CHECK(rig.g().held() == "too many wait for a retry");
    rig.wait(seconds(1));
    CHECK(rig.ack(rig.take_one()) == ZB_TAKEN);
    CHECK(rig.take_body() == "1");
    CHECK(rig.take_body() == "2");
}

TEST_CASE("consumers are told when there is more for them") {
    GroupsRig rig;
    rig.start();
    CHECK(rig.take_now(1).empty());
    rig.ready.clear();
    rig.put("a");
    CHECK(rig.ready.count(rig.id()) == 1);
    rig.ready.clear();
    rig.put("b");  // nobody has asked since
    CHECK(rig.ready.empty());
}

TEST_CASE("what retention has removed is counted, and the group goes on") {
    GroupsRig rig(With{{"start", "earliest"}});
    rig.topics.front().second = {{"retention.count", "1"}, {"retention.unread", "drop"}};
    rig.start();
    for (int i = 0; i < 5; i++)
        rig.put(std::to_string(i));
    const auto bounds = rig.engine->bounds(rig.self(), rig.handle("t"));
    REQUIRE(bounds.floor > 0);
    CHECK(rig.take_one().offset == bounds.floor);
    CHECK(rig.g().counters().lost_to_retention == bounds.floor);
}

TEST_CASE("a topic keeps what a group has not settled, and lets go what it has") {
    GroupsRig rig(With{{"start", "earliest"}});
    rig.topics.front().second = {{"retention.count", "1"}};
    rig.start();
    for (int i = 0; i < 5; i++)
        rig.put(std::to_string(i));
    CHECK(rig.engine->bounds(rig.self(), rig.handle("t")).floor == 0);
    const auto got = rig.take(4);
    CHECK(rig.settle(ZB_SETTLE_RETRY, got[1], 60'000) == ZB_TAKEN);
    for (const size_t each : {0, 2, 3})
        CHECK(rig.ack(got[each]) == ZB_TAKEN);
    rig.commit();
    rig.put("5");
    CHECK(rig.engine->bounds(rig.self(), rig.handle("t")).floor == 1);  // the retry's
    rig.wait(seconds(60));
    CHECK(rig.ack(rig.take_one()) == ZB_TAKEN);
    rig.commit();
    rig.put("6");
    CHECK(rig.engine->bounds(rig.self(), rig.handle("t")).floor == 4);
}
