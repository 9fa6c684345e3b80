#include "bridge/cli/bench/sequence.h"

#include <set>

#include "bridge/base/random.h"

using namespace zbridge;
using cli::bench::Sequence;
using Arrival = Sequence::Arrival;

TEST_CASE("all in order: nothing is missing") {
    Sequence sequence;
    for (uint64_t i = 0; i < 1'000; i++)
        CHECK(sequence.take(i) == Arrival::kNext);
    CHECK(sequence.arrived() == 1'000);
    CHECK(sequence.missing() == 0);
    CHECK(sequence.end() == 1'000);
}

TEST_CASE("what is left out is missing until it comes, late") {
    Sequence sequence;
    CHECK(sequence.take(0) == Arrival::kNext);
    CHECK(sequence.take(5) == Arrival::kNext);
    CHECK(sequence.missing() == 4);
    CHECK(sequence.take(3) == Arrival::kLate);
    CHECK(sequence.take(1) == Arrival::kLate);
    CHECK(sequence.missing() == 2);
    CHECK(sequence.take(6) == Arrival::kNext);
    CHECK(sequence.arrived() == 5);
}

TEST_CASE("what came already comes twice, and is not counted") {
    Sequence sequence;
    (void)sequence.take(0);
    (void)sequence.take(4);
    (void)sequence.take(2);
    for (const uint64_t again : {0, 4, 2})
        CHECK(sequence.take(again) == Arrival::kTwice);
    CHECK(sequence.arrived() == 3);
    CHECK(sequence.missing() == 2);
}

TEST_CASE("consumers that share have each its own order") {
    Sequence sequence;
    CHECK(sequence.take(1, 1) == Arrival::kNext);
    CHECK(sequence.take(0, 0) == Arrival::kNext);
    CHECK(sequence.take(2, 0) == Arrival::kNext);
    CHECK(sequence.take(3, 1) == Arrival::kNext);
    CHECK(sequence.take(5, 0) == Arrival::kNext);
    CHECK(sequence.take(4, 0) == Arrival::kLate);
    CHECK(sequence.take(5, 1) == Arrival::kTwice);
    CHECK(sequence.missing() == 0);
}

TEST_CASE("what had been sent before the first is known") {
    Sequence sequence;
    CHECK(sequence.first_missing_until() == 0);
    (void)sequence.take(100);
    CHECK(sequence.first_missing_until() == 100);
    (void)sequence.take(103);
    CHECK(sequence.missing() == 102);
    (void)sequence.take(0);
    CHECK(sequence.first_missing_until() == 0);
}

TEST_CASE("in any order and number it says what a set would say") {
    SeededRandom random(11);
    Sequence sequence;
    std::set<uint64_t> came;
    for (int i = 0; i < 5'000; i++) {
        const uint64_t number = random.below(3'000);
        CHECK((sequence.take(number) == Arrival::kTwice) == !came.insert(number).second);
    }
    CHECK(sequence.arrived() == came.size());
    CHECK(sequence.missing() == *came.rbegin() + 1 - came.size());
}

TEST_CASE("beyond its gaps the oldest is closed: missing for good") {
    Sequence sequence;
    for (uint64_t i = 0; i <= Sequence::kGapsMax; i++)
        (void)sequence.take(2 * i + 1);
    CHECK(sequence.missing() == Sequence::kGapsMax + 1);
    CHECK(sequence.take(0) == Arrival::kTwice);
    CHECK(sequence.take(2) == Arrival::kLate);
    CHECK(sequence.missing() == Sequence::kGapsMax);
}
