// Readers that lag: from memory, from the log, around damage.
#include <doctest/doctest.h>

#include "plugins/durable/index/ordered_index.h"
#include "plugins/durable/topics/body_reader.h"
#include "tests/unit/plugins/durable/topics_rig.h"

namespace zbridge::durable {

namespace {

// One message a batch.
void fill(TopicsRig& rig, int batches, size_t bytes = 200) {
    for (int i = 0; i < batches; i++) {
        std::string body = std::to_string(i);
        body.resize(bytes, '.');
        rig.publish("orders", body);
        rig.commit();
    }
}

}  // namespace

TEST_CASE("the newest batches are read from memory, older ones from the log") {
    TopicsRig rig;
    rig.options.hot_bytes = 2048;  // four batches
    REQUIRE(rig.start().ok());
    fill(rig, 10);
    CHECK(rig.read("orders", 6).messages.size() == 4);
    CHECK(rig.store.reads() == 0);
    CHECK(rig.read("orders", 5).taken == ZB_LATER);
    CHECK(rig.store.reads() == 1);
    CHECK(rig.read("orders", 5).taken == ZB_LATER);
    CHECK(rig.store.reads() == 1);  // it is being read already
    CHECK(rig.told.loaded.empty());
    rig.store.finish_read();
    CHECK(rig.told.loaded == std::vector<uint32_t>{0});
    CHECK(rig.read("orders", 5).messages.size() == 5);
}

TEST_CASE("a reader far behind has the next batches read with the one it waits for") {
    TopicsRig rig;
    rig.options.hot_bytes = 512;
    REQUIRE(rig.start().ok());
    fill(rig, 10);
    CHECK(rig.read("orders", 0).taken == ZB_LATER);
    CHECK(rig.store.reads() == 1 + Topics::kReadAheadBatches);
    while (rig.store.finish_read()) {
    }
    CHECK(rig.read("orders", 0).messages.size() == 1 + Topics::kReadAheadBatches);
    CHECK(rig.read_all("orders").size() == 10);
}

TEST_CASE("the next batches are read while a reader has one, also when the cache is full") {
    TopicsRig rig;
    rig.options.hot_bytes = 512;
    rig.options.cold_bytes = 8 * 256;  // about eight batches
    REQUIRE(rig.start().ok());
    fill(rig, 40);
    size_t waits = 0;
    for (uint64_t offset = 0; offset < 40;) {
        const auto read = rig.read("orders", offset, 1);
        if (read.taken == ZB_LATER) waits++;
        offset += read.messages.size();
        while (rig.store.finish_read()) {
        }
    }
    CHECK(waits == 1);
}

TEST_CASE("what is read ahead takes half of the cache") {
    TopicsRig rig;
    rig.options.hot_bytes = 512;
    rig.options.cold_bytes = 5 * 256;
    REQUIRE(rig.start().ok());
    fill(rig, 20);
    CHECK(rig.read("orders", 0).taken == ZB_LATER);
    CHECK(rig.store.reads() == 1 + 2);
}

TEST_CASE("what was read from the log is forgotten at its limit, and read again") {
    TopicsRig rig;
    rig.options.hot_bytes = 512;
    rig.options.cold_bytes = 600;  // two batches
    REQUIRE(rig.start().ok());
    fill(rig, 20);
    for (int i = 0; i < 2; i++) {
        const Messages all = rig.read_all("orders", 0, 1);
        REQUIRE(all.size() == 20);
        for (size_t each = 0; each < all.size(); each++)
            CHECK(all[each].first == each);
    }
    CHECK(rig.memory.used() < ChunkPool::kChunkBytes * 4);
}

TEST_CASE("with as many reads as may be a reader waits for any of them") {
    TopicsRig rig({"orders", "other"});
    rig.options.hot_bytes = 512;
    REQUIRE(rig.start().ok());
    rig.publish("other", "x");
    rig.commit();
    fill(rig, 10);
    rig.store.reads_max_ = 2;
    CHECK(rig.read("orders", 0).taken == ZB_LATER);
    CHECK(rig.store.reads() == 2);
    CHECK(rig.read("other", 0).taken == ZB_LATER);
    rig.store.finish_read();
    CHECK(rig.told.loaded == std::vector<uint32_t>{0, 1});
    CHECK(rig.read_all("other").size() == 1);
    CHECK(rig.read_all("orders").size() == 10);
}

TEST_CASE("a read that refuses with none on the way is tried again at the turn's end") {
    TopicsRig rig;
    rig.options.hot_bytes = 512;
    REQUIRE(rig.start().ok());
    fill(rig, 3);
    rig.store.reads_max_ = 0;  // somebody else has them all
    CHECK(rig.read("orders", 0).taken == ZB_LATER);
    rig.topics->tick();
    CHECK(rig.told.loaded == std::vector<uint32_t>{0});
}

TEST_CASE("a batch that cannot be read is named once, and readers go on behind it") {
    TopicsRig rig;
    rig.options.hot_bytes = 512;
    REQUIRE(rig.start().ok());
    fill(rig, 5);
    CHECK(rig.read("orders", 1).taken == ZB_LATER);
    rig.store.finish_read({Code::kIo, "its sum is wrong"});
    REQUIRE(rig.told.warnings.size() == 1);
    CHECK(rig.told.warnings[0].find("segment 1, position 1024: its sum is wrong") !=
          std::string::npos);
    const Messages all = rig.read_all("orders");
    REQUIRE(all.size() == 4);
    CHECK(all[0].first == 0);
    CHECK(all[1].first == 2);
    CHECK(rig.topics->damaged_batches() == 1);
    CHECK(rig.told.warnings.size() == 1);
}

TEST_CASE("a run is cut where the reader begins, and where it has enough") {
    TopicsRig rig;
    REQUIRE(rig.start().ok());
    for (const char* body : {"0", "1", "2", "3", "4"})
        rig.publish("orders", body);
    rig.commit();
    CHECK(rig.read("orders", 2).messages == Messages{{2, "2"}, {3, "3"}, {4, "4"}});
    CHECK(rig.read("orders", 1, 4).messages == Messages{{1, "1"}, {2, "2"}});
    CHECK(rig.read("orders", 4, 1).messages == Messages{{4, "4"}});
    CHECK(rig.read("orders", 0, 1 << 20, 1).messages.size() == 5);

    zb_run run{};
    uint32_t count = 0;
    rig.topics->read(rig.id("orders"), {3}, 1 << 20, &run, 1, count);
    REQUIRE(count == 1);
    CHECK(run.first_offset == 3);
    CHECK(run.count == 2);
    CHECK(run.frames == 2);
    CHECK(run.first_sequence == 4);
    CHECK(run.bytes == 6);
}

TEST_CASE("runs that were read live until the next call, whatever is read meanwhile") {
    TopicsRig rig;
    rig.options.hot_bytes = 512;
    rig.options.cold_bytes = 1;
    REQUIRE(rig.start().ok());
    fill(rig, 8);
    CHECK(rig.read("orders", 0).taken == ZB_LATER);
    rig.store.finish_read();
    std::vector<zb_run> runs(64);
    uint32_t count = 0;
    CHECK(rig.topics->read(rig.id("orders"), {0}, 1 << 20, runs.data(), 64, count) == ZB_TAKEN);
    REQUIRE(count >= 1);
    while (rig.store.finish_read()) {
    }
    CHECK(bodies_of({runs[0].wire, runs[0].bytes})[0].substr(0, 2) == "0.");
}

TEST_CASE("the index finds the run of an offset, or the first behind it; and of a time") {
    OrderedIndex index;
    const TopicId topic(3);
    CHECK_FALSE(index.at_or_after(topic, {0}));
    CHECK_FALSE(index.first(topic));
    const auto run = [](uint64_t first, uint32_t count, int64_t ms) {
        Run made;
        made.first = {first};
        made.count = count;
        made.stored_ms = ms;
        made.place = {4, static_cast<uint32_t>(first) * 512, 99};
        return made;
    };
    index.add(topic, run(10, 5, 100));
    index.add(topic, run(15, 1, 90));   // the clock went back
    index.add(topic, run(20, 2, 200));  // a gap before it
    const auto first_of = [](const std::optional<Run>& found) { return found->first.number; };
    CHECK(first_of(index.at_or_after(topic, {0})) == 10);
    CHECK(first_of(index.at_or_after(topic, {14})) == 10);
    CHECK(first_of(index.at_or_after(topic, {15})) == 15);
    CHECK(first_of(index.at_or_after(topic, {16})) == 20);
    CHECK_FALSE(index.at_or_after(topic, {22}));
    CHECK(first_of(index.since(topic, 0)) == 10);
    CHECK(first_of(index.since(topic, 100)) == 10);
    CHECK(first_of(index.since(topic, 101)) == 20);
    CHECK_FALSE(index.since(topic, 201));
    CHECK(index.at_or_after(topic, {20})->place.position == 20 * 512);
    CHECK(index.at_or_after(topic, {20})->place.body_bytes == 99);
    CHECK(index.runs() == 3);
    index.remove_first(topic);
    CHECK(first_of(index.first(topic)) == 15);
    CHECK(index.runs() == 2);
}

}  // namespace zbridge::durable
