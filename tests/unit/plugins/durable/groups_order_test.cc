// Order per key.
#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/groups_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::seconds;

namespace {

GroupsRig::Options ordered(GroupsRig::Options more = {}) {
    more.emplace_back("order", "per_key");
    more.emplace_back("retry.backoff", "1s");
    return more;
}

}  // namespace

TEST_CASE("of a key one message at a time is out, the others pass") {
    GroupsRig rig(ordered());
    rig.start();
    rig.put("a1", "a");
    rig.put("a2", "a");
    rig.put("b1", "b");
    rig.put("none");
    const Got a1 = rig.take_one();
    CHECK(a1.body == "a1");
    CHECK(rig.take_body() == "b1");
    CHECK(rig.take_body() == "none");
    CHECK(rig.take_now(1).empty());
    CHECK(rig.g().exceptions().parked() == 1);
    CHECK(rig.ack(a1) == ZB_TAKEN);
    CHECK(rig.take_body() == "a2");
}

TEST_CASE("messages of one batch and one key go one by one, in order") {
    GroupsRig rig(ordered());
    rig.start();
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    const std::string key = "k";
    attributes.order_key = view_of(key);
    for (int i = 0; i < 5; i++)
        CHECK(rig.publish("t", std::to_string(i), &attributes) == ZB_TAKEN);
    rig.EngineRig::settle();
    for (int i = 0; i < 5; i++) {
        const auto got = rig.take(10);
        REQUIRE(got.size() == 1);
        CHECK(got[0].body == std::to_string(i));
        CHECK(rig.ack(got[0]) == ZB_TAKEN);
    }
    CHECK(rig.g().lag() == 0);
}

TEST_CASE("a retry of a key holds those behind it, also over a restart") {
    GroupsRig rig(ordered());
    rig.start();
    rig.put("a1", "a");
    rig.put("a2", "a");
    rig.put("a3", "a");
    CHECK(rig.settle(ZB_SETTLE_RETRY, rig.take_one()) == ZB_TAKEN);
    CHECK(rig.take_now(1).empty());
    rig.commit();
    rig.kill();
    CHECK(rig.take_now(1).empty());
    rig.wait(seconds(2));
    for (const char* each : {"a1", "a2", "a3"}) {
        const Got got = rig.take_one();
        CHECK(got.body == each);
        CHECK(rig.take_now(1).empty());
        CHECK(rig.ack(got) == ZB_TAKEN);
    }
}

TEST_CASE("what was out when the bridge was killed comes before what waited behind it") {
    GroupsRig rig(ordered());
    rig.start();
    rig.put("a1", "a");
    rig.put("a2", "a");
    (void)rig.take_one();
    CHECK(rig.take_now(1).empty());  // a2 waits
    rig.commit();
    rig.kill();
    rig.put("a3", "a");
    rig.put("b1", "b");
    CHECK(rig.take_now(1).empty());
    rig.wait(seconds(2));
    const Got a1 = rig.take_one();
    CHECK(a1.body == "a1");
    CHECK(rig.take_body() == "b1");
    CHECK(rig.take_now(1).empty());
    CHECK(rig.ack(a1) == ZB_TAKEN);
    const Got a2 = rig.take_one();
    CHECK(a2.body == "a2");
    CHECK(rig.ack(a2) == ZB_TAKEN);
    CHECK(rig.take_body() == "a3");
}

TEST_CASE("an old token of a key lets the next one go") {
    GroupsRig rig(ordered());
    rig.start();
    rig.put("a1", "a");
    rig.put("a2", "a");
    const Got a1 = rig.take_one();
    CHECK(rig.take_now(1).empty());
    rig.commit();
    rig.kill();
    CHECK(rig.take_now(1).empty());
    CHECK(rig.ack(a1) == ZB_TAKEN);
    rig.wait(seconds(2));  // somebody may have it
    CHECK(rig.take_body() == "a2");
}

TEST_CASE("an old token that does not ack keeps those behind it waiting") {
    for (const uint32_t verdict :
         {ZB_SETTLE_RETRY, ZB_SETTLE_EXTEND, ZB_SETTLE_REJECT, ZB_SETTLE_RELEASE}) {
        CAPTURE(verdict);
        GroupsRig rig(ordered());
        rig.start();
        rig.put("a1", "a");
        rig.put("a2", "a");
        rig.put("a3", "a");
        Got a1 = rig.take_one();
        CHECK(rig.take_now(1).empty());  // the others wait
        rig.commit();
        rig.kill();
        for (int i = 0; i < 20; i++)
            rig.turn();  // what is in doubt has been read
        CHECK(rig.settle(verdict, a1) == ZB_TAKEN);
        rig.wait(seconds(2));
        if (verdict == ZB_SETTLE_EXTEND) {
            CHECK(rig.take_now(1).empty());
            a1.token = rig.last.token;
            CHECK(rig.ack(a1) == ZB_TAKEN);
        }
        const bool again = verdict == ZB_SETTLE_RETRY || verdict == ZB_SETTLE_RELEASE;
        std::vector<std::string> all{"a2", "a3"};
        if (again) all.insert(all.begin(), "a1");
        rig.commit();
        for (const std::string& each : all) {
            const Got got = rig.take_one();
            CHECK(got.body == each);
            CHECK(rig.take_now(1).empty());
            CHECK(rig.ack(got) == ZB_TAKEN);
        }
        CHECK(rig.g().lag() == 0);
    }
}

TEST_CASE("a key of a retry by an old token is on the disk") {
    GroupsRig rig(ordered());
    rig.start();
    rig.put("a1", "a");
    rig.put("a2", "a");
    const Got a1 = rig.take_one();
    CHECK(rig.take_now(1).empty());
    rig.commit();
    rig.kill();
    for (int i = 0; i < 20; i++)
        rig.turn();
    CHECK(rig.settle(ZB_SETTLE_RETRY, a1, 5'000) == ZB_TAKEN);
    rig.commit();
    rig.kill();
    rig.wait(seconds(2));
    CHECK(rig.take_now(1).empty());  // not a2
    rig.wait(seconds(5));
    CHECK(rig.take_body() == "a1");
    CHECK(rig.take_now(1).empty());
}

TEST_CASE("where the key is not known yet an old token is good for an ack alone") {
    GroupsRig rig(ordered());
    rig.start();
    rig.put("a1", "a");
    rig.put("b1", "b");
    const Got a1 = rig.take_one();
    const Got b1 = rig.take_one();
    rig.commit();
    rig.kill();
    CHECK(rig.settle(ZB_SETTLE_RETRY, a1) == ZB_STALE);
    CHECK(rig.ack(b1) == ZB_TAKEN);
    rig.wait(seconds(2));
    CHECK(rig.take_body() == "a1");
}

TEST_CASE("a dead letter lets the next one of its key go") {
    GroupsRig rig(ordered());
    rig.start();
    rig.put("a1", "a");
    rig.put("a2", "a");
    const Got a1 = rig.take_one();
    CHECK(rig.take_now(1).empty());
    CHECK(rig.settle(ZB_SETTLE_REJECT, a1) == ZB_TAKEN);
    CHECK(rig.take_body() == "a2");
}

TEST_CASE("no more wait for their key than may") {
    GroupsRig rig(ordered({{"max_parked", "2"}}));
    rig.start();
    for (int i = 0; i < 4; i++)
        rig.put("a" + std::to_string(i), "a");
    rig.put("b", "b");
    const Got a0 = rig.take_one();
    CHECK(rig.take_now(1).empty());
    CHECK(rig.g().held() == "too many wait for their key");
    CHECK(rig.g().exceptions().parked() == 2);
    CHECK(rig.ack(a0) == ZB_TAKEN);
    const Got a1 = rig.take_one();
    CHECK(a1.body == "a1");
    CHECK(rig.take_now(1).empty());  // a3 waits now, and so there are two again
    CHECK(rig.ack(a1) == ZB_TAKEN);
    CHECK(rig.take_body() == "a2");
    CHECK(rig.take_body() == "b");
}
