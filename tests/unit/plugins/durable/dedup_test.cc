#include "plugins/durable/topics/dedup.h"

#include <doctest/doctest.h>

#include <deque>
#include <string>

#include "bridge/base/random.h"
#include "plugins/durable/topics/attributes.h"
#include "tests/unit/plugins/durable/topics_rig.h"

namespace zbridge::durable {

// From the reference that came with the paper: the key is 00 .. 0f, the input 00 01 02 ...
TEST_CASE("SipHash-2-4 of 128 bits is what its authors say it is") {
    const HashKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
    CHECK(siphash(key, "") == Digest{0xe6a825ba047f81a3, 0x930255c71472f66d});
    CHECK(siphash(key, std::string_view("\0", 1)) ==
          Digest{0x44af996bd8c187da, 0x45fc229b11597634});
}

TEST_CASE("an id is known within the window, and among the last so many") {
    MemoryBudget memory(1 << 20);
    Dedup dedup({.window_ms = 1000, .max = 3}, {1, 2}, memory);
    CHECK_FALSE(dedup.find("a", 0));
    dedup.add("a", {1, 10}, 0);
    CHECK(dedup.find("a", 999) == MessageId{1, 10});
    CHECK_FALSE(dedup.find("b", 999));
    CHECK_FALSE(dedup.find("a", 1000));
    CHECK(dedup.size() == 0);
    uint64_t sequence = 0;
    for (const char* id : {"b", "c", "d", "e"})
        dedup.add(id, {1, ++sequence}, 1000);
    CHECK(dedup.size() == 3);
    CHECK_FALSE(dedup.find("b", 1000));
    CHECK(dedup.find("c", 1000) == MessageId{1, 2});
    CHECK(dedup.find("e", 1000) == MessageId{1, 4});
}

TEST_CASE("an id that stands behind newer ones is forgotten in its own time") {
    MemoryBudget memory(1 << 20);
    Dedup dedup({.window_ms = 1000, .max = 100}, {1, 2}, memory);
    dedup.add("new", {1, 1}, 900);
    dedup.add("old", {1, 2}, 100);  // it was moved in the log, and found behind the newer one
    CHECK(dedup.find("old", 1099) == MessageId{1, 2});
    CHECK_FALSE(dedup.find("old", 1100));
    dedup.add("old", {1, 3}, 1100);
    for (int i = 0; i < 100; i++)  // it grows
        if (!dedup.find(std::to_string(i), 1100)) dedup.add(std::to_string(i), {1, 10}, 1100);
    CHECK_FALSE(dedup.find("new", 1900));
    CHECK(dedup.find("99", 1900) == MessageId{1, 10});
}

TEST_CASE("a new message with an id that is too old stays known when the older one is forgotten") {
    MemoryBudget memory(1 << 20);
    Dedup dedup({.window_ms = 1000, .max = 100}, {1, 2}, memory);
    dedup.add("new", {1, 1}, 900);
    dedup.add("old", {1, 2}, 100);
    dedup.add("old", {1, 3}, 1100);
    CHECK(dedup.find("old", 1899) == MessageId{1, 3});
    CHECK(dedup.find("old", 1900) == MessageId{1, 3});  // both before it are forgotten
    CHECK(dedup.size() == 1);
    CHECK_FALSE(dedup.find("old", 2100));
    CHECK(dedup.size() == 0);
}

TEST_CASE("what is remembered is counted, and given back") {
    MemoryBudget memory(1 << 20);
    {
        Dedup dedup({.window_ms = 1000, .max = 1000}, {1, 2}, memory);
        for (int i = 0; i < 1000; i++)
            dedup.add(std::to_string(i), {1, static_cast<uint64_t>(i)}, 0);
        CHECK(memory.used() == 1024 * Dedup::kIdBytes);
    }
    CHECK(memory.used() == 0);
}

TEST_CASE("it agrees with a plain map, whatever comes") {
    SeededRandom random(7);
    MemoryBudget memory(1 << 20);
    Dedup dedup({.window_ms = 50, .max = 100}, {random.next(), random.next()}, memory);
    struct Seen {
        std::string id;
        uint64_t sequence;
        int64_t at;
    };
    std::deque<Seen> model;
    int64_t now = 0;
    for (uint64_t i = 0; i < 50'000; i++) {
        if (random.below(4) == 0) now += static_cast<int64_t>(random.below(4));
        while (!model.empty() && model.front().at + 50 <= now)
            model.pop_front();
        const std::string id = std::to_string(random.below(200));
        const Seen* known = nullptr;
        for (const Seen& each : model) {
            if (each.id == id) known = &each;
        }
        const auto found = dedup.find(id, now);
        REQUIRE(found.has_value() == (known != nullptr));
        if (known != nullptr) {
            REQUIRE(found->sequence == known->sequence);
            continue;
        }
        dedup.add(id, {1, i}, now);
        model.push_back({id, i, now});
        if (model.size() > 100) model.pop_front();
    }
}

TEST_CASE("an id that comes again is stored once, and its receipt names the first") {
    TopicsRig rig({"orders"});
    rig.options.topics[0].options.dedup = {60'000, 1000};
    REQUIRE(rig.start().ok());
    CHECK(rig.publish_as("orders", "one", "o-1") == ZB_TAKEN);
    const zb_receipt first = rig.receipt;
    CHECK(first.duplicate == 0);
    CHECK(rig.publish_as("orders", "two", "o-2") == ZB_TAKEN);
    rig.topics->turn_end();
    CHECK(rig.publish_as("orders", "one again", "o-1") == ZB_TAKEN);
    CHECK(rig.receipt.duplicate == 1);
    CHECK(rig.receipt.id_sequence == first.id_sequence);
    CHECK(rig.receipt.number == 3);
    rig.topics->turn_end();
    CHECK(rig.told.committed == 0);  // not before the first one is
    rig.store.finish();
    CHECK(rig.told.committed == 3);
    CHECK(rig.read_all("orders") == Messages{{0, "one"}, {1, "two"}});

    // Alone in its turn: nothing is written.
    CHECK(rig.publish_as("orders", "one again", "o-1") == ZB_TAKEN);
    CHECK_FALSE(rig.topics->idle());
    rig.topics->turn_end();
    CHECK_FALSE(rig.store.busy());
    CHECK(rig.told.committed == 4);
    CHECK(rig.topics->idle());
}

TEST_CASE("once: a topic that knows no ids refuses it, others store it once") {
    TopicsRig rig({"orders", "plain"});
    rig.options.topics[0].options.dedup = {60'000, 1000};
    REQUIRE(rig.start().ok());
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    attributes.id = view_of("o-1");
    attributes.flags = ZB_ONCE;
    CHECK(rig.publish("plain", "one", &attributes) == ZB_UNABLE);
    CHECK(rig.reason() == "plain: it has no `dedup`, and keeps no ids");
    CHECK(rig.publish("orders", "one", &attributes) == ZB_TAKEN);
    CHECK(rig.publish("orders", "again", &attributes) == ZB_TAKEN);
    CHECK(rig.receipt.duplicate == 1);
    rig.commit();
    CHECK(rig.read_all("plain").empty());
    CHECK(rig.read_all("orders") == Messages{{0, "one"}});
}

TEST_CASE("an id is known after a crash, with the first one's id, until its window ends") {
    TopicsRig rig({"orders"});
    rig.options.topics[0].options.dedup = {60'000, 1000};
    REQUIRE(rig.start().ok());
    rig.publish_as("orders", "one", "o-1");
    const zb_receipt first = rig.receipt;
    rig.commit();
    REQUIRE(rig.restart(false).ok());
    rig.clock.advance(std::chrono::seconds(59));
    CHECK(rig.publish_as("orders", "again", "o-1") == ZB_TAKEN);
    CHECK(rig.receipt.duplicate == 1);
    CHECK(rig.receipt.id_epoch == first.id_epoch);
    CHECK(rig.receipt.id_sequence == first.id_sequence);
    rig.commit();
    rig.clock.advance(std::chrono::seconds(1));
    CHECK(rig.publish_as("orders", "new", "o-1") == ZB_TAKEN);
    CHECK(rig.receipt.duplicate == 0);
    rig.commit();
    CHECK(rig.read_all("orders") == Messages{{0, "one"}, {1, "new"}});
}

TEST_CASE("an id is known after a restart though the log begins behind the topic's name") {
    TopicsRig rig({"orders"}, 2048);
    rig.options.topics[0].options.dedup = {60'000, 1000};
    rig.options.topics[0].options.retention.count = 2;
    REQUIRE(rig.start().ok());
    for (int i = 0; i < 11; i++) {
        rig.publish_as("orders", "x", "o-" + std::to_string(i));
        rig.commit();
    }
    const auto& first = rig.store.batches().front();
    REQUIRE(first.place.segment > 1);
    REQUIRE(record_at(first.body, 0)->type == RecordType::kMsg);
    REQUIRE(rig.restart().ok());
    const std::string id(id_in(read_msg(record_at(first.body, 0)->payload)->attributes));
    CHECK(rig.publish_as("orders", "again", id) == ZB_TAKEN);
    CHECK(rig.receipt.duplicate == 1);
}

TEST_CASE(
    "with a removed message's segment its id goes at a restart, not before: docs/JOURNAL.md") {
    TopicsRig rig({"orders"}, 2048);
    rig.options.topics[0].options.dedup = {60'000, 1000};
    rig.options.topics[0].options.retention.count = 2;
    REQUIRE(rig.start().ok());
    for (int i = 0; i < 11; i++) {
        rig.publish_as("orders", "x", "o-" + std::to_string(i));
        rig.commit();
    }
    REQUIRE(rig.store.batches().front().place.segment > 1);
    CHECK(rig.publish_as("orders", "again", "o-0") == ZB_TAKEN);
    CHECK(rig.receipt.duplicate == 1);
    rig.commit();
    REQUIRE(rig.restart().ok());
    CHECK(rig.publish_as("orders", "again", "o-10") == ZB_TAKEN);
    CHECK(rig.receipt.duplicate == 1);
    CHECK(rig.publish_as("orders", "again", "o-0") == ZB_TAKEN);
    CHECK(rig.receipt.duplicate == 0);
}

TEST_CASE("an id whose message was lost in the crash is new") {
    TopicsRig rig({"orders"});
    rig.options.topics[0].options.dedup = {60'000, 1000};
    REQUIRE(rig.start().ok());
    rig.publish_as("orders", "one", "o-1");
    rig.topics->turn_end();
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.publish_as("orders", "one", "o-1") == ZB_TAKEN);
    CHECK(rig.receipt.duplicate == 0);
    rig.commit();
    CHECK(rig.read_all("orders") == Messages{{0, "one"}});
}

TEST_CASE("of several targets those that know the id have it already, the others get it") {
    TopicsRig rig({"orders", "other"});
    rig.options.topics[0].options.dedup = {60'000, 1000};
    REQUIRE(rig.start().ok());
    rig.publish_as("orders", "one", "o-1");
    zb_attributes attributes{};
    attributes.id = view_of("o-1");
    const std::string wire = wire_of("both");
    const zb_publication both[] = {{rig.id("orders").number(), 1, view_of(wire), &attributes},
                                   {rig.id("other").number(), 1, view_of(wire), &attributes}};
    CHECK(rig.topics->publish(both, 2, rig.receipt) == ZB_TAKEN);
    CHECK(rig.receipt.duplicate == 0);
    rig.commit();
    CHECK(rig.read_all("orders") == Messages{{0, "one"}});
    CHECK(rig.read_all("other") == Messages{{0, "both"}});
}

}  // namespace zbridge::durable
