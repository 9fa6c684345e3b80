// The disk that topics take is that of what they keep: at most four times as much, and two segments.
// Time is the test's: an hour is a few turns of the bridge.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/plugins/durable/engine_rig.h"

namespace zbridge::durable {

namespace {

constexpr uint64_t kSegment = 1 << 20;
constexpr int kHoursADay = 24;
constexpr int64_t kDayUs = 86'400'000'000;

struct Furthest {
    uint64_t disk = 0, live = 0;  // where the disk was the largest
    double factor = 0;            // of what lives, without the two segments
};

class Years {
 public:
    Years() {
        rig.option("segment_bytes", "1MiB");
        rig.option("hot_memory", "1MiB");
        rig.option("read_memory", "1MiB");
        rig.topic("fast", {{"retention.age", "1h"}});
        rig.topic("slow", {{"retention.age", "90d"}});
        rig.topic("pinned");
    }

    // So much of `fast`, in pieces, and then the bound.
    void hour(size_t fast_bytes, Furthest& furthest) {
        constexpr size_t kPieces = 4;
        const std::string body(fast_bytes / kPieces, 'f');
        for (size_t i = 0; i < kPieces; i++) {
            while (rig.engine->has_room(rig.self()) == 0)
                rig.turn();
            REQUIRE(rig.publish("fast", body) == ZB_TAKEN);
            rig.settle();
            rig.clock.advance(std::chrono::minutes(60 / kPieces));
            for (int turn = 0; turn < 4; turn++)
                rig.turn();
        }
        rig.settle();
        // The cleaner has its minutes too.
        for (int turn = 0; turn < kCleanerTurns && !is_bounded(); turn++) {
            rig.clock.advance(std::chrono::milliseconds(100));
            rig.turn();
        }
        const uint64_t disk = rig.segment_bytes(), live = rig.its_topics().live_bytes();
        REQUIRE(disk <= 4 * live + 2 * kSegment);
        if (disk <= furthest.disk) return;
        furthest = {disk, live, 0};
        if (disk > 2 * kSegment)
            furthest.factor = static_cast<double>(disk - 2 * kSegment) / static_cast<double>(live);
    }

    EngineRig rig;

 private:
    static constexpr int kCleanerTurns = 3000;

    bool is_bounded() {
        return rig.segment_bytes() <= 4 * rig.its_topics().live_bytes() + 2 * kSegment;
    }
};

}  // namespace

TEST_CASE("a message an hour that is kept for 90 days, beside much that is kept for an hour") {
    Years years;
    EngineRig& rig = years.rig;
    rig.start();
    Furthest furthest;
    uint64_t next = 0, published = 0;
    std::vector<int64_t> times_us;
    for (int day = 0; day < 2 * 90; day++) {
        for (int hour = 0; hour < kHoursADay; hour++) {
            REQUIRE(rig.publish("slow", std::to_string(next++)) == ZB_TAKEN);
            times_us.push_back(rig.clock.wall_us());
            years.hour(128 << 10, furthest);
            published += 128 << 10;
        }
        // A year has its restarts.
        if (day % 60 != 59) continue;
        if (day % 120 == 59) {
            rig.stop();
        } else {
            rig.lose_power();
        }
        rig.start();
    }
    const Messages all = rig.read_all("slow");
    // The cleaner has taken some of the time.
    const int64_t oldest_us = rig.clock.wall_us() - 90 * kDayUs;
    const auto kept = static_cast<size_t>(std::count_if(
        times_us.begin(), times_us.end(), [&](int64_t at) { return at > oldest_us; }));
    CHECK(all.size() >= kept);
    CHECK(all.size() <= kept + 10 * kHoursADay);  // by whole runs
    CHECK(all.front().first + all.size() == next);
    CHECK(all.back() == std::pair<uint64_t, std::string>{next - 1, std::to_string(next - 1)});
    MESSAGE((published / kSegment)
            << " MiB published, at most " << furthest.disk / 1024 << " KiB on the disk, for "
            << furthest.live / 1024 << " KiB that are kept");
}

TEST_CASE("one message that is kept for a year beside much that is kept for an hour") {
    Years years;
    EngineRig& rig = years.rig;
    rig.start();
    REQUIRE(rig.publish("pinned", "it stays") == ZB_TAKEN);
    rig.settle();
    Furthest furthest;
    for (int day = 0; day < 365; day++) {
        years.hour(256 << 10, furthest);
        rig.clock.advance(std::chrono::hours(23));
    }
    CHECK(rig.read_all("pinned") == Messages{{0, "it stays"}});
    rig.lose_power();
    rig.start();
    CHECK(rig.read_all("pinned") == Messages{{0, "it stays"}});
    CHECK(rig.publish("pinned", "two") == ZB_TAKEN);
    rig.settle();
    CHECK(rig.read_all("pinned") == Messages{{0, "it stays"}, {1, "two"}});
}

TEST_CASE("a request that nobody answers for a year pins no more than its own segment") {
    Years years;
    EngineRig& rig = years.rig;
    rig.start();
    const auto note = [&](uint64_t key, RecordType kind, std::string_view bytes, bool closes) {
        const zb_taken taken = rig.engine->note(rig.self(), key, static_cast<uint32_t>(kind),
                                                view_of(bytes), closes ? 1 : 0, &rig.receipt);
        REQUIRE(taken == ZB_TAKEN);
        rig.settle();
    };
    note(7, RecordType::kReq, "a request", false);
    Furthest furthest;
    std::vector<Told::Note> open{{7, RecordType::kReq, "a request"}};
    for (int day = 0; day < 365; day++) {
        years.hour(256 << 10, furthest);
        // Others come and go meanwhile, and something becomes of this one.
        note(1000, RecordType::kReq, "short", false);
        if (day == 100) {
            note(7, RecordType::kDispatch, "to a worker", false);
            open.push_back({7, RecordType::kDispatch, "to a worker"});
        }
        note(1000, RecordType::kReplied, "", true);
        if (day % 90 != 89) continue;
        rig.lose_power();
        rig.start();
        CHECK(rig.told.notes == open);
        CHECK(rig.its_topics().open_notes() == 1);
    }
    note(7, RecordType::kReplied, "", true);
    rig.lose_power();
    rig.start();
    CHECK(rig.told.notes.empty());
    CHECK(rig.its_topics().open_notes() == 0);
}

}  // namespace zbridge::durable
