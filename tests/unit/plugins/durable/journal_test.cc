#include "plugins/durable/journal/journal.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "bridge/base/crc32c.h"
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

TEST_CASE("a life that ended in order goes on in its segment; one that was ended does not") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    REQUIRE(life.append("one").ok());
    REQUIRE(life.journal->close().ok());
    REQUIRE(life.open() == "yes");
    CHECK(life.journal->segments().size() == 1);
    CHECK(life.journal->found().end == Found::End::kCleanStop);
    REQUIRE(life.append("two").ok());
    REQUIRE(life.open() == "yes");
    CHECK(life.journal->segments().size() == 2);
    CHECK(life.journal->found().end == Found::End::kUnclean);
    CHECK(bodies(life.seen) == Bodies{"one", "two"});
}

TEST_CASE("each life writes down its epoch, and the end in order") {
    JournalLife life;
    life.options.epoch = 300;
    REQUIRE(life.open() == "yes");
    REQUIRE(life.journal->close().ok());
    REQUIRE(life.open() == "yes");
    REQUIRE(life.seen.size() == 2);
    const auto epoch = record_at(life.seen[0].body, 0);
    REQUIRE(epoch);
    CHECK(epoch->type == RecordType::kEpoch);
    CHECK(epoch->payload == "\xac\x02");  // 300
    const auto stop = record_at(life.seen[1].body, 0);
    REQUIRE(stop);
    CHECK(stop->type == RecordType::kCleanStop);
    CHECK(stop->payload == "\xac\x02");
}

TEST_CASE("an idle journal marks its last batch as durable, once, and nobody waits for it") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    REQUIRE(life.append("one").ok());
    const Seq one = Seq{number(life.journal->next_seq()) - 1};
    life.pass(Journal::kIdleAfter - std::chrono::microseconds(1));
    CHECK(life.journal->stats().idle_marks == 0);
    life.clock.advance(std::chrono::microseconds(1));
    life.timers.run_due(life.clock.now());
    CHECK_FALSE(life.journal->busy());
    // An append does not wait for the mark that is being written.
    life.begin_append("two");
    life.settle();
    REQUIRE(life.done);
    CHECK(life.done->ok());
    CHECK(life.journal->stats().idle_marks == 1);
    life.pass(std::chrono::seconds(1));
    life.pass(std::chrono::seconds(1));
    CHECK(life.journal->stats().idle_marks == 2);
    REQUIRE(life.open() == "yes");
    REQUIRE(life.seen.size() == 5);
    CHECK(life.seen[2].flags == kIdleMark);
    CHECK(life.seen[2].seq == next(one));
    CHECK(life.seen[2].body.empty());
    CHECK(life.journal->found().proven >= next(one, 2));
}

TEST_CASE("what may be lost with the system's power survives a kill, and its loss is no damage") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    REQUIRE(life.append("synced").ok());
    for (int i = 0; i < 5; i++)
        REQUIRE(life.append("not synced", false).ok());
    const uint64_t syncs = life.journal->stats().syncs.count;
    CHECK(syncs == 1);
    life.pass(std::chrono::seconds(1));
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen).size() == 6);
    CHECK(life.journal->found().rewritten >= 5);

    bool lost = false;
    for (uint64_t seed = 0; seed < 30; seed++) {
        JournalLife other(seed);
        REQUIRE(other.open() == "yes");
        REQUIRE(other.append("synced").ok());
        for (int i = 0; i < 5; i++)
            REQUIRE(other.append("not synced", false).ok());
        other.crash();
        REQUIRE(other.open() == "yes");
        CHECK(bodies(other.seen).size() >= 1);
        lost = lost || bodies(other.seen).size() < 6;
        CHECK(other.journal->found().damage.empty());
    }
    CHECK(lost);
}

TEST_CASE("after a write or a sync that failed every append fails with it") {
    for (const auto operation : {SimDisk::Operation::kWrite, SimDisk::Operation::kSyncData}) {
        JournalLife life;
        REQUIRE(life.open() == "yes");
        life.pass(std::chrono::seconds(5));  // the spare is there: the fault is the append's
        REQUIRE(life.append("one").ok());
        life.disk.fail(operation, Code::kIo);
        CHECK(life.append("two").code() == Code::kIo);
        CHECK(life.journal->failure().code() == Code::kIo);
        const auto again = life.append("three");
        CHECK(again.message() == life.journal->failure().message());
        CHECK(life.append(std::string(60'000, 'x')).code() == Code::kIo);  // of another segment
        life.pass(std::chrono::seconds(1));
        CHECK(life.journal->stats().idle_marks == 0);
        CHECK(life.journal->close().code() == Code::kIo);
        life.crash();
        REQUIRE(life.open() == "yes");
        CHECK(bodies(life.seen)[0] == "one");
        CHECK(bodies(life.seen).size() <= 2);
    }
}

TEST_CASE("what a failed sync shows but does not have is written again before it is seen") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    life.settle();
    life.disk.fail(SimDisk::Operation::kSyncData, Code::kIo);
    CHECK_FALSE(life.append("shown").ok());
    life.disk.heal();
    REQUIRE(life.open() == "yes");  // a kill: the page cache still shows it
    CHECK(bodies(life.seen) == Bodies{"shown"});
    CHECK(life.journal->found().rewritten == 1);
    life.crash();
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == Bodies{"shown"});

    // Where it cannot be written again nobody sees it.
    JournalLife bad;
    REQUIRE(bad.open() == "yes");
    bad.settle();
    bad.disk.fail(SimDisk::Operation::kSyncData, Code::kIo, 2);
    CHECK_FALSE(bad.append("shown").ok());
    CHECK(bad.open() != "yes");
    CHECK(bodies(bad.seen).empty());
}

TEST_CASE("a read gives the batch's bytes, or says that they are damaged") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    const std::string body(10'000, 'b');
    REQUIRE(life.append(body).ok());
    const Place place = life.place;
    CHECK(life.read(place) == body);
    life.flip(segment_name(1), place.position + 5000, 1);
    CHECK(life.read(place) == "!/journal/0000000000000001.seg, offset " +
                                  std::to_string(place.position) + ": the batch is damaged");
    life.flip(segment_name(1), place.position + 5000, 1);
    life.flip(segment_name(1), place.position + 20, 1);
    CHECK(life.read(place).find("the batch that should stand here does not") != std::string::npos);
    life.flip(segment_name(1), place.position + 20, 1);

    CHECK(life.read({1, place.position, 99})[0] == '!');
    CHECK(life.read({7, place.position, 99})[0] == '!');
    life.disk.fail(SimDisk::Operation::kRead, Code::kIo);
    CHECK(life.read(place)[0] == '!');
    CHECK(life.read(place) == body);
    CHECK(life.journal->stats().reads == 7);
    CHECK(life.journal->stats().reads_failed == 5);
}

TEST_CASE("a read of a segment that was dropped, and is another one by now, is refused") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    REQUIRE(life.append("one").ok());
    const Place one = life.place;
    while (life.journal->segments().size() < 2)
        REQUIRE(life.append(std::string(9000, 'x')).ok());
    CHECK(life.read(one) == "one");
    life.journal->drop(1);
    life.settle();
    while (life.journal->segments().size() < 4)
        REQUIRE(life.append(std::string(9000, 'y')).ok());
    CHECK(life.read(one)[0] == '!');
}

TEST_CASE("a file that a reader still has open is not taken for the segment that it was") {
    SimDisk disk;
    REQUIRE(disk.make_dir("/journal").ok());
    const StoreId store;
    const std::string body = "one";
    const Place place{1, 4096, 3};
    const auto write = [&](const std::string& name, uint64_t segment) {
        BatchHeader header;
        header.segment = segment;
        header.body_bytes = place.body_bytes;
        header.body_crc = crc32c(body);
        std::string batch(kBatchHeadBytes, '\0');
        encode(header, store, batch.data());
        auto file = disk.open("/journal/" + name, OpenMode::kWrite);
        REQUIRE((*file)->write_at(place.position, batch + body).ok());
    };
    write(segment_name(1), 1);
    ColdReader reader(disk, "/journal", store);
    std::string into(BatchMemory::capacity_for(place.body_bytes), '\0');
    CHECK(reader.read(place, into.data()).ok());
    CHECK(into.substr(kBatchHeadBytes, place.body_bytes) == body);
    REQUIRE(disk.rename("/journal/" + segment_name(1), "/journal/" + segment_name(2)).ok());
    write(segment_name(2), 2);
    CHECK(reader.read(place, into.data()).code() == Code::kIo);
    CHECK(reader.read({2, 4096, 3}, into.data()).ok());
}

TEST_CASE("so many reads wait, and no more") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    REQUIRE(life.append("one").ok());
    char into[BatchMemory::capacity_for(3)];
    size_t done = 0;
    for (uint32_t i = 0; i < Journal::kReadsMax; i++)
        CHECK(life.journal->read(life.place, into, [&](const Status&) { done++; }));
    CHECK_FALSE(life.journal->read(life.place, into, [&](const Status&) { done++; }));
    CHECK(life.journal->stats().reads_refused == 1);
    life.settle();
    CHECK(done == Journal::kReadsMax);
    CHECK(life.journal->read(life.place, into, [&](const Status&) { done++; }));
    life.settle();
}

TEST_CASE("a batch may be as large as a segment has room for") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    const std::string largest(life.journal->body_bytes_max(), 'l');
    REQUIRE(life.append(largest).ok());
    REQUIRE(life.append(largest).ok());
    CHECK(life.journal->segments().size() == 3);
    REQUIRE(life.journal->close().ok());  // its mark has room behind a full segment
    REQUIRE(life.open() == "yes");
    CHECK(life.journal->found().end == Found::End::kCleanStop);
    CHECK(bodies(life.seen) == Bodies{largest, largest});
}

TEST_CASE("close() ends what is under way") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    REQUIRE(life.append("one").ok());
    life.clock.advance(Journal::kIdleAfter);
    life.timers.run_due(life.clock.now());  // an idle mark is being written
    char into[BatchMemory::capacity_for(3)];
    bool read = false;
    REQUIRE(
        life.journal->read(life.place, into, [&](const Status& status) { read = status.ok(); }));
    CHECK(life.journal->close().ok());
    CHECK(read);
    CHECK(life.journal->close().ok());  // once is enough
    REQUIRE(life.open() == "yes");
    CHECK(life.journal->found().end == Found::End::kCleanStop);
}

TEST_CASE("a visitor that refuses ends the opening with its reason and the place") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    REQUIRE(life.append("one").ok());
    life.end();
    auto refused = Journal::open(life.options, life.world(), [](const ReplayedBatch&) {
        return Status(Code::kInvalid, "unknown record");
    });
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().message() ==
          "the journal in /journal: /journal/0000000000000001.seg, offset 4096: unknown record");
    life.executors.clear();
}

TEST_CASE("many batches that no sync has followed are replayed, though they are not all held") {
    JournalLife life;
    life.options.segment_bytes = 64 << 20;
    REQUIRE(life.open() == "yes");
    for (int i = 0; i < 30; i++)
        life.pass(std::chrono::seconds(1));
    Bodies appended;
    for (int i = 0; i < 40; i++) {
        appended.push_back(std::string(1'000'000, static_cast<char>('A' + i)));
        REQUIRE(life.append(appended.back(), false).ok());
    }
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == appended);
}

TEST_CASE("times fall into classes") {
    Times times;
    times.add(std::chrono::microseconds(10));
    times.add(std::chrono::microseconds(50));
    times.add(std::chrono::milliseconds(2));
    times.add(std::chrono::seconds(3));
    CHECK(times.count == 4);
    CHECK(times.longest == std::chrono::seconds(3));
    CHECK(times.classes[0] == 1);
    CHECK(times.classes[1] == 1);
    CHECK(times.classes[5] == 1);
    CHECK(times.classes.back() == 1);
}

TEST_CASE("on real threads and a real disk what was receipted is there again") {
    std::string root = (std::filesystem::temp_directory_path() / "zbridge-test-XXXXXX").string();
    REQUIRE(mkdtemp(root.data()) != nullptr);
    PosixDisk disk;
    RealClock clock;
    OsRandom random;
    Timers timers;
    std::mutex mutex;
    std::condition_variable changed;
    bool woken = false;
    const JournalWorld world{disk, clock, random, timers, [&](ExecutorOptions executor) {
                                 return std::make_unique<ThreadExecutor>(std::move(executor), [&] {
                                     const std::lock_guard lock(mutex);
                                     woken = true;
                                     changed.notify_one();
                                 });
                             }};
    JournalOptions options;
    options.folder = root + "/journal";
    options.segment_bytes = 128 << 10;
    Bodies appended;
    for (options.epoch = 1; options.epoch <= 3; options.epoch++) {
        Bodies seen;
        auto journal = Journal::open(options, world, [&](const ReplayedBatch& batch) {
            if (batch.flags == 0) seen.emplace_back(batch.body);
            return Status();
        });
        REQUIRE(journal.ok());
        CHECK(seen == appended);
        const auto wait_for = [&](const bool& done) {
            while (!done) {
                {
                    std::unique_lock lock(mutex);
                    changed.wait(lock, [&] { return woken; });
                    woken = false;
                }
                timers.run_due(clock.now());
                (*journal)->run_done();
            }
        };
        for (size_t i = 0; i < 200; i++) {
            appended.push_back(std::string(i * 37 % 9000, static_cast<char>('a' + i % 26)));
            const std::string& body = appended.back();
            std::string memory(BatchMemory::capacity_for(body.size()), '\0');
            std::copy(body.begin(), body.end(), memory.begin() + kBatchHeadBytes);
            bool done = false;
            bool ok = false;
            const Place place = (*journal)->append({memory.data(), body.size(), 1, i % 7 != 0},
                                                   [&](const Status& status) {
                                                       done = true;
                                                       ok = status.ok();
                                                   });
            wait_for(done);
            REQUIRE(ok);
            if (i % 20 != 0) continue;
            std::string into(BatchMemory::capacity_for(body.size()), '\0');
            done = ok = false;
            REQUIRE((*journal)->read(place, into.data(), [&](const Status& status) {
                done = true;
                ok = status.ok();
            }));
            wait_for(done);
            REQUIRE(ok);
            CHECK(into.substr(kBatchHeadBytes, body.size()) == body);
        }
        if (options.epoch == 2) CHECK((*journal)->close().ok());
    }
    std::filesystem::remove_all(root);
}

}  // namespace zbridge::durable
