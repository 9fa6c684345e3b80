// What goes: by age, size, count, commands; and the segments behind it.
#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/topics_rig.h"

namespace zbridge::durable {

namespace {

constexpr size_t kBody = 98;  // 100 bytes on the wire

void publish_one(TopicsRig& rig, const std::string& topic = "orders") {
    rig.publish(topic, std::string(kBody, 'x'));
    rig.commit();
}

uint64_t floor_of(TopicsRig& rig, const std::string& topic = "orders") {
    return rig.topics->bounds(rig.id(topic)).floor;
}

Retention& retention_of(TopicsRig& rig, size_t topic = 0) {
    return rig.options.topics[topic].options.retention;
}

}  // namespace

TEST_CASE("messages go by age, not before, and not again after a restart") {
    TopicsRig rig;
    retention_of(rig).age_ms = 10'000;
    REQUIRE(rig.start().ok());
    publish_one(rig);
    rig.clock.advance(std::chrono::seconds(4));
    publish_one(rig);
    rig.clock.advance(std::chrono::milliseconds(5'999));
    rig.topics->tick();
    CHECK(floor_of(rig) == 0);
    rig.clock.advance(std::chrono::milliseconds(1));
    rig.topics->tick();
    rig.commit();
    CHECK(floor_of(rig) == 1);
    CHECK(rig.read_all("orders").size() == 1);

    // Even if the file says now that it should have stayed.
    retention_of(rig).age_ms = 100'000;
    REQUIRE(rig.restart(false).ok());
    CHECK(floor_of(rig) == 1);
    rig.clock.advance(std::chrono::seconds(101));
    rig.topics->tick();
    rig.commit();
    CHECK(floor_of(rig) == 2);
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.topics->bounds(rig.id("orders")).head == 2);
    publish_one(rig);
    CHECK(rig.read_all("orders")[0].first == 2);
}

TEST_CASE("the oldest go by size, so that not less stays than the file says") {
    TopicsRig rig;
    retention_of(rig).bytes = 300;
    REQUIRE(rig.start().ok());
    for (int i = 0; i < 10; i++)
        publish_one(rig);
    CHECK(floor_of(rig) == 7);
    CHECK(rig.topics->table().find("orders")->bytes == 300);
}

TEST_CASE("the oldest go by count") {
    TopicsRig rig;
    retention_of(rig).count = 4;
    REQUIRE(rig.start().ok());
    for (int i = 0; i < 10; i++)
        publish_one(rig);
    CHECK(floor_of(rig) == 6);
    CHECK(rig.read_all("orders").size() == 4);
    CHECK(rig.topics->table().find("orders")->messages == 4);
}

TEST_CASE("what a group has not settled stays, and at the size publishing is refused") {
    TopicsRig rig;
    retention_of(rig).bytes = 300;
    REQUIRE(rig.start().ok());
    rig.topics->hold_unread(rig.id("orders"), Offset{1});
    for (int i = 0; i < 4; i++)
        publish_one(rig);
    CHECK(floor_of(rig) == 1);
    CHECK(rig.publish("orders", "x") == ZB_TOPIC_FULL);
    CHECK(rig.reason() == "orders: 300B reached");
    rig.topics->hold_unread(rig.id("orders"), Offset{4});
    CHECK(floor_of(rig) == 1);
    rig.topics->hold_unread(rig.id("orders"), std::nullopt);
    CHECK(rig.publish("orders", "x") == ZB_TAKEN);
}

TEST_CASE("with `unread: drop` it goes all the same") {
    TopicsRig rig;
    retention_of(rig).bytes = 300;
    retention_of(rig).keep_unread = false;
    REQUIRE(rig.start().ok());
    rig.topics->hold_unread(rig.id("orders"), Offset{0});
    for (int i = 0; i < 5; i++)
        publish_one(rig);
    CHECK(floor_of(rig) == 2);
    CHECK(rig.publish("orders", "x") == ZB_TAKEN);
}

TEST_CASE("a purge is answered when it is durable, and what it removed never comes back") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    for (int i = 0; i < 3; i++)
        publish_one(rig);
    rig.topics->purge(rig.id("orders"), Offset{2}, {5, "purged"});
    CHECK(rig.told.answers.empty());
    rig.commit();
    REQUIRE(rig.told.answers.size() == 1);
    CHECK(rig.told.answers[0] == std::tuple<uint64_t, bool, std::string>{5, true, "purged"});
    CHECK(floor_of(rig) == 2);
    REQUIRE(rig.restart(false).ok());
    CHECK(floor_of(rig) == 2);
    CHECK(rig.read_all("orders").size() == 1);
    CHECK(rig.read_all("orders")[0].first == 2);
}

TEST_CASE("a purge within a batch cuts at the message") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    for (const char* body : {"0", "1", "2"})
        rig.publish("orders", body);
    rig.commit();
    rig.topics->purge(rig.id("orders"), Offset{1}, {});
    rig.commit();
    CHECK(rig.read_all("orders") == Messages{{1, "1"}, {2, "2"}});
    CHECK(rig.topics->position(rig.id("orders"), ZB_START_TIME, 0) == Offset{1});
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.read_all("orders") == Messages{{1, "1"}, {2, "2"}});
}

TEST_CASE("a topic that was removed is gone, with its messages; its name is free") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    publish_one(rig, "temp");
    const TopicId old = rig.id("temp");
    rig.publish("temp", "in flight");
    rig.topics->turn_end();
    rig.topics->remove(old, {1, ""});
    rig.store.finish_all();
    CHECK(rig.told.answers.size() == 1);
    CHECK(rig.topics->table().find("temp") == nullptr);
    const std::string wire = wire_of("x");
    const zb_publication late{old.number(), 1, view_of(wire), nullptr};
    CHECK(rig.topics->publish(&late, 1, rig.receipt) == ZB_UNCONFIGURED);
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.topics->table().find("temp") == nullptr);
    rig.publish("temp", "new");
    rig.commit();
    CHECK(rig.read_all("temp") == Messages{{0, "new"}});
}

TEST_CASE("a segment goes when nothing in it, nor before it, is needed") {
    TopicsRig rig({"fast", "slow"}, 2048);  // four batches a segment
    retention_of(rig).count = 2;
    REQUIRE(rig.start().ok());
    publish_one(rig, "slow");
    for (int i = 0; i < 20; i++)
        publish_one(rig, "fast");
    CHECK(rig.store.dropped().empty());  // `slow` holds the first one
    rig.topics->purge(rig.id("slow"), Offset{1}, {});
    rig.commit();
    CHECK(rig.store.dropped().size() >= 4);
    for (size_t i = 0; i < rig.store.dropped().size(); i++)
        CHECK(rig.store.dropped()[i] == i + 1);

    // All of it is known without them.
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.told.warnings.empty());
    CHECK(floor_of(rig, "slow") == 1);
    CHECK(rig.topics->bounds(rig.id("slow")).head == 1);
    CHECK(rig.topics->bounds(rig.id("fast")).head == 20);
    CHECK(rig.read_all("fast").size() == 2);
    publish_one(rig, "slow");
    CHECK(rig.read_all("slow")[0].first == 1);
}

namespace {

uint64_t disk_bytes(const TopicsRig& rig) {
    uint64_t bytes = 0;
    for (const SegmentInfo& each : rig.store.segments())
        bytes += each.bytes;
    return bytes;
}

// A message of `slow` in every tenth batch; of `fast` the last ones stay.
void mix(TopicsRig& rig, int batches, int& next) {
    for (int i = 0; i < batches; i++, next++) {
        if (next % 10 == 0) rig.publish("slow", std::to_string(next / 10));
        publish_one(rig, "fast");
        if (next % 5 == 0) rig.topics->tick();
        while (rig.store.finish_read()) {
        }
        rig.commit();
    }
}

}  // namespace

TEST_CASE("a few messages that stay do not hold the log: they are moved, at their offsets") {
    TopicsRig rig({"fast", "slow"}, 8192);
    rig.options.hot_bytes = 4096;
    retention_of(rig).count = 5;
    REQUIRE(rig.start().ok());
    int next = 0;
    for (int life = 0; life < 6; life++) {
        mix(rig, 100, next);
        for (int i = 0; i < 20; i++) {  // what it has begun
            rig.topics->tick();
            while (rig.store.finish_read()) {
            }
            rig.commit();
        }
        const Messages all = rig.read_all("slow");
        REQUIRE(all.size() == static_cast<size_t>(next) / 10);
        for (size_t i = 0; i < all.size(); i++)
            CHECK(all[i] == std::pair<uint64_t, std::string>{i, std::to_string(i)});
        CHECK(rig.topics->table().find("slow")->messages == all.size());
        CHECK(rig.read_all("slow", all.size() / 2).size() == all.size() - all.size() / 2);
        CHECK(rig.topics->moved_bytes() > 0);
        const uint64_t live = rig.topics->live_bytes();
        CHECK(disk_bytes(rig) <= 4 * live + 2 * 8192);
        REQUIRE(rig.restart(life % 2 == 0, life % 3 == 0).ok());
        CHECK(rig.read_all("slow") == all);
        CHECK(rig.topics->live_bytes() == live);
    }
    CHECK(rig.store.dropped().size() > 5);
}

TEST_CASE("what was moved goes by retention, is purged, and is removed, as all else") {
    TopicsRig rig({"fast", "slow"}, 8192);
    retention_of(rig).count = 5;
    REQUIRE(rig.start().ok());
    int next = 0;
    mix(rig, 200, next);
    REQUIRE(rig.topics->moved_bytes() > 0);
    rig.topics->purge(rig.id("slow"), Offset{7}, {});
    rig.commit();
    CHECK(rig.read_all("slow").front() == std::pair<uint64_t, std::string>{7, "7"});
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.read_all("slow").size() == 13);
    mix(rig, 100, next);
    rig.options.topics.pop_back();
    REQUIRE(rig.restart(false).ok());
    rig.topics->remove(rig.topics->table().find("slow")->id, {});
    rig.commit();
    mix(rig, 100, next);
    CHECK(rig.topics->table().find("fast")->messages == 5);
    REQUIRE(rig.restart(false).ok());
}

TEST_CASE("with nothing to gain, or told not to, nothing is moved") {
    TopicsRig rig({"fast", "slow"}, 8192);
    retention_of(rig).count = 5;
    rig.options.clean_bytes_a_second = 0;
    REQUIRE(rig.start().ok());
    int next = 0;
    mix(rig, 100, next);
    CHECK(rig.topics->moved_bytes() == 0);

    TopicsRig whole({"fast", "slow"}, 8192);
    REQUIRE(whole.start().ok());
    next = 0;
    mix(whole, 100, next);
    CHECK(whole.topics->moved_bytes() == 0);
    CHECK(whole.store.dropped().empty());
}

TEST_CASE("what is damaged cannot be moved, and does not stop the rest") {
    TopicsRig rig({"fast", "slow"}, 8192);
    rig.options.hot_bytes = 512;
    retention_of(rig).count = 5;
    rig.options.clean_bytes_a_second = 0;
    REQUIRE(rig.start().ok());
    int next = 0;
    mix(rig, 100, next);
    rig.options.clean_bytes_a_second = 1 << 20;
    REQUIRE(rig.restart().ok());
    rig.topics->tick();
    REQUIRE(rig.store.finish_read({Code::kIo, "its sum is wrong"}));
    mix(rig, 50, next);
    CHECK(rig.topics->damaged_batches() == 1);
    CHECK(rig.topics->moved_bytes() > 0);
    CHECK(rig.read_all("slow").size() == 14);
}

TEST_CASE("an open note keeps its segment") {
    TopicsRig rig({"fast"}, 2048);
    retention_of(rig).count = 1;
    REQUIRE(rig.start().ok());
    REQUIRE(rig.topics->note(1, RecordType::kReq, "open", false, rig.receipt) == ZB_TAKEN);
    for (int i = 0; i < 20; i++)
        publish_one(rig, "fast");
    CHECK(rig.store.dropped().empty());
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.told.notes.size() == 1);
    REQUIRE(rig.topics->note(1, RecordType::kReplied, "", true, rig.receipt) == ZB_TAKEN);
    rig.commit();
    CHECK(rig.store.dropped().size() >= 4);
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.told.notes.empty());
}

TEST_CASE("a log that says what cannot be is refused, and the place named") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    publish_one(rig);
    FakeStore::Batch again = rig.store.batches().back();
    again.place.position += 512;
    const TopicsWorld world{&rig.clock, &rig.random, &rig.memory, 9};
    Topics topics(rig.options, world, rig.told);
    for (const FakeStore::Batch& each : rig.store.batches())
        REQUIRE(topics.replay({each.seq, each.place, each.body}).ok());
    const Status status = topics.replay({again.seq, again.place, again.body});
    CHECK(status.code() == Code::kInvalid);
    CHECK(status.message().find("segment 1, position 1024") != std::string::npos);
    CHECK(status.message().find("offset 0 of topic orders was there before") != std::string::npos);

    std::string newer;
    append_record(newer, RecordType::kMsg, kPayloadVersion + 1, "x");
    CHECK(topics.replay({again.seq, again.place, newer}).message().find("newer zbridge") !=
          std::string::npos);
    std::string unknown;
    append_record(unknown, static_cast<RecordType>(99), 1, "x");
    CHECK(topics.replay({again.seq, again.place, unknown}).message().find("type 99") !=
          std::string::npos);
    CHECK_FALSE(topics.replay({again.seq, again.place, "\x7f"}).ok());
}

TEST_CASE("where a part of the log is lost a topic may lose its name, not its messages") {
    TopicsRig rig({"orders"});
    REQUIRE(rig.start().ok());
    publish_one(rig, "temp");
    const uint32_t id = rig.id("temp").number();
    const auto all = rig.store.batches();
    rig.topics = nullptr;
    rig.options.topics.clear();
    Told told;
    const TopicsWorld world{&rig.clock, &rig.random, &rig.memory, 9};
    Topics topics(rig.options, world, told);
    // The batch with its name is lost, and so is the end of another one that was called "orders".
    std::string body = all.back().body;
    const auto made = record_at(body, 0);
    REQUIRE(made);
    REQUIRE(made->type == RecordType::kTopic);
    REQUIRE(topics.replay({all[0].seq, all[0].place, all[0].body}).ok());
    REQUIRE(topics.replay({all[1].seq, all[1].place, body.substr(made->end)}).ok());
    std::string again;
    append_record(
        again, RecordType::kTopic, 1,
        write_topic({TopicId(9), Origin::kDeclared, Durability::kFsync, {}, {}, "orders"}));
    REQUIRE(topics.replay({Seq{9}, {1, 9000, 99}, again}).ok());
    REQUIRE(topics.serve(rig.store, true).ok());
    CHECK(told.warnings.size() == 2);
    CHECK(topics.table().find("orders")->id == TopicId(9));
    CHECK(topics.table().find("unnamed-0") != nullptr);
    const Topic* unnamed = topics.table().find("unnamed-" + std::to_string(id));
    REQUIRE(unnamed != nullptr);
    CHECK(unnamed->unconfigured);
    CHECK(unnamed->messages == 1);
}

TEST_CASE("of very many runs some go at once, and the others with the next ticks") {
    TopicsRig rig({"orders", "more"});
    REQUIRE(rig.start().ok());
    rig.publish("more", "x");
    rig.commit();
    const uint64_t others = rig.topics->live_bytes();
    constexpr uint64_t kRuns = 2 * Topics::kRemovedMax + 10;
    for (uint64_t i = 0; i < kRuns; i++) {
        rig.publish("orders", "x");
        rig.commit();
    }
    const uint64_t of_a_run = (rig.topics->live_bytes() - others) / kRuns;
    const auto left = [&] { return (rig.topics->live_bytes() - others) / of_a_run; };
    SUBCASE("a purge") {
        rig.topics->purge(rig.id("orders"), {UINT64_MAX}, {1, ""});
        CHECK(rig.topics->bounds(rig.id("orders")).floor == kRuns);
        CHECK(rig.read_all("orders").empty());
        CHECK(rig.topics->messages_of(*rig.topics->table().find("orders")) == 0);
    }
    SUBCASE("a topic that is removed") {
        rig.topics->remove(rig.id("orders"), {1, ""});
        CHECK(rig.topics->table().find("orders") == nullptr);
    }
    CHECK(left() == kRuns - Topics::kRemovedMax);
    rig.topics->tick();
    CHECK(left() == 10);
    rig.topics->tick();
    CHECK(left() == 0);
}

}  // namespace zbridge::durable
