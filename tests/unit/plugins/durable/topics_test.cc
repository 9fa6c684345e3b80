#include "plugins/durable/topics/topics.h"

#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/topics_rig.h"

namespace zbridge::durable {

TEST_CASE("what is published is visible once it is committed, not before") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    CHECK(rig.publish("orders", "one") == ZB_TAKEN);
    CHECK(rig.receipt.number == 1);
    CHECK(rig.publish("orders", "two") == ZB_TAKEN);
    rig.topics->turn_end();
    CHECK(rig.told.visible.empty());
    CHECK(rig.read("orders", 0).messages.empty());
    CHECK(rig.topics->bounds(rig.id("orders")).head == 0);
    CHECK_FALSE(rig.topics->idle());

    CHECK(rig.store.finish());
    CHECK(rig.told.events == std::vector<std::string>{"committed 2", "visible 0"});
    CHECK(rig.told.visible == std::vector<Told::Visible>{{0, 0, {"one", "two"}}});
    CHECK(rig.topics->bounds(rig.id("orders")).head == 2);
    CHECK(rig.read("orders", 0).messages == Messages{{0, "one"}, {1, "two"}});
    CHECK(rig.read("orders", 1).messages == Messages{{1, "two"}});
    CHECK(rig.read("orders", 2).taken == ZB_TAKEN);
    CHECK(rig.read("orders", 2).messages.empty());
    CHECK(rig.topics->idle());
}

TEST_CASE("messages of one topic share a record, those of several topics a batch") {
    TopicsRig rig({"a", "b"});
    REQUIRE(rig.start().ok());
    const size_t before = rig.store.batches().size();
    for (const char* body : {"1", "2", "3"})
        rig.publish("a", body);
    rig.publish("b", "x");
    rig.publish("a", "4");
    rig.commit();
    CHECK(rig.store.batches().size() == before + 1);
    CHECK(rig.told.visible ==
          std::vector<Told::Visible>{{0, 0, {"1", "2", "3"}}, {0, 3, {"4"}}, {1, 0, {"x"}}});
    CHECK(rig.told.ids == std::vector<uint64_t>{1, 5, 4});
    CHECK(rig.read("a", 2).messages == Messages{{2, "3"}, {3, "4"}});
    CHECK(rig.read("b", 0).messages == Messages{{0, "x"}});
}

TEST_CASE("what goes into a topic in one call has an id each, into several topics the same one") {
    TopicsRig rig({"a", "b"});
    REQUIRE(rig.start().ok());
    const std::string one = wire_of("one"), two = wire_of("two"), three = wire_of("three");
    const uint32_t a = rig.id("a").number(), b = rig.id("b").number();
    const zb_publication publications[] = {{a, 1, view_of(one), nullptr},
                                           {b, 1, view_of(one), nullptr},
                                           {a, 1, view_of(two), nullptr},
                                           {b, 1, view_of(three), nullptr}};
    REQUIRE(rig.topics->publish(publications, 4, rig.receipt) == ZB_TAKEN);
    CHECK(rig.receipt.id_sequence == 1);
    rig.publish("a", "after");
    CHECK(rig.receipt.id_sequence == 4);
    rig.commit();
    CHECK(rig.told.visible == std::vector<Told::Visible>{{0, 0, {"one"}},
                                                         {0, 1, {"two"}},
                                                         {0, 2, {"after"}},
                                                         {1, 0, {"one"}},
                                                         {1, 1, {"three"}}});
    CHECK(rig.told.ids == std::vector<uint64_t>{1, 2, 4, 1, 3});
}

TEST_CASE("of many topics that are published to by chance each is told all of its own, in order") {
    std::vector<std::string> names;
    for (int i = 0; i < 40; i++)
        names.push_back("t" + std::to_string(i));
    TopicsRig rig(names);
    REQUIRE(rig.start().ok());
    SeededRandom random(5);
    std::vector<Messages> expected(names.size());
    for (size_t batch = 0; batch < 30; batch++) {
        const size_t messages = random.below(200);  // some batches have a topic once, some often
        for (size_t i = 0; i < messages; i++) {
            const size_t topic = random.below(1 + random.below(names.size()));
            const std::string body = std::to_string(batch) + "-" + std::to_string(i);
            REQUIRE(rig.publish(names[topic], body) == ZB_TAKEN);
            expected[topic].emplace_back(expected[topic].size(), body);
        }
        rig.topics->turn_end();
        if (batch % 3 == 0) rig.store.finish_all();  // else the next one fills meanwhile
    }
    rig.commit();
    std::vector<Messages> told(names.size());
    for (const Told::Visible& each : rig.told.visible) {
        CHECK(each.first == told[each.topic].size());
        for (const std::string& body : each.bodies)
            told[each.topic].emplace_back(told[each.topic].size(), body);
    }
    CHECK(told == expected);
    REQUIRE(rig.restart(false).ok());
    for (size_t i = 0; i < names.size(); i++)
        CHECK(rig.read_all(names[i]) == expected[i]);
}

TEST_CASE("a batch fills while another one is in flight") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    rig.publish("orders", "one");
    rig.topics->turn_end();
    rig.publish("orders", "two");
    rig.topics->turn_end();
    rig.publish("orders", "three");
    CHECK(rig.store.finish());
    CHECK(rig.told.committed == 1);
    CHECK(rig.store.busy());  // the next one is on its way already
    rig.store.finish_all();
    CHECK(rig.told.committed == 3);
    CHECK(rig.told.visible.back() == Told::Visible{0, 1, {"two", "three"}});
}

TEST_CASE("everything that was committed is there after a crash, at its offset") {
    TopicsRig rig({"a", "b"});
    REQUIRE(rig.start().ok());
    rig.publish("a", "1");
    rig.publish("b", "x");
    rig.commit();
    rig.publish("a", "2");
    rig.commit();
    rig.publish("a", "lost");
    rig.topics->turn_end();
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.read_all("a") == Messages{{0, "1"}, {1, "2"}});
    CHECK(rig.read_all("b") == Messages{{0, "x"}});
    rig.publish("a", "3");
    rig.commit();
    CHECK(rig.read_all("a", 1) == Messages{{1, "2"}, {2, "3"}});
}

TEST_CASE("a batch larger than a chunk's rest begins in a new one; a large message is alone") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    const std::string large = std::string{'\2'} + std::string(4, '\0') +
                              std::string("\0\x20\0\0", 4) + std::string(2 << 20, 'L');
    rig.publish("orders", "before");
    CHECK(rig.publish_wire("orders", large) == ZB_TAKEN);
    rig.publish("orders", "behind");
    rig.commit();
    CHECK(rig.told.committed == 3);
    const auto& batches = rig.store.batches();
    CHECK(batches[batches.size() - 2].body.size() == MsgHead::kRecordHeadBytes + large.size());
    const Messages all = rig.read_all("orders", 0, 4 << 20);
    REQUIRE(all.size() == 3);
    CHECK(all[1].second.size() == 2 << 20);
    CHECK(all[2] == std::pair<uint64_t, std::string>{2, "behind"});
}

TEST_CASE("a batch is never larger than what the store takes") {
    TopicsRig rig;
    rig.store.body_bytes_max_ = 100'000;
    REQUIRE(rig.start().ok());
    const std::string wire = wire_of(std::string(200, 'x'));
    rig.publish_wire("orders", wire);
    rig.topics->turn_end();
    for (int i = 0; i < 2000; i++)
        CHECK(rig.publish_wire("orders", wire) == ZB_TAKEN);
    rig.store.finish_all();
    CHECK(rig.told.committed == 2001);
    const size_t most = 100'000 - Topics::kMoveRoom - MsgHead::kRecordHeadBytes;
    CHECK(rig.publish_wire("orders", wire_of(std::string(most - 9, 'x'))) == ZB_TAKEN);
    CHECK(rig.publish_wire("orders", wire_of(std::string(most - 8, 'x'))) == ZB_TOO_LARGE);
    rig.commit();
    CHECK(rig.told.committed == 2002);
}

TEST_CASE("with too much behind the batch in flight there is no room, until there is") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    const std::string wire = wire_of(std::string(200, 'x'));
    rig.publish_wire("orders", wire);
    rig.topics->turn_end();
    uint64_t taken = 1;
    while (rig.topics->has_room()) {
        REQUIRE(rig.publish_wire("orders", wire) == ZB_TAKEN);
        taken++;
    }
    CHECK(rig.publish_wire("orders", wire) == ZB_LATER);
    CHECK(taken * wire.size() > Commits::kWaitingBytesMax);
    CHECK(taken * wire.size() < Commits::kWaitingBytesMax + (64 << 10));
    CHECK(rig.told.rooms == 0);
    rig.store.finish_all();
    CHECK(rig.told.rooms == 1);
    CHECK(rig.topics->has_room());
    CHECK(rig.told.committed == taken);
    CHECK(rig.read_all("orders").size() == taken);
}

TEST_CASE("all targets of a message are one batch, or it is nowhere") {
    TopicsRig rig({"a", "b"});
    rig.options.topics[1].options.message_bytes_max = 5;
    REQUIRE(rig.start().ok());
    const std::string small = wire_of("abc"), large = wire_of("abcd");
    for (const std::string& wire : {small, large}) {
        const zb_publication both[] = {{rig.id("a").number(), 1, view_of(wire), nullptr},
                                       {rig.id("b").number(), 1, view_of(wire), nullptr}};
        const zb_taken taken = rig.topics->publish(both, 2, rig.receipt);
        CHECK(taken == (wire == small ? ZB_TAKEN : ZB_TOO_LARGE));
    }
    CHECK(rig.reason() == "b: 6B; at most 5B");
    rig.commit();
    CHECK(rig.told.committed == 1);
    CHECK(rig.read_all("a") == Messages{{0, "abc"}});
    CHECK(rig.read_all("b") == Messages{{0, "abc"}});
    CHECK(rig.told.ids == std::vector<uint64_t>{1, 1});
}

TEST_CASE("after a failed append nothing is visible, taken or read, and that is told once") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    rig.publish("orders", "one");
    rig.topics->turn_end();
    rig.publish("orders", "two");
    rig.topics->answer_when_durable({7, "done"});
    rig.store.fail({Code::kIo, "the disk is gone"});
    rig.store.finish_all();
    CHECK(rig.told.failures == std::vector<std::string>{"the disk is gone"});
    CHECK(rig.told.visible.empty());
    CHECK(rig.told.answers.size() == 1);
    CHECK(rig.publish("orders", "three") == ZB_STORE_FAILED);
    CHECK(rig.reason() == "the disk is gone");
    CHECK(rig.read("orders", 0).taken == ZB_STORE_FAILED);
    rig.topics->turn_end();
    rig.topics->tick();
    CHECK_FALSE(rig.store.busy());
}

TEST_CASE(
    "after a failure what is still written goes nowhere, and who waits for it is told at once") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    rig.publish("orders", "one");
    rig.topics->turn_end();
    rig.store.fail({Code::kIo, "the disk is gone"});
    rig.store.finish_all();
    const std::string payload(1'000, 'x');
    for (int i = 0; i < 100'000; i++)
        rig.topics->write(RecordType::kRetry, payload);
    CHECK_FALSE(rig.store.busy());
    CHECK_FALSE(rig.store.finish());
    CHECK(rig.told.failures.size() == 1);
    CHECK(rig.memory.used() < 16 << 20);
    rig.topics->answer_when_durable({8, "done"});
    REQUIRE(rig.told.answers.size() == 1);
    CHECK(rig.told.answers[0] == std::tuple(uint64_t{8}, false, std::string("the disk is gone")));
}

TEST_CASE("a full disk refuses what fills it, and takes again by itself") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    rig.store.full_ = true;
    CHECK(rig.publish("orders", "one") == ZB_STORE_FULL);
    CHECK(rig.topics->note(1, RecordType::kReq, "x", false, rig.receipt) == ZB_STORE_FULL);
    CHECK(rig.topics->note(1, RecordType::kReplied, "", true, rig.receipt) == ZB_TAKEN);
    rig.store.full_ = false;
    CHECK(rig.publish("orders", "one") == ZB_TAKEN);
}

TEST_CASE("who waits for room while the disk is full is told, and refused") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    const std::string wire = wire_of(std::string(60'000, 'x'));
    rig.publish_wire("orders", wire);
    rig.topics->turn_end();  // it waits for room on the disk
    while (rig.topics->has_room())
        REQUIRE(rig.publish_wire("orders", wire) == ZB_TAKEN);
    rig.store.full_ = true;
    rig.topics->tick();
    CHECK(rig.told.rooms == 1);
    CHECK(rig.topics->has_room());
    CHECK(rig.publish_wire("orders", wire) == ZB_STORE_FULL);
    rig.store.full_ = false;
    CHECK_FALSE(rig.topics->has_room());
    rig.store.finish_all();
    CHECK(rig.told.rooms == 2);
    CHECK(rig.publish_wire("orders", wire) == ZB_TAKEN);
}

TEST_CASE("a topic that is not in the file any more is kept, and refuses") {
    TopicsRig rig({"orders", "old"});
    REQUIRE(rig.start().ok());
    rig.publish("old", "one");
    rig.commit();
    rig.options.topics.pop_back();
    REQUIRE(rig.restart().ok());
    CHECK(rig.publish("old", "two") == ZB_UNCONFIGURED);
    CHECK(rig.reason() == "old: it is not in the file any more");
    CHECK(rig.read_all("old") == Messages{{0, "one"}});
    rig.options.topics.push_back({"old", {}});
    REQUIRE(rig.restart().ok());
    CHECK(rig.publish("old", "two") == ZB_TAKEN);
    rig.commit();
    CHECK(rig.read_all("old") == Messages{{0, "one"}, {1, "two"}});
}

TEST_CASE("a topic that somebody needs is made, and there after a restart") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    CHECK(rig.publish("orders-dead", "one") == ZB_TAKEN);
    rig.commit();
    REQUIRE(rig.restart().ok());
    CHECK(rig.topics->table().find("orders-dead") != nullptr);
    CHECK(rig.publish("orders-dead", "two") == ZB_TAKEN);
    rig.commit();
    CHECK(rig.read_all("orders-dead") == Messages{{0, "one"}, {1, "two"}});
    CHECK_FALSE(rig.topics->topic("no name"));
    CHECK_FALSE(rig.topics->topic(""));
}

TEST_CASE("what should be delivered later is refused, not delivered now") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    zb_attributes attributes{};
    attributes.deliver_at_ms = rig.clock.wall_us() / 1000 + 1;
    CHECK(rig.publish("orders", "one", &attributes) == ZB_UNABLE);
    CHECK(rig.reason() == "deliver_at: topics alone cannot delay messages");
    rig.clock.advance(std::chrono::milliseconds(1));
    CHECK(rig.publish("orders", "one", &attributes) == ZB_TAKEN);
}

TEST_CASE("an `os` topic skips the offsets that a crash may have taken") {
    TopicsRig rig({"orders", "prices"});
    rig.options.topics[1].options.durability = Durability::kOs;
    REQUIRE(rig.start().ok());
    rig.publish("prices", "one");
    rig.topics->turn_end();
    CHECK(rig.store.finish());
    CHECK_FALSE(rig.store.batches().back().sync);
    rig.publish("prices", "two");
    rig.publish("orders", "one");
    rig.commit();
    CHECK(rig.store.batches().back().sync);

    REQUIRE(rig.restart(true).ok());
    CHECK(rig.topics->bounds(rig.id("prices")).head == 2);
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.topics->bounds(rig.id("orders")).head == 1);
    CHECK(rig.topics->bounds(rig.id("prices")).head == 2);
    REQUIRE(rig.restart(true).ok());
    CHECK(rig.topics->bounds(rig.id("prices")).head == 2);  // also in the next life
    rig.publish("prices", "three");
    rig.commit();
    zb_run run{};
    uint32_t count = 0;
    CHECK(rig.topics->read(rig.id("prices"), {2}, 1 << 20, &run, 1, count) == ZB_TAKEN);
    REQUIRE(count == 1);
    CHECK(run.replaced == Topics::kOsJump);  // nothing is missing
    const Messages all{{0, "one"}, {1, "two"}, {2 + Topics::kOsJump, "three"}};
    CHECK(rig.read_all("prices") == all);
    REQUIRE(rig.restart(true).ok());
    CHECK(rig.read_all("prices") == all);
    CHECK(rig.topics->bounds(rig.id("prices")).head == 3 + Topics::kOsJump);
}

TEST_CASE("open notes are told at the start, in their order; closed ones are not") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    const auto note = [&](uint64_t key, RecordType kind, std::string_view bytes, bool closes) {
        CHECK(rig.topics->note(key, kind, bytes, closes, rig.receipt) == ZB_TAKEN);
    };
    note(9, RecordType::kReq, "nine", false);
    note(3, RecordType::kReq, "three", false);
    note(9, RecordType::kDispatch, "worker", false);
    rig.commit();
    CHECK(rig.told.committed == 3);
    note(3, RecordType::kReplied, "", true);
    rig.commit();
    note(9, RecordType::kReplied, "", true);  // this one is lost
    rig.topics->turn_end();
    for (int life = 0; life < 2; life++) {
        REQUIRE(rig.restart(false).ok());
        CHECK(rig.told.notes == std::vector<Told::Note>{{9, RecordType::kReq, "nine"},
                                                        {9, RecordType::kDispatch, "worker"}});
    }
    note(9, RecordType::kReplied, "", true);
    rig.commit();
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.told.notes.empty());
}

TEST_CASE("positions: the newest, the oldest, a time, an offset") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    const auto now_ms = [&] { return rig.clock.wall_us() / 1000; };
    std::vector<int64_t> times;
    for (const char* body : {"1", "2", "3"}) {
        rig.clock.advance(std::chrono::seconds(10));
        times.push_back(now_ms());
        rig.publish("orders", body);
        rig.commit();
    }
    const TopicId id = rig.id("orders");
    const auto position = [&](uint32_t where, int64_t value) {
        return rig.topics->position(id, where, value).number;
    };
    CHECK(position(ZB_START_LATEST, 0) == 3);
    CHECK(position(ZB_START_EARLIEST, 0) == 0);
    CHECK(position(ZB_START_TIME, times[0]) == 0);
    CHECK(position(ZB_START_TIME, times[0] + 1) == 1);
    CHECK(position(ZB_START_TIME, times[2]) == 2);
    CHECK(position(ZB_START_TIME, times[2] + 1) == 3);
    CHECK(position(ZB_START_OFFSET, 2) == 2);
    CHECK(position(ZB_START_OFFSET, 99) == 3);
    CHECK(position(ZB_START_OFFSET, -1) == 0);
}

}  // namespace zbridge::durable
