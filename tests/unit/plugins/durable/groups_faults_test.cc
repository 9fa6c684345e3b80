// A group whose journal has lost something, or fails; and what people are told of it.
#include <doctest/doctest.h>

#include <algorithm>

#include "plugins/durable/topics/attributes.h"
#include "tests/unit/plugins/durable/groups_rig.h"

using namespace zbridge;
using namespace zbridge::durable;
using std::chrono::seconds;

using With = GroupsRig::Options;

namespace {

// The batch that has these bytes is damaged.
void spoil(GroupsRig& rig, const std::string& bytes) {
    const std::vector<std::string> names = *rig.disk.list("/data/journal");
    for (const std::string& name : names) {
        if (!name.ends_with(".seg")) continue;
        auto file = rig.disk.open("/data/journal/" + name, OpenMode::kWrite);
        REQUIRE(file.ok());
        std::string all(*(*file)->size(), '\0');
        REQUIRE((*file)->read_into(0, all.data(), all.size()).ok());
        const size_t at = all.find(bytes);
        if (at == std::string::npos) continue;
        REQUIRE((*file)->write_at(at, "SPOILED").ok());
        REQUIRE((*file)->sync_data().ok());
        return;
    }
    FAIL("no batch has it");
}

void put_large(GroupsRig& rig) {
    const std::string body(100 << 10, 'x');
    zb_taken taken = rig.publish("t", body);
    for (int i = 0; i < 1'000 && taken == ZB_LATER; i++) {
        rig.turn();
        taken = rig.publish("t", body);
    }
    REQUIRE(taken == ZB_TAKEN);
    rig.EngineRig::settle();
}

int lines_with(const GroupsRig& rig, const std::string& words) {
    const auto& log = rig.host->log;
    return static_cast<int>(std::count_if(log.begin(), log.end(), [&](const auto& line) {
        return line.text.find(words) != std::string::npos;
    }));
}

// Until the journal has failed.
void fail(GroupsRig& rig) {
    rig.disk.fail(SimDisk::Operation::kSyncData, Code::kIo, 1'000);
    rig.publish("t", "the last one");
    rig.engine->turn_end(rig.self());
}

}  // namespace

TEST_CASE("who gets the offsets of lost messages is given, although those were settled") {
    GroupsRig rig(With{{"start", "earliest"}});
    rig.start();
    rig.EngineRig::settle();  // the group is in a batch of its own
    for (int i = 0; i < 8; i++)
        CHECK(rig.publish("t", "a lost message " + std::to_string(i)) == ZB_TAKEN);
    rig.EngineRig::settle();
    const auto got = rig.take(8);
    REQUIRE(got.size() == 8);
    for (const size_t each : {0, 1, 2, 5})
        CHECK(rig.ack(got[each]) == ZB_TAKEN);
    CHECK(rig.settle(ZB_SETTLE_RETRY, got[3], 0) == ZB_TAKEN);
    rig.commit();
    rig.die();
    spoil(rig, "a lost message 0");
    rig.was_clean = false;
    rig.option("accept_loss", "true");
    rig.start();
    REQUIRE(rig.engine->bounds(rig.self(), rig.handle("t")).head == 0);
    rig.put_many(0, 12);
    rig.wait(seconds(2));
    const auto again = rig.take(16);
    REQUIRE(again.size() == 12);
    for (size_t i = 0; i < again.size(); i++) {
        CHECK(again[i].body == std::to_string(i));
        CHECK(again[i].attempt == 1);
    }
}

TEST_CASE("who waits for a settlement is told that the journal has failed") {
    GroupsRig rig;
    rig.topic("g-dead", {{"max_message", "10B"}});  // it takes none
    rig.start();
    rig.put("a message");
    rig.put("another one");
    rig.put("a third one");
    const auto got = rig.take(3);
    REQUIRE(got.size() == 3);
    CHECK(rig.settle(ZB_SETTLE_REJECT, got[0], -1, "bad", 7) == ZB_TAKEN);
    rig.commit();
    fail(rig);
    CHECK(rig.settle(ZB_SETTLE_ACK, got[1], -1, "", 8) == ZB_TAKEN);
    REQUIRE(rig.settled.empty());
    for (int i = 0; i < 100 && rig.told.failures.empty(); i++)
        rig.turn();
    CHECK(rig.settled == std::map<uint64_t, zb_result>{{7, ZB_FAILED}, {8, ZB_FAILED}});
    CHECK(rig.settle(ZB_SETTLE_ACK, got[2], -1, "", 9) == ZB_STORE_FAILED);
}

TEST_CASE(
    "after a failure of the journal leases go on ending, and nothing is written or told again") {
    GroupsRig rig(With{{"max_in_flight", "100000"}});
    rig.start();
    rig.put_many(0, 40'000);
    size_t given = 0;
    while (given < 40'000) {
        const auto got = rig.take(10'000);
        REQUIRE_FALSE(got.empty());
        given += got.size();
    }
    fail(rig);
    for (int i = 0; i < 100 && rig.told.failures.empty(); i++)
        rig.turn();
    REQUIRE(rig.told.failures.size() == 1);
    rig.wait(seconds(61));  // a record for each: more than a batch has room for
    CHECK(rig.g().in_flight() == 0);
    for (int i = 0; i < 100; i++)
        rig.turn();
    CHECK(rig.told.failures.size() == 1);
}

TEST_CASE("a range that is rejected is told when the last of it is a dead letter") {
    GroupsRig rig;
    rig.topic("g-dead", {{"max_message", "2KiB"}});
    rig.start();
    rig.put("one");
    rig.put("two");
    rig.put("three");
    rig.put(std::string(5'000, 'x'));  // no dead letter, for now
    const auto got = rig.take(4);
    REQUIRE(got.size() == 4);
    const auto reject = [&](const Got& first, uint32_t count, uint64_t cookie) {
        zb_settlement its{};
        its.size = sizeof(its);
        its.verdict = ZB_SETTLE_REJECT;
        its.token = first.token;
        its.count = count;
        its.cookie = cookie;
        CHECK(rig.engine->settle(rig.self(), rig.id(), &its, nullptr, 0, &rig.last) == ZB_TAKEN);
        rig.commit();
    };
    reject(got[0], 2, 7);
    reject(got[2], 2, 8);
    CHECK(rig.g().counters().dead == 3);
    CHECK(rig.settled == std::map<uint64_t, zb_result>{{7, ZB_OK}});
}

TEST_CASE("dead letters are not published faster than the disk takes them") {
    GroupsRig rig;
    rig.start();
    constexpr uint64_t kMessages = 100;
    for (uint64_t i = 0; i < kMessages; i++)
        put_large(rig);
    std::vector<Got> all;
    while (all.size() < kMessages) {
        const auto got = rig.take(100);
        REQUIRE_FALSE(got.empty());
        all.insert(all.end(), got.begin(), got.end());
    }
    for (const Got& each : all)
        CHECK(rig.settle(ZB_SETTLE_REJECT, each, -1, "bad") == ZB_TAKEN);
    CHECK(rig.g().counters().dead * (100 << 10) < 2 * Commits::kWaitingBytesMax);
    for (int i = 0; i < 50; i++)
        rig.commit();
    CHECK(rig.g().counters().dead == kMessages);
    CHECK(rig.g().counters().dead_refused == 0);
}

TEST_CASE("a group's number is not given again, also when all that told of it is gone") {
    GroupsRig rig;
    rig.option("segment_bytes", "1MiB");
    rig.topics.front().second = {{"retention.count", "1"}, {"retention.unread", "drop"}};
    rig.start();
    const auto groups = [&]() -> Groups& {
        return border::self<Engine>(rig.self()).plugin->groups();
    };
    const TopicId t(rig.handle("t"));
    const GroupId gone = groups().make_marks(t)->id();
    rig.commit();
    groups().remove_marks(t);
    rig.commit();
    for (int i = 0; i < 40; i++)
        put_large(rig);
    rig.wait(seconds(1));
    rig.restart_clean();
    CHECK(groups().make_marks(t)->id() > gone);
}

TEST_CASE("a reason that is too long ends with a whole character") {
    GroupsRig rig;
    rig.start();
    rig.put("one");
    std::string reason;
    for (int i = 0; i < 150; i++)
        reason += "\u00e9";
    CHECK(rig.settle(ZB_SETTLE_REJECT, rig.take_one(), -1, "x" + reason) == ZB_TAKEN);
    rig.commit();
    zb_run run{};
    uint32_t count = 0;
    REQUIRE(rig.engine->read(rig.self(), rig.handle("g-dead"), 0, 1 << 20, &run, 1, &count) ==
            ZB_TAKEN);
    const zb_value its = property_in({run.attributes.data, run.attributes.size}, "dead.reason");
    CHECK(its.text.size == Group::kReasonBytesMax - 1);
}

TEST_CASE("a crash loop is told once; a consumer that finds nothing uses up no probe") {
    GroupsRig rig(With{{"retry.attempts", "0"}});
    rig.start();
    for (uint64_t consumer = 1; !rig.g().crash_loop().broken(); consumer++) {
        REQUIRE(consumer < 100);
        rig.put("x");
        CHECK(rig.settle(ZB_SETTLE_LOST, rig.take(1, consumer).front()) == ZB_TAKEN);
    }
    CHECK(lines_with(rig, "the group g is in a crash loop") == 1);
    rig.wait(CrashLoop::kProbeEvery);
    CHECK(rig.take_now(1).empty());
    CHECK_FALSE(rig.g().next_due().has_value());  // a message comes, or nothing
    rig.put("y");
    rig.put("z");
    CHECK(rig.take_now(1).size() == 1);
    CHECK(rig.take_now(1).empty());
    CHECK(lines_with(rig, "crash loop") == 1);
}

TEST_CASE("what retention takes from a group is told in a line, not one for each message") {
    GroupsRig rig(With{{"start", "earliest"}});
    rig.topics.front().second = {{"retention.count", "1"}, {"retention.unread", "drop"}};
    rig.start();
    for (int i = 0; i < 5; i++)
        rig.put(std::to_string(i));
    (void)rig.take_one();
    const uint64_t last = rig.engine->bounds(rig.self(), rig.handle("t")).floor - 1;
    CHECK(lines_with(rig, "between the offsets 0 and " + std::to_string(last)) == 1);
    for (int i = 0; i < 5; i++) {
        rig.put(std::to_string(i));
        (void)rig.take_one();
        (void)rig.take_one();
    }
    CHECK(lines_with(rig, "between the offsets") == 1);
}

TEST_CASE("what an `os` topic skips after a kill is neither missing nor lag") {
    GroupsRig rig(With{{"start", "earliest"}});
    rig.topics.front().second = {{"durability", "os"}};
    rig.start();
    rig.put("one");
    rig.put("two");
    CHECK(rig.ack(rig.take_one()) == ZB_TAKEN);
    rig.commit();
    rig.kill();
    CHECK(rig.g().lag() == 1);
    rig.put("three");
    rig.wait(seconds(2));
    const Got two = rig.take_one();
    const Got three = rig.take_one();
    CHECK(two.body == "two");
    CHECK(three.body == "three");
    CHECK(three.offset == 2 + Topics::kOsJump);
    CHECK(rig.g().counters().missing == 0);
}

TEST_CASE("consumers that die with much in their hands use up no message's attempts") {
    GroupsRig rig(With{{"start", "earliest"}});
    rig.start();
    rig.put_many(0, 400);
    uint64_t consumer = 0;
    const auto crash = [&](uint32_t with) {
        const auto got = rig.take_now(with, ++consumer);
        for (const Got& each : got)
            CHECK(rig.settle(ZB_SETTLE_LOST, each) == ZB_TAKEN);
        return got.size();
    };
    while (!rig.g().crash_loop().broken()) {
        REQUIRE(consumer < 100);
        (void)crash(100);
        rig.wait(seconds(1));
    }
    // From now on a consumer takes one message with it, and not a hundred.
    for (int i = 0; i < 10; i++) {
        rig.wait(CrashLoop::kProbeEvery);
        CHECK(crash(100) <= 1);
        CHECK(crash(100) == 0);
    }
    uint32_t attempts = 0;
    rig.g().exceptions().each([&](Offset, const Exception& its) {
        attempts = std::max(attempts, static_cast<uint32_t>(its.attempts));
    });
    CHECK(attempts <= 4);
    CHECK(rig.g().counters().dead == 0);
}
