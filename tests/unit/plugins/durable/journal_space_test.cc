// Room: files made ahead, a full disk, segments that are dropped.
#include <doctest/doctest.h>

#include "plugins/durable/journal/segment_file.h"
#include "tests/unit/plugins/durable/journal_life.h"

namespace zbridge::durable {

namespace {

using Bodies = std::vector<std::string>;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string filling(JournalLife& life, char c) {
    return std::string(life.options.segment_bytes / 4, c);  // three fit into a segment
}

// Appends until there are so many segments.
Bodies append_until(JournalLife& life, size_t segments) {
    Bodies appended;
    for (char c = 'a'; life.journal->segments().size() < segments; c++) {
        appended.push_back(filling(life, c));
        REQUIRE(life.append(appended.back()).ok());
    }
    return appended;
}

}  // namespace

TEST_CASE("a spare is made ahead, of zeros, step by step") {
    JournalLife life;
    life.options.segment_bytes = 4 << 20;
    REQUIRE(life.open() == "yes");
    life.settle();
    CHECK(life.journal->spares().ready() == 0);
    CHECK(life.journal->spares().filled() == kFillStepBytes);
    CHECK(life.has("filling"));
    for (int i = 0; i < 3; i++)
        life.pass(Spares::kStepPause);
    CHECK(life.journal->spares().ready() == 1);
    CHECK_FALSE(life.has("filling"));
    CHECK(life.file_bytes(fresh_name(1)) == std::string(4 << 20, '\0'));
    // One is enough.
    life.pass(seconds(10));
    CHECK(life.journal->spares().ready() == 1);
}

TEST_CASE("what is appended hurries the spare; what waits for it takes it as it is") {
    JournalLife life;
    life.options.segment_bytes = 4 << 20;
    REQUIRE(life.open() == "yes");
    REQUIRE(life.append(std::string(1 << 20, 'x')).ok());
    CHECK(life.journal->spares().ready() == 1);  // no time has passed

    // The helper is slow: it has not begun when the segment is full.
    JournalLife burst;
    burst.options.segment_bytes = 4 << 20;
    REQUIRE(burst.open() == "yes");
    const std::string large(3 << 20, 'x');
    burst.begin_append(large);
    SimExecutor& appends = *burst.executors.back();
    appends.run_all();
    REQUIRE(burst.done);
    burst.begin_append(large);
    CHECK(appends.tasks() == 0);
    CHECK(burst.journal->stats().waits_for_spare == 1);
    burst.executors.front()->step();
    burst.executors.front()->run_done();
    CHECK(burst.journal->spares().filled() <= kFillStepBytes);
    burst.settle();
    REQUIRE(burst.done);
    CHECK(burst.done->ok());
    CHECK(burst.journal->stats().rollovers == 1);
}

TEST_CASE("a spare outlives its life; one that is half made does not") {
    JournalLife life;
    life.options.segment_bytes = 4 << 20;
    REQUIRE(life.open() == "yes");
    life.settle();
    CHECK(life.has("filling"));
    REQUIRE(life.open() == "yes");
    life.pass(seconds(0));
    for (int i = 0; i < 8; i++)
        life.pass(Spares::kStepPause);
    CHECK(life.journal->spares().ready() == 1);
    REQUIRE(life.open() == "yes");  // a kill: the spare is the fresh segment
    CHECK_FALSE(life.has(fresh_name(1)));
    CHECK(life.journal->segments().back().bytes == 4 << 20);
}

TEST_CASE("a full disk is met by the helper: full, no append fails, and it goes on by itself") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    life.disk.set_capacity(life.options.segment_bytes + 8192);
    life.settle();
    CHECK(life.journal->full());
    CHECK(life.journal->spares().failure().code() == Code::kNoSpace);
    CHECK_FALSE(life.has("filling"));  // its room went back

    // What is left of the segment is for what frees room.
    Bodies appended;
    for (int i = 0; i < 3; i++) {
        appended.push_back(filling(life, 'a'));
        REQUIRE(life.append(appended.back()).ok());
    }
    life.begin_append(filling(life, 'b'));
    appended.push_back(filling(life, 'b'));
    for (int i = 0; i < 5; i++)
        life.pass(Spares::kRetry);
    CHECK_FALSE(life.done);
    CHECK(life.journal->busy());
    CHECK(life.journal->full());
    CHECK(life.journal->failure().ok());

    life.disk.set_capacity(~uint64_t{0});
    life.pass(Spares::kRetry);
    REQUIRE(life.done);
    CHECK(life.done->ok());
    life.settle();
    CHECK_FALSE(life.journal->full());
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == appended);
}

TEST_CASE("a drop gives a full journal room again") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    Bodies appended = append_until(life, 3);
    life.settle();
    const uint64_t first = life.journal->segments()[0].segment;
    // No more room than what is in use, without the spare that is there.
    life.disk.set_capacity(4 * life.options.segment_bytes + 8192);
    append_until(life, 4);
    life.pass(Spares::kRetry);
    CHECK(life.journal->full());
    life.journal->drop(first);
    life.settle();
    CHECK_FALSE(life.journal->full());
    CHECK(life.has(spare_name(first)));
    CHECK_FALSE(life.has(segment_name(first)));
}

TEST_CASE("a journal that ends while an append waits for room has no mark of an end in order") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    life.disk.set_capacity(life.options.segment_bytes + 8192);
    for (int i = 0; i < 3; i++)
        REQUIRE(life.append(filling(life, 'a')).ok());
    life.begin_append(filling(life, 'b'));
    life.settle();
    CHECK(life.journal->close().code() == Code::kNoSpace);
    life.disk.set_capacity(~uint64_t{0});
    REQUIRE(life.open() == "yes");
    CHECK(life.journal->found().end == Found::End::kUnclean);
    CHECK(bodies(life.seen).size() == 3);
}

TEST_CASE("a start on a full disk says what it needs room for") {
    JournalLife life;
    life.disk.set_capacity(10'000);
    const std::string answer = life.open();
    CHECK(answer.find("making room for the journal's next segment") != answer.npos);
}

TEST_CASE("dropped segments become spares, and what is beyond two is removed") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    const size_t before = append_until(life, 6).size();
    life.settle();
    REQUIRE(life.journal->spares().ready() == 1);
    const Seq left = life.journal->segments()[3].first;
    for (int i = 0; i < 3; i++)
        life.journal->drop(life.journal->segments().front().segment);
    life.settle();
    CHECK(life.journal->spares().ready() == Spares::kSparesMax);
    CHECK(life.has(spare_name(1)));
    CHECK_FALSE(life.has(spare_name(2)));
    CHECK_FALSE(life.has(segment_name(2)));
    CHECK(life.journal->segments().size() == 3);
    // A file that was another segment before: its old batches are none of the new one.
    const Bodies more = append_until(life, 6);
    REQUIRE(life.open() == "yes");
    CHECK(life.seen.front().seq == left);
    CHECK(bodies(life.seen).size() < before + more.size());
    CHECK(bodies(life.seen).size() > more.size());
    CHECK(life.journal->found().damage.empty());
}

TEST_CASE(
    "a segment in the middle may be dropped: the gap is no damage, at this start and the next") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    append_until(life, 5);
    const auto before = life.journal->segments();
    life.journal->drop(before[1].segment);
    life.journal->drop(before[2].segment);
    life.settle();
    for (int i = 0; i < 2; i++) {
        life.crash();
        REQUIRE(life.open() == "yes");
        CHECK(life.journal->found().damage.empty());
        for (const SeenBatch& batch : life.seen) {
            CHECK((batch.seq < before[1].first || batch.seq > before[2].last));
        }
    }
    // What was dropped first in the row and the oldest one makes the list short again.
    life.journal->drop(before[0].segment);
    life.settle();
    CHECK(life.file_bytes("store").find("dropped") == std::string::npos);
    CHECK(life.file_bytes("store").find("from 4\n") != std::string::npos);
}

TEST_CASE("a segment that is still appended to cannot be dropped, and is not sealed") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    append_until(life, 2);
    const auto segments = life.journal->segments();
    CHECK(segments[0].sealed);
    CHECK_FALSE(segments[1].sealed);
    CHECK(segments[0].last == Seq{number(segments[1].first) - 1});
    CHECK(number(segments[1].last) + 1 == number(life.journal->next_seq()));

    // Sealed is what has a successor on the disk, not what will have one.
    life.begin_append(filling(life, 'x'));
    life.settle();
    while (life.journal->segments().size() == 2) {
        REQUIRE(life.append(filling(life, 'x')).ok());
        if (life.journal->segments().size() == 2) life.begin_append(filling(life, 'y'));
        if (life.journal->segments().size() == 3) CHECK_FALSE(life.journal->segments()[1].sealed);
        life.settle();
    }
    CHECK(life.journal->segments()[1].sealed);
}

}  // namespace zbridge::durable
