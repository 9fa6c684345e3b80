// Which batches of the journal are looked for instead of slept for.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "bridge/base/sim_disk.h"
#include "plugins/durable/journal/journal.h"

using namespace std::chrono_literals;

namespace zbridge::durable {

namespace {

// Each look at it takes a while: a sync takes as long as the journal looks at the clock twice.
class SlowClock final : public Clock {
 public:
    Instant now() const override { return now_ += step; }
    int64_t wall_us() const override { return 1'700'000'000'000'000; }

    Duration step{};

 private:
    mutable Instant now_{1s};
};

// Notes what is told to hurry.
class NotingExecutor final : public Executor {
 public:
    NotingExecutor(ExecutorOptions options, Random& random, std::vector<Duration>& hurried)
        : its_(std::move(options), random), hurried_(hurried) {}
    bool submit(Work work, Done done) override {
        return its_.submit(std::move(work), std::move(done));
    }
    size_t run_done() override { return its_.run_done(); }
    void finish() override { its_.finish(); }
    size_t tasks() const override { return its_.tasks(); }
    void hurry(Duration most) override { hurried_.push_back(most); }

 private:
    SimExecutor its_;
    std::vector<Duration>& hurried_;
};

struct Rig {
    Rig() {
        JournalOptions options;
        options.folder = "/journal";
        options.segment_bytes = 256 << 10;
        const JournalWorld world{disk, clock, random, timers, [this](ExecutorOptions its) {
                                     auto made = std::make_unique<NotingExecutor>(std::move(its),
                                                                                  random, hurried);
                                     executors.push_back(made.get());
                                     return made;
                                 }};
        journal = *Journal::open(options, world, [](const ReplayedBatch&) { return Status(); });
        hurried.clear();
    }
    ~Rig() { (void)journal->close(); }
    // So many times it was told to hurry for this batch.
    size_t append(size_t body_bytes, uint32_t records = 1, bool sync = true) {
        std::vector<char> memory(BatchMemory::capacity_for(body_bytes));
        const size_t before = hurried.size();
        journal->append({memory.data(), body_bytes, records, sync}, [](const Status&) {});
        while (journal->busy()) {
            for (NotingExecutor* each : executors)
                each->finish();
        }
        return hurried.size() - before;
    }

    SimDisk disk;
    SlowClock clock;
    SeededRandom random{1};
    Timers timers;
    std::vector<Duration> hurried;
    std::vector<NotingExecutor*> executors;
    std::unique_ptr<Journal> journal;
};

}  // namespace

TEST_CASE(
    "a small batch that is synced hurries; a large one, one of many, and an unsynced one do not") {
    Rig rig;
    const size_t most = Journal::kHurryBytesMax - BatchMemory::kHeadBytes;
    CHECK(rig.append(100) == 1);
    CHECK(rig.append(most) == 1);
    CHECK(rig.append(most + 1) == 0);
    CHECK(rig.append(100, 2) == 1);
    CHECK(rig.append(100, 3) == 0);
    CHECK(rig.append(100, 1, false) == 0);
    for (const Duration each : rig.hurried)
        CHECK(each <= Journal::kHurryMax);
}

TEST_CASE("nothing hurries on a disk that is slow; it does again where the disk is") {
    Rig rig;
    rig.clock.step = 10ms;
    CHECK(rig.append(100) == 1);  // it is not known yet
    CHECK(rig.append(100) == 0);
    rig.clock.step = 50us;
    size_t slow = 0;
    while (rig.append(100) == 0)
        slow++;
    CHECK(slow > 2);
    CHECK(slow < 100);
    CHECK(rig.hurried.back() <= Journal::kHurryMax);
}

}  // namespace zbridge::durable
