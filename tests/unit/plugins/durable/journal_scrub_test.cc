#include "plugins/durable/journal/scrub.h"

#include <doctest/doctest.h>

#include "tests/unit/plugins/durable/journal_life.h"

namespace zbridge::durable {

namespace {

// Three segments; the places of what was appended.
std::vector<Place> three_segments(JournalLife& life) {
    std::vector<Place> places;
    REQUIRE(life.open() == "yes");
    while (life.journal->segments().size() < 3) {
        REQUIRE(life.append(std::string(5000, 's')).ok());
        places.push_back(life.place);
    }
    return places;
}

std::optional<Scrubbed> scrub(JournalLife& life, uint64_t segment) {
    std::optional<Scrubbed> scrubbed;
    if (!life.journal->scrub(segment, [&](const Scrubbed& what) { scrubbed = what; }))
        return std::nullopt;
    for (int i = 0; i < 1000 && !scrubbed; i++)
        life.pass(Scrub::kPause);
    return scrubbed;
}

}  // namespace

TEST_CASE("a scrub of a segment that is well finds all its batches whole") {
    JournalLife life;
    three_segments(life);
    const auto segments = life.journal->segments();
    const auto scrubbed = scrub(life, 1);
    REQUIRE(scrubbed);
    CHECK(scrubbed->status.ok());
    CHECK(scrubbed->damage.empty());
    CHECK(scrubbed->batches == number(segments[1].first) - number(segments[0].first));
    CHECK_FALSE(scrub(life, 3));  // it is still appended to
    CHECK_FALSE(scrub(life, 9));
}

TEST_CASE("a scrub names each place that is damaged, and goes on behind it") {
    JournalLife life;
    const auto places = three_segments(life);
    life.flip(segment_name(1), places[2].position + 3000, 3);
    life.flip(segment_name(1), places[5].position + 10, 3);
    life.flip(segment_name(1), places[6].position + 100, 3);
    const auto scrubbed = scrub(life, 1);
    REQUIRE(scrubbed);
    REQUIRE(scrubbed->damage.size() == 2);
    CHECK(scrubbed->damage[0].position == places[2].position);
    CHECK(scrubbed->damage[0].first == scrubbed->damage[0].last);
    CHECK(scrubbed->damage[1].position == places[5].position);
    CHECK(number(*scrubbed->damage[1].last) == number(scrubbed->damage[1].first) + 1);

    // The last batch of a segment too: the one behind it tells where it ends.
    size_t last = 0;
    while (places[last + 1].segment == 2 || places[last].segment == 1)
        last++;
    life.flip(segment_name(2), places[last].position + 3000, 3);
    const auto second = scrub(life, 2);
    REQUIRE(second);
    REQUIRE(second->damage.size() == 1);
    CHECK(second->damage[0].position == places[last].position);
}

TEST_CASE("a scrub reads so much, and then pauses") {
    JournalLife life;
    life.options.segment_bytes = 4 << 20;
    REQUIRE(life.open() == "yes");
    for (int i = 0; life.journal->segments().size() < 2; i++)
        REQUIRE(life.append(std::string(500'000, 's')).ok());
    life.settle();
    std::optional<Scrubbed> scrubbed;
    REQUIRE(life.journal->scrub(1, [&](const Scrubbed& what) { scrubbed = what; }));
    CHECK_FALSE(life.journal->scrub(1, [](const Scrubbed&) {}));  // one at a time
    int pauses = 0;
    for (life.settle(); !scrubbed; pauses++)
        life.pass(Scrub::kPause);
    CHECK(pauses >= 2);
    CHECK(scrubbed->damage.empty());
}

TEST_CASE("a segment that is dropped, or a journal that ends, ends the scrub") {
    JournalLife life;
    three_segments(life);
    std::optional<Scrubbed> scrubbed;
    REQUIRE(life.journal->scrub(1, [&](const Scrubbed& what) { scrubbed = what; }));
    life.journal->drop(1);
    REQUIRE(scrubbed);
    CHECK(scrubbed->status.code() == Code::kNotFound);
    life.settle();

    scrubbed.reset();
    REQUIRE(life.journal->scrub(2, [&](const Scrubbed& what) { scrubbed = what; }));
    CHECK(life.journal->close().ok());
    CHECK_FALSE(scrubbed);
}

}  // namespace zbridge::durable
