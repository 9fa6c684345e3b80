#include "plugins/durable/journal/journal.h"

#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/journal_life.h"

namespace zbridge::durable {

using Bodies = std::vector<std::string>;

TEST_CASE("what was appended is there at the next opening, in order") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    CHECK(life.seen.empty());
    CHECK(life.journal->found().end == Found::End::kNew);
    const Seq first = life.journal->next_seq();
    CHECK(life.append("one").ok());
    const Place one = life.place;
    CHECK(life.append(std::string(5000, '2')).ok());
    CHECK(life.append("").ok());
    CHECK(life.journal->close().ok());

    REQUIRE(life.open() == "yes");
    CHECK(life.journal->found().end == Found::End::kCleanStop);
    CHECK(life.journal->found().sentences().size() <= 1);
    CHECK(bodies(life.seen) == Bodies{"one", std::string(5000, '2'), ""});
    REQUIRE(life.seen.size() == 5);  // with the first life's EPOCH and CLEAN_STOP
    CHECK(life.seen[0].flags == kFirstAfterOpen);
    CHECK(life.seen[1].seq == first);
    CHECK(life.seen[1].place == one);
    CHECK(life.seen[4].flags == kCleanStop);
    CHECK(life.read(one) == "one");
}

TEST_CASE("a done comes after the batch is on the disk, never within append()") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    life.begin_append("x");
    CHECK(life.journal->busy());
    CHECK_FALSE(life.done);
    life.settle();
    REQUIRE(life.done);
    CHECK(life.done->ok());
    CHECK_FALSE(life.journal->busy());
    life.crash();
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == Bodies{"x"});
}

TEST_CASE("segments follow each other, and all are read again") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    Bodies appended;
    for (int i = 0; i < 100; i++) {
        appended.push_back(
            std::string(4000 + static_cast<size_t>(i), static_cast<char>('a' + i % 26)));
        REQUIRE(life.append(appended.back()).ok());
    }
    CHECK(life.journal->segments().size() > 5);
    CHECK(life.journal->stats().rollovers == life.journal->segments().size() - 1);
    life.crash();
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == appended);
    life.crash();
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == appended);
}

}  // namespace zbridge::durable
