// `keep: last_per_key`: the newest message of each key stays, at its offset.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "tests/unit/plugins/durable/topics_rig.h"

namespace zbridge::durable {

namespace {

constexpr uint64_t kSegment = 8192;

void configure(TopicsRig& rig, uint32_t keys_max = 1000) {
    rig.options.topics[0].options.keep = Keep::kLastPerKey;
    rig.options.topics[0].options.keys_max = keys_max;
}

void publish(TopicsRig& rig, const std::string& key, const std::string& body) {
    const zb_view its = view_of(key);
    zb_attributes attributes{};
    attributes.size = sizeof(attributes);
    attributes.keys = &its;
    attributes.key_count = 1;
    REQUIRE(rig.publish("state", body, key.empty() ? nullptr : &attributes) == ZB_TAKEN);
}

// A second of the cleaner, with the reads that it needs.
void clean(TopicsRig& rig, int seconds = 1) {
    for (int i = 0; i < seconds; i++) {
        rig.topics->tick();
        while (rig.store.finish_read()) {
        }
        rig.commit();
    }
}

uint64_t disk_bytes(const TopicsRig& rig) {
    uint64_t bytes = 0;
    for (const SegmentInfo& each : rig.store.segments())
        bytes += each.bytes;
    return bytes;
}

const Topic& topic_of(TopicsRig& rig) {
    return *rig.topics->table().find("state");
}

std::string body_of(int number) {
    std::string body = std::to_string(number) + " ";
    return body.append(300 - body.size(), '.');
}

std::map<std::string, std::string> newest_in(const Messages& all,
                                             const std::map<std::string, std::string>& key_of) {
    std::map<std::string, std::string> newest;
    for (const auto& [offset, body] : all)
        newest[key_of.at(body)] = body;
    return newest;
}

}  // namespace

TEST_CASE(
    "of a key the newest message stays, at its offset; what it replaced goes with its segment") {
    TopicsRig rig({"state"}, kSegment);
    configure(rig);
    REQUIRE(rig.start().ok());
    publish(rig, "rare", "once");
    for (int i = 0; i < 500; i++) {
        publish(rig, "often-" + std::to_string(i % 3), body_of(i));
        rig.commit();
        if (i % 5 == 0) clean(rig);
    }
    clean(rig, 20);
    const Messages all = rig.read_all("state");
    CHECK(all.front() == std::pair<uint64_t, std::string>{0, "once"});
    CHECK(all.back() == std::pair<uint64_t, std::string>{500, body_of(499)});
    CHECK(all.size() < 100);
    CHECK(topic_of(rig).messages == all.size());
    CHECK(disk_bytes(rig) <= 4 * rig.topics->live_bytes() + 2 * kSegment);
    CHECK(rig.topics->bounds(rig.id("state")).floor == 0);

    // What went never comes back.
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.read_all("state") == all);
    CHECK(topic_of(rig).messages == all.size());
    CHECK(topic_of(rig).keys->size() == 4);
}

TEST_CASE("the messages of one record have one key: the last one of them stays") {
    TopicsRig rig({"state"}, kSegment);
    configure(rig);
    rig.options.hot_bytes = 512;
    REQUIRE(rig.start().ok());
    publish(rig, "k", "a");
    publish(rig, "k", "b");
    publish(rig, "k", "c");
    rig.commit();
    for (int i = 0; i < 200; i++) {
        publish(rig, "other", body_of(i));
        rig.commit();
        if (i % 5 == 0) clean(rig);
    }
    CHECK(rig.read_all("state").front() == std::pair<uint64_t, std::string>{2, "c"});
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.read_all("state").front() == std::pair<uint64_t, std::string>{2, "c"});
}

TEST_CASE("a reader is told how many offsets were replaced, so that it misses none") {
    TopicsRig rig({"state"}, kSegment);
    configure(rig);
    REQUIRE(rig.start().ok());
    for (int i = 0; i < 300; i++) {
        publish(rig, i % 50 == 0 ? "rare-" + std::to_string(i) : "often", body_of(i));
        rig.commit();
        if (i % 5 == 0) clean(rig);
    }
    uint64_t from = 0, messages = 0, replaced = 0;
    for (int tries = 0; tries < 1000; tries++) {
        zb_run runs[2];
        uint32_t count = 0;
        const zb_taken taken = rig.topics->read(rig.id("state"), {from}, 700, runs, 2, count);
        if (taken == ZB_LATER) REQUIRE(rig.store.finish_read());
        if (taken == ZB_TAKEN && count == 0) break;
        for (uint32_t i = 0; i < count; i++) {
            CHECK(runs[i].first_offset == from + runs[i].replaced);
            from = runs[i].first_offset + runs[i].count;
            messages += runs[i].count;
            replaced += runs[i].replaced;
        }
    }
    CHECK(from == 300);
    CHECK(messages == rig.read_all("state").size());
    CHECK(replaced > 200);
    CHECK(messages + replaced == 300);
}

TEST_CASE("what a group has not read stays, although it is replaced") {
    TopicsRig rig({"state"}, kSegment);
    configure(rig);
    REQUIRE(rig.start().ok());
    rig.topics->hold_unread(rig.id("state"), Offset{0});
    for (int i = 0; i < 200; i++) {
        publish(rig, "k", body_of(i));
        rig.commit();
        if (i % 5 == 0) clean(rig);
    }
    CHECK(rig.read_all("state").size() == 200);
    // There is nothing to gain: nothing is copied.
    CHECK(rig.topics->moved_bytes() == 0);
    rig.topics->hold_unread(rig.id("state"), Offset{150});
    clean(rig, 30);
    CHECK(rig.read_all("state").size() < 180);
    CHECK(rig.read_all("state", 150).size() == 50);
    CHECK(rig.read_all("state").back().first == 199);
    rig.topics->hold_unread(rig.id("state"), std::nullopt);
    clean(rig, 30);
    CHECK(disk_bytes(rig) <= 4 * rig.topics->live_bytes() + 2 * kSegment);
}

TEST_CASE("an id that a producer may send again stays known, although its message is replaced") {
    TopicsRig rig({"state"}, kSegment);
    configure(rig);
    rig.options.topics[0].options.dedup.window_ms = 60'000;
    REQUIRE(rig.start().ok());
    const std::string key = "k";
    const auto send = [&](int number, const std::string& id) {
        const zb_view its = view_of(key);
        zb_attributes attributes{};
        attributes.size = sizeof(attributes);
        attributes.keys = &its;
        attributes.key_count = 1;
        attributes.id = view_of(id);
        REQUIRE(rig.publish("state", body_of(number), &attributes) == ZB_TAKEN);
        rig.commit();
        return rig.receipt.duplicate;
    };
    for (int i = 0; i < 200; i++) {
        CHECK(send(i, "id-" + std::to_string(i)) == 0);
        if (i % 5 == 0) clean(rig);
    }
    clean(rig, 10);
    REQUIRE(rig.restart(false).ok());
    for (int i = 0; i < 200; i++)
        CHECK(send(i, "id-" + std::to_string(i)) == 1);
    rig.clock.advance(std::chrono::seconds(61));
    clean(rig, 30);
    CHECK(rig.read_all("state").size() < 100);
}

TEST_CASE("messages without a key, and of keys that are too many, are kept as retention says") {
    TopicsRig rig({"state"}, kSegment);
    configure(rig, 2);
    REQUIRE(rig.start().ok());
    std::map<std::string, std::string> key_of;
    for (int i = 0; i < 400; i++) {
        static const char* const kKeys[] = {"a", "b", "too many", ""};
        const std::string key = i % 40 < 38 ? kKeys[i % 2] : kKeys[2 + i % 2];
        key_of[body_of(i)] = key;
        publish(rig, key, body_of(i));
        rig.commit();
        if (i % 5 == 0) clean(rig);
    }
    clean(rig, 20);
    CHECK(topic_of(rig).keys->size() == 2);
    CHECK(topic_of(rig).keys->not_remembered() > 0);
    std::map<std::string, int> counts;
    for (const auto& [offset, body] : rig.read_all("state"))
        counts[key_of.at(body)]++;
    CHECK(counts["too many"] == 10);
    CHECK(counts[""] == 10);
    CHECK(counts["a"] < 100);
}

TEST_CASE("once retention has passed their messages, keys make room for others") {
    SeededRandom random(1);
    MemoryBudget memory(1 << 20);
    KeyTable table(16, {random.next(), random.next()}, memory);
    uint64_t offset = 0;
    for (int i = 0; i < 16; i++)
        CHECK_FALSE(table.note("old-" + std::to_string(i), {{offset++}, 1}, {0}));
    CHECK_FALSE(table.note("new", {{offset++}, 1}, {0}));
    CHECK(table.not_remembered() == 1);
    CHECK_FALSE(table.newest("new"));
    CHECK_FALSE(table.note("new", {{offset}, 7}, {8}));
    CHECK(table.size() == 9);
    CHECK(table.newest("new") == Offset{offset});
    CHECK_FALSE(table.newest("old-7"));
    CHECK(table.newest("old-8") == Offset{8});
    // In any order; the same one again is no replacement.
    CHECK(table.note("new", {{offset + 5}, 9}, {8}) == KeyTable::Newest{{offset}, 7});
    CHECK(table.note("new", {{offset + 1}, 3}, {8}) == KeyTable::Newest{{offset + 1}, 3});
    CHECK_FALSE(table.note("new", {{offset + 5}, 9}, {8}));
}

TEST_CASE("its memory is counted, and bounded") {
    SeededRandom random(1);
    MemoryBudget memory(1ULL << 30);
    {
        KeyTable table(100'000, {random.next(), random.next()}, memory);
        for (uint64_t i = 0; i < 150'000; i++)
            (void)table.note("key " + std::to_string(i), {{i}, 1}, {0});
        CHECK(table.size() == 100'000);
        CHECK(table.not_remembered() == 50'000);
        CHECK(memory.used() <= 3 * KeyTable::kKeyBytes * 100'000);
    }
    CHECK(memory.used() == 0);
}

TEST_CASE("lives from seeds: what is there is what a list says, whatever ends them") {
    for (uint64_t seed = 1; seed <= 40; seed++) {
        CAPTURE(seed);
        TopicsRig rig({"state"}, kSegment);
        SeededRandom chance(seed);
        configure(rig, seed % 4 == 0 ? 3 : 1000);
        rig.options.hot_bytes = 2048;
        std::vector<std::pair<std::string, std::string>> sent;  // by offset: key, body
        std::map<std::string, std::string> key_of;
        std::vector<bool> gone;
        for (int life = 0; life < 5; life++) {
            REQUIRE((life == 0 ? rig.start() : rig.restart(chance.below(2) == 0)).ok());
            for (int step = 0; step < 120; step++) {
                const std::string key = "k" + std::to_string(chance.below(1 + chance.below(8)));
                std::string body = std::to_string(sent.size()) + " ";
                body.resize(body.size() + chance.below(400), '.');
                key_of[body] = key;
                sent.emplace_back(key, body);
                publish(rig, key, body);
                if (chance.below(3) > 0) rig.commit();
                if (chance.below(8) == 0) clean(rig);
                if (chance.below(60) == 0 && sent.size() > 20) {
                    rig.commit();
                    rig.topics->purge(rig.id("state"), Offset{sent.size() / 8}, {});
                }
            }
            rig.commit();
            const Messages all = rig.read_all("state");
            const uint64_t floor = rig.topics->bounds(rig.id("state")).floor;
            gone.resize(sent.size());
            uint64_t next = 0;
            std::map<std::string, std::string> newest;
            for (const auto& [key, body] : sent)
                newest[key] = body;
            for (const auto& [offset, body] : all) {
                REQUIRE(sent.at(offset).second == body);
                REQUIRE_FALSE(gone[offset]);
                for (; next < offset; next++)
                    gone[next] = true;
                next = offset + 1;
            }
            REQUIRE(next == sent.size());
            for (size_t offset = floor; offset < sent.size(); offset++) {
                if (gone[offset]) REQUIRE(newest[sent[offset].first] != sent[offset].second);
            }
            uint64_t messages = 0;
            for (const auto& message : all)
                messages += message.first >= floor ? 1 : 0;
            CHECK(topic_of(rig).messages >= messages);
            CHECK(newest_in(all, key_of).size() <= newest.size());
        }
        CHECK(std::count(gone.begin(), gone.end(), true) > 50);
    }
}

TEST_CASE("told to keep all again, a topic keeps what is left, and all that comes") {
    TopicsRig rig({"state"}, kSegment);
    configure(rig);
    REQUIRE(rig.start().ok());
    for (int i = 0; i < 300; i++) {
        publish(rig, "k", body_of(i));
        rig.commit();
        if (i % 5 == 0) clean(rig);
    }
    const Messages all = rig.read_all("state");
    rig.options.topics[0].options.keep = Keep::kAll;
    REQUIRE(rig.restart(false).ok());
    CHECK(rig.read_all("state") == all);
    for (int i = 300; i < 400; i++) {
        publish(rig, "k", body_of(i));
        rig.commit();
        if (i % 5 == 0) clean(rig);
    }
    CHECK(rig.read_all("state").size() == all.size() + 100);
    CHECK(topic_of(rig).messages == all.size() + 100);
    CHECK(topic_of(rig).keys == nullptr);

    // And the other way: what stands there counts.
    configure(rig);
    REQUIRE(rig.restart().ok());
    publish(rig, "k", body_of(400));
    rig.commit();
    clean(rig, 60);
    CHECK(rig.read_all("state").size() < 100);
    CHECK(rig.read_all("state").back().first == 400);
}

}  // namespace zbridge::durable
