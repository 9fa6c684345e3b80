// The packed index against one that is not, and what it takes.
#include <doctest/doctest.h>

#include <algorithm>

#include "bridge/base/random.h"
#include "plugins/durable/index/ordered_index.h"

namespace zbridge::durable {

namespace {

bool same(const Run& a, const Run& b) {
    return a.first == b.first && a.count == b.count && a.position == b.position &&
           a.bytes == b.bytes && a.stored_ms == b.stored_ms && a.place.segment == b.place.segment &&
           a.place.position == b.place.position && a.place.body_bytes == b.place.body_bytes;
}

bool same(const std::optional<Run>& a, const std::optional<Run>& b) {
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
}

// As plain as can be.
struct PlainIndex {
    std::vector<Run> runs;

    std::optional<Run> at_or_after(Offset offset) const {
        return first_of([&](const Run& each) { return each.end() > offset; });
    }
    std::optional<Run> since(int64_t ms) const {
        return first_of([&](const Run& each) { return each.stored_ms >= ms; });
    }
    std::optional<Run> first_of(auto is) const {
        const auto found = std::find_if(runs.begin(), runs.end(), is);
        return found == runs.end() ? std::nullopt : std::optional(*found);
    }
    std::vector<Run> move(const Run& run) {
        std::vector<Run> replaced;
        std::erase_if(runs, [&](const Run& each) {
            const bool within = each.first >= run.first && each.end() <= run.end();
            if (within) replaced.push_back(each);
            return within;
        });
        const auto at = std::find_if(runs.begin(), runs.end(),
                                     [&](const Run& each) { return each.first > run.first; });
        runs.insert(at, run);
        return replaced;
    }
};

// Of all kinds: far apart and near, of one size and of another.
Run some_run(SeededRandom& random, const Run& before) {
    Run run = before;
    run.first = before.end() + (random.below(8) == 0 ? random.below(1 << 20) : 0);
    if (random.below(2) == 0) run.count = 1 + static_cast<uint32_t>(random.below(300));
    if (random.below(3) == 0) run.position = static_cast<uint32_t>(random.below(1 << 20));
    if (random.below(2) == 0) run.bytes = static_cast<uint32_t>(random.below(1 << 20));
    run.place.position += static_cast<uint32_t>(BatchMemory::capacity_for(before.place.body_bytes) +
                                                512 * random.below(3));
    if (random.below(2) == 0) run.place.body_bytes = static_cast<uint32_t>(random.below(1 << 21));
    if (run.count == 0) run.count = 1;
    if (random.below(20) == 0 || run.place.position > 1 << 26) {
        run.place.segment = random.below(uint64_t{1} << 40);
        run.place.position = static_cast<uint32_t>(random.below(1 << 26));
    }
    run.stored_ms += static_cast<int64_t>(random.below(2) * random.below(1000));
    return run;
}

}  // namespace

TEST_CASE("runs of all kinds are packed and read back as they were") {
    for (uint64_t seed = 1; seed <= 200; seed++) {
        SeededRandom random(seed);
        std::vector<Run> runs;
        Run last;
        last.stored_ms = random.below(2) == 0 ? 1'700'000'000'000 : -5;
        for (size_t i = 0; i < 1 + random.below(100); i++)
            runs.push_back(last = some_run(random, last));
        const RunBlock block = pack_runs(runs.data(), runs.size());
        CHECK(block.first == runs.front().first);
        CHECK(block.end == runs.back().end());
        CHECK(block.newest_ms == runs.back().stored_ms);
        std::vector<Run> read;
        unpack_runs(block, read);
        CHECK(std::equal(read.begin(), read.end(), runs.begin(), runs.end(),
                         [](const Run& a, const Run& b) { return same(a, b); }));
    }
}

TEST_CASE("whatever happens to it, the packed index answers as a plain one does") {
    const TopicId topic(2);
    for (uint64_t seed = 1; seed <= 60; seed++) {
        SeededRandom random(seed);
        OrderedIndex index;
        PlainIndex plain;
        Run last;
        last.stored_ms = 1000;
        const size_t steps = random.below(3000);
        const uint64_t removes = 2 + random.below(12), moves = 2 + random.below(40);
        for (size_t step = 0; step < steps; step++) {
            if (random.below(removes) == 0 && !plain.runs.empty()) {
                index.remove_first(topic);
                plain.runs.erase(plain.runs.begin());
            } else if (random.below(moves) == 0 && !plain.runs.empty()) {
                // Of some that follow each other; or in a gap.
                const size_t from = random.below(plain.runs.size());
                const size_t to = std::min(plain.runs.size() - 1,
                                           from + random.below(random.below(3) == 0 ? 300 : 4));
                Run run = plain.runs[from];
                const bool fills =
                    random.below(3) == 0 && from > 0 && plain.runs[from - 1].end() < run.first;
                if (fills) {
                    run.first = plain.runs[from - 1].end();
                    run.count = 1;
                } else {
                    if (plain.runs[to].end() - run.first > UINT32_MAX) continue;
                    run.count = static_cast<uint32_t>(plain.runs[to].end() - run.first);
                    run.stored_ms = plain.runs[to].stored_ms;
                }
                run.place = {random.below(1000), static_cast<uint32_t>(random.below(1 << 20)), 7};
                const auto one = index.move(topic, run), other = plain.move(run);
                REQUIRE(std::equal(one.begin(), one.end(), other.begin(), other.end(),
                                   [](const Run& a, const Run& b) { return same(a, b); }));
            } else {
                if (!plain.runs.empty()) last = plain.runs.back();
                last = some_run(random, last);
                index.add(topic, last);
                plain.runs.push_back(last);
            }
            REQUIRE(index.runs() == plain.runs.size());
            const auto first =
                plain.runs.empty() ? std::nullopt : std::optional(plain.runs.front());
            REQUIRE(same(index.first(topic), first));
            for (int look = 0; look < 3; look++) {
                const uint64_t end = plain.runs.empty() ? 10 : plain.runs.back().end().number + 2;
                const Offset offset{random.below(end)};
                REQUIRE(same(index.at_or_after(topic, offset), plain.at_or_after(offset)));
                const auto ms = 1000 + static_cast<int64_t>(random.below(300 * (step + 1)));
                REQUIRE(same(index.since(topic, ms), plain.since(ms)));
            }
        }
    }
}

TEST_CASE("10 million messages that came one a batch take less than 64 MiB") {
    OrderedIndex index;
    SeededRandom random(1);
    Run run;
    run.count = 1;
    run.stored_ms = 1'700'000'000'000;
    uint64_t position = 4096;
    run.place.segment = 1;
    constexpr size_t kRuns = 1'000'000;
    for (size_t i = 0; i < kRuns; i++) {
        run.first = {i};
        run.bytes = 100 + static_cast<uint32_t>(random.below(1000));
        run.place.body_bytes = run.bytes + 55;
        run.place.position = static_cast<uint32_t>(position);
        run.stored_ms += static_cast<int64_t>(random.below(3));
        // An idle mark behind each.
        position += BatchMemory::capacity_for(run.place.body_bytes) + BatchMemory::kSectorBytes;
        if (position > 64 << 20) {
            position = 4096;
            run.place.segment++;
        }
        index.add(TopicId(1), run);
    }
    MESSAGE("bytes a run: ", static_cast<double>(index.bytes()) / kRuns);
    CHECK(index.bytes() * 10 < 64 << 20);
    CHECK(index.at_or_after(TopicId(1), {kRuns / 2})->first.number == kRuns / 2);
}

}  // namespace zbridge::durable
