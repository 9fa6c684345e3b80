// What an opening says to each byte that is not as it was written.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/plugins/durable/journal_life.h"

namespace zbridge::durable {

namespace {

using Bodies = std::vector<std::string>;

const std::string kSegment = segment_name(1);

// A disk that can be had again and again: what lies in the journal's folder.
class Saved {
 public:
    explicit Saved(JournalLife& life) {
        const auto names = life.disk.list(JournalLife::kFolder);
        REQUIRE(names.ok());
        for (const std::string& name : *names)
            files_.emplace_back(name, life.file_bytes(name));
    }
    void put_into(JournalLife& life) const {
        REQUIRE(life.disk.make_dir(JournalLife::kFolder).ok());
        for (const auto& [name, bytes] : files_)
            life.overwrite(name, 0, bytes);
        life.options.epoch = 100;
    }
    const std::string& file(const std::string& name) const {
        const auto found = std::find_if(files_.begin(), files_.end(),
                                        [&](const auto& file) { return file.first == name; });
        REQUIRE(found != files_.end());
        return found->second;
    }

 private:
    std::vector<std::pair<std::string, std::string>> files_;
};

struct Log {
    Bodies appended;
    std::vector<Place> places;
    uint64_t end = 0;  // of the last batch
};

// Three batches in one segment, ended by a kill.
Log three_batches(JournalLife& life) {
    Log log;
    REQUIRE(life.open() == "yes");
    for (const size_t size : {300, 700, 1200}) {
        log.appended.push_back(std::string(size, static_cast<char>('a' + size % 26)));
        REQUIRE(life.append(log.appended.back()).ok());
        log.places.push_back(life.place);
    }
    log.end = log.places.back().position + BatchMemory::capacity_for(1200);
    return log;
}

Bodies without(Bodies bodies, size_t index) {
    bodies.erase(bodies.begin() + static_cast<ptrdiff_t>(index));
    return bodies;
}

bool says(const std::string& text, const std::string& part) {
    return text.find(part) != text.npos;
}

}  // namespace

TEST_CASE("every flipped bit of a batch that has a witness is damage, and costs that batch alone") {
    JournalLife first;
    const Log log = three_batches(first);
    first.end();
    const Saved saved(first);
    for (size_t i = 0; i < 2; i++) {
        const uint64_t begin = log.places[i].position;
        for (uint64_t at = begin; at < begin + kBatchHeadBytes + log.appended[i].size(); at++) {
            JournalLife life;
            saved.put_into(life);
            life.flip(kSegment, at, static_cast<int>(at % 8));
            const std::string answer = life.open();
            INFO("offset ", at, ": ", answer);
            REQUIRE(says(answer, kSegment + ", offset " + std::to_string(begin)));
            REQUIRE(says(answer, "batch " + std::to_string(i + 2) + " is lost"));
            REQUIRE(says(answer, "--accept-loss"));
            REQUIRE(life.file_bytes(segment_name(2))[0] == '!');  // nothing was changed

            life.options.replay.accept_loss = true;
            REQUIRE(life.open() == "yes");
            REQUIRE(bodies(life.seen) == without(log.appended, i));
            REQUIRE(life.journal->found().damage.size() == 1);
            // Said once: the next start needs no option.
            life.options.replay.accept_loss = false;
            REQUIRE(life.open() == "yes");
            REQUIRE(bodies(life.seen) == without(log.appended, i));
            REQUIRE(life.journal->found().damage[0].accepted);
        }
    }
}

TEST_CASE("every bit of a header is looked at") {
    JournalLife first;
    const Log log = three_batches(first);
    first.end();
    const Saved saved(first);
    for (uint64_t bit = 0; bit < kBatchHeadBytes * 8; bit++) {
        JournalLife life;
        saved.put_into(life);
        life.flip(kSegment, log.places[1].position + bit / 8, static_cast<int>(bit % 8));
        REQUIRE(says(life.open(), "batch 3 is lost"));
    }
}

TEST_CASE(
    "a flipped bit in the last batch is a torn tail where nothing witnesses it, and is said") {
    JournalLife first;
    const Log log = three_batches(first);
    first.end();
    const Saved saved(first);
    const uint64_t begin = log.places[2].position;
    for (uint64_t at = begin; at < begin + kBatchHeadBytes + log.appended[2].size(); at++) {
        JournalLife life;
        saved.put_into(life);
        life.flip(kSegment, at, static_cast<int>(at % 8));
        REQUIRE(life.open() == "yes");
        REQUIRE(bodies(life.seen) == without(log.appended, 2));
        const Found& found = life.journal->found();
        REQUIRE(found.end == Found::End::kTorn);
        REQUIRE(found.cut->position == begin);
        REQUIRE(found.cut->bytes == log.end - begin);
        REQUIRE(says(found.cut->sentence(), "/journal/" + kSegment + ", offset " +
                                                std::to_string(begin) + ": cut 1536 bytes"));
        // Never appended behind a cut: a segment of its own, and the cut stays where it was.
        REQUIRE(life.journal->segments().back().segment == 2);
        REQUIRE(life.append("next").ok());
        REQUIRE(life.open() == "yes");
        Bodies expected = without(log.appended, 2);
        expected.push_back("next");
        REQUIRE(bodies(life.seen) == expected);
        REQUIRE(life.journal->found().damage.empty());
    }
}

TEST_CASE("the last batch has a witness once the journal was idle, or ended in order") {
    JournalLife idle;
    const Log log = three_batches(idle);
    idle.pass(Journal::kIdleAfter);
    CHECK(idle.journal->stats().idle_marks == 1);
    idle.flip(kSegment, log.places[2].position + 100, 3);
    CHECK(says(idle.open(), "batch 4 is lost; batch 5 at offset"));

    JournalLife ended;
    const Log also = three_batches(ended);
    REQUIRE(ended.journal->close().ok());
    ended.flip(kSegment, also.places[2].position + 100, 3);
    CHECK(says(ended.open(), "batch 4 is lost; batch 5 at offset"));
}

TEST_CASE("a journal that ended in order without saying so has lost its end") {
    JournalLife life;
    const Log log = three_batches(life);
    REQUIRE(life.journal->close().ok());
    // The mark of the end in order, and what stands before it, are zeros.
    life.overwrite(kSegment, log.places[2].position, std::string(2048, '\0'));
    life.options.replay.clean_epoch = 1;
    CHECK(says(life.open(), "batches from 4 on are lost"));
    life.options.replay.accept_loss = true;
    CHECK(life.open() == "yes");
    CHECK(bodies(life.seen) == without(log.appended, 2));

    // The life that ended in order after this one was killed had no journal.
    JournalLife other;
    three_batches(other);
    other.options.replay.clean_epoch = 2;
    CHECK(other.open() == "yes");

    JournalLife mark;
    const Log also = three_batches(mark);
    REQUIRE(mark.journal->close().ok());
    mark.flip(kSegment, also.end + kBatchHeadBytes, 0);  // in the body of the mark
    CHECK(says(mark.open(), "whose body is damaged"));
}

TEST_CASE("every prefix of a log is its whole batches, and says what was cut") {
    JournalLife first;
    const Log log = three_batches(first);
    first.end();
    const Saved saved(first);
    for (uint64_t size = log.places[1].position - 600; size <= log.end; size++) {
        JournalLife life;
        saved.put_into(life);
        life.truncate(kSegment, size);
        INFO("size ", size);
        REQUIRE(life.open() == "yes");
        Bodies expected;
        for (size_t i = 0; i < 3; i++) {
            // The padding of the last one is no loss.
            if (size >= log.places[i].position + kBatchHeadBytes + log.appended[i].size())
                expected.push_back(log.appended[i]);
        }
        REQUIRE(bodies(life.seen) == expected);
        const Found& found = life.journal->found();
        REQUIRE(found.end == Found::End::kTorn);
        REQUIRE(found.cut->missing == life.options.segment_bytes - size);
    }
}

TEST_CASE("a last segment that is cut in its header is a torn tail, at its beginning") {
    for (const uint64_t size : {0, 10, 512, 4095, 4096}) {
        JournalLife life;
        REQUIRE(life.open() == "yes");
        REQUIRE(life.append("one").ok());
        REQUIRE(life.open() == "yes");  // a kill: a second segment
        life.end();
        life.truncate(segment_name(2), size);
        REQUIRE(life.open() == "yes");
        CHECK(bodies(life.seen) == Bodies{"one"});
        CHECK(life.journal->found().end == Found::End::kTorn);
        CHECK(life.journal->found().cut->position == (size < 4096 ? 0 : 4096));
        REQUIRE(life.append("two").ok());
        REQUIRE(life.open() == "yes");
        CHECK(bodies(life.seen) == Bodies{"one", "two"});
    }
}

TEST_CASE("a segment before the last that was cut, or is gone, is damage") {
    JournalLife first;
    REQUIRE(first.open() == "yes");
    Bodies appended;
    std::vector<Place> places;
    for (int i = 0; i < 30; i++) {
        appended.push_back(std::string(6000, static_cast<char>('a' + i)));
        REQUIRE(first.append(appended.back()).ok());
        places.push_back(first.place);
    }
    REQUIRE(first.journal->segments().size() >= 3);
    first.end();
    const Saved saved(first);
    const auto left = [&](auto lost) {
        Bodies bodies;
        for (size_t i = 0; i < appended.size(); i++) {
            if (!lost(places[i])) bodies.push_back(appended[i]);
        }
        return bodies;
    };

    JournalLife cut;
    saved.put_into(cut);
    cut.truncate(segment_name(2), places[12].position + 3000);
    REQUIRE(places[12].segment == 2);
    CHECK(says(cut.open(),
               segment_name(2) + ", offset " + std::to_string(places[12].position) + ": batch"));
    cut.options.replay.accept_loss = true;
    CHECK(cut.open() == "yes");
    CHECK(bodies(cut.seen) == left([&](const Place& place) {
              return place.segment == 2 && place.position >= places[12].position;
          }));

    JournalLife gone;
    saved.put_into(gone);
    REQUIRE(gone.disk.remove("/journal/" + segment_name(2)).ok());
    CHECK(says(gone.open(), segment_name(2) + ", offset 0: batches"));
    CHECK(says(gone.open(), "the file is missing"));
    gone.options.replay.accept_loss = true;
    CHECK(gone.open() == "yes");
    CHECK(bodies(gone.seen) == left([](const Place& place) { return place.segment == 2; }));
    gone.options.replay.accept_loss = false;
    CHECK(gone.open() == "yes");
    CHECK(bodies(gone.seen) == left([](const Place& place) { return place.segment == 2; }));

    JournalLife oldest;
    saved.put_into(oldest);
    REQUIRE(oldest.disk.remove("/journal/" + segment_name(1)).ok());
    CHECK(says(oldest.open(), segment_name(1) + ", offset 0: batches 1 to"));
    oldest.options.replay.accept_loss = true;
    CHECK(oldest.open() == "yes");
    CHECK(bodies(oldest.seen) == left([](const Place& place) { return place.segment == 1; }));

    JournalLife all;
    saved.put_into(all);
    for (const char name : {'1', '2', '3', '4'})
        (void)all.disk.remove("/journal/000000000000000" + std::string(1, name) + ".seg");
    CHECK(says(all.open(), "all its segments are missing"));
    all.options.replay.accept_loss = true;
    CHECK(all.open() == "yes");
    CHECK(all.append("new").ok());
    all.options.replay.accept_loss = false;
    CHECK(all.open() == "yes");
    CHECK(bodies(all.seen) == Bodies{"new"});
}

TEST_CASE("a segment's damaged header costs nothing, but is said; strict refuses it") {
    for (const uint64_t at : {0, 5, 9, 20, 33, 44, 50, 53, 60, 70, 79, 2000}) {
        for (const uint64_t segment : {1, 2}) {
            JournalLife life;
            REQUIRE(life.open() == "yes");
            REQUIRE(life.append("one").ok());
            REQUIRE(life.open() == "yes");  // a kill: a second segment
            REQUIRE(life.append("two").ok());
            life.end();
            life.flip(segment_name(segment), at, 2);
            life.options.replay.strict = true;
            INFO("offset ", at, " of ", segment);
            CHECK(says(life.open(), "its header is damaged"));
            life.options.replay.strict = false;
            REQUIRE(life.open() == "yes");
            CHECK(bodies(life.seen) == Bodies{"one", "two"});
            CHECK(life.journal->found().remarks.size() == 1);
        }
    }
}

TEST_CASE("a batch that follows another one than the last is not accepted") {
    JournalLife life;
    const Log log = three_batches(life);
    const StoreId store = life.journal->store();
    life.end();
    const auto header_at = [&](size_t i) {
        return *decode_batch_header(life.file_bytes(kSegment).data() + log.places[i].position,
                                    store);
    };
    const auto write = [&](size_t i, const BatchHeader& header) {
        std::string head(kBatchHeadBytes, '\0');
        encode(header, store, head.data());
        life.overwrite(kSegment, log.places[i].position, head);
    };
    BatchHeader header = header_at(2);
    header.prev_crc++;
    write(2, header);
    CHECK(life.open() == "yes");
    CHECK(bodies(life.seen) == without(log.appended, 2));
    CHECK(life.journal->found().cut->position == log.places[2].position);

    // What an older segment has left in the file is the end, and nothing is cut.
    JournalLife old;
    const Log again = three_batches(old);
    const StoreId its = old.journal->store();
    old.end();
    BatchHeader left =
        *decode_batch_header(old.file_bytes(kSegment).data() + again.places[2].position, its);
    left.segment = 0;
    std::string head(kBatchHeadBytes, '\0');
    encode(left, its, head.data());
    old.overwrite(kSegment, again.places[2].position, head);
    CHECK(old.open() == "yes");
    CHECK(bodies(old.seen) == without(again.appended, 2));
    CHECK(old.journal->found().end == Found::End::kUnclean);
    CHECK_FALSE(old.journal->found().cut);
}

TEST_CASE("bytes of a message are never taken for a batch") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    // A header as another store would have it, with a number far above, that knows all to be synced.
    BatchHeader forged;
    forged.segment = 1;
    forged.seq = Seq{1000};
    forged.synced = Seq{999};
    std::string body(2048, '\0');
    encode(forged, StoreId{}, body.data() + kSectorBytes - kBatchHeadBytes);
    REQUIRE(life.append("one").ok());
    REQUIRE(life.append(body).ok());
    const Place place = life.place;
    life.end();
    life.flip(kSegment, place.position, 0);
    CHECK(life.open() == "yes");
    CHECK(bodies(life.seen) == Bodies{"one"});
}

TEST_CASE("strict refuses what was accepted before; skip leaves one batch out") {
    JournalLife life;
    const Log log = three_batches(life);
    life.end();
    life.options.replay.skip = Seq{3};
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == without(log.appended, 1));
    CHECK(life.journal->found().skipped == Seq{3});
    life.options.replay.skip = {};
    life.end();

    life.flip(kSegment, log.places[1].position, 0);
    life.options.replay.accept_loss = true;
    REQUIRE(life.open() == "yes");
    life.options.replay.strict = true;
    CHECK(says(life.open(), "--strict"));
}

namespace {

// An opening whose process ends when it takes in this batch: nothing of it reaches the disk.
void die_at(JournalLife& life, Seq seq) {
    auto opened = Journal::open(life.options, life.world(), [&](const ReplayedBatch& batch) {
        if (batch.seq != seq) return Status();
        life.disk.cut_power_at(life.disk.operations());
        return Status(Code::kInternal, "it ends here");
    });
    REQUIRE_FALSE(opened.ok());
    life.executors.clear();
    life.disk.cut_power_at(~uint64_t{0});
}

// An opening whose process ends behind this batch.
void die_behind(JournalLife& life, Seq seq) {
    auto opened = Journal::open(life.options, life.world(), [&](const ReplayedBatch& batch) {
        if (batch.seq == seq) life.disk.cut_power_at(life.disk.operations() + 1);
        return Status();
    });
    REQUIRE_FALSE(opened.ok());
    life.executors.clear();
    life.disk.cut_power_at(~uint64_t{0});
}

}  // namespace

TEST_CASE("after three starts that ended at one batch the next one asks to skip it") {
    JournalLife life;
    const Log log = three_batches(life);
    life.end();
    for (int i = 0; i < 3; i++)
        die_at(life, Seq{3});
    for (int i = 0; i < 2; i++) {
        CHECK(life.open() ==
              "the journal in /journal: /journal/" + kSegment + ", offset " +
                  std::to_string(log.places[1].position) +
                  ": 3 starts have ended while they took in batch 3. To start without "
                  "it, at the cost of what it holds: --skip 3");
    }
    life.options.replay.skip = Seq{2};
    CHECK(says(life.open(), "--skip 3"));
    life.options.replay.skip = Seq{3};
    CHECK(life.open() == "yes");
    CHECK(bodies(life.seen) == without(log.appended, 1));
    CHECK_FALSE(life.has("replaying"));
}

TEST_CASE(
    "starts that ended at different batches, or came to their end, are not counted together") {
    JournalLife life;
    const Log log = three_batches(life);
    life.end();
    for (const uint64_t seq : {2, 3, 4, 2, 3, 4})
        die_at(life, Seq{seq});
    CHECK(life.open() == "yes");
    life.end();
    for (int i = 0; i < 2; i++)
        die_at(life, Seq{3});
    CHECK(life.open() == "yes");
    life.end();
    for (int i = 0; i < 2; i++)
        die_at(life, Seq{3});
    CHECK(life.open() == "yes");
    CHECK(bodies(life.seen) == log.appended);
}

TEST_CASE("starts that are killed while they take in no batch may be as many as they like") {
    JournalLife life;
    const Log log = three_batches(life);
    life.end();
    for (int i = 0; i < 6; i++)
        die_behind(life, Seq{3});
    CHECK(life.open() == "yes");
    CHECK(bodies(life.seen) == log.appended);
}

TEST_CASE("a place that cannot be read is refused, and left out where loss is accepted") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    Bodies appended;
    for (const char c : {'a', 'b', 'c', 'd', 'e'}) {
        appended.push_back(std::string(3500, c));  // with its header seven sectors
        REQUIRE(life.append(appended.back()).ok());
    }
    life.end();
    constexpr uint64_t kWindow = 2;  // reads before: of the segment's header, and of `store`
    life.disk.fail(SimDisk::Operation::kRead, Code::kIo, 1, kWindow);
    CHECK(says(life.open(), "a simulated fault"));
    life.disk.heal();

    // The window, and then the second of its pieces: batches 3 and 4 are not whole without it.
    life.options.replay.accept_loss = true;
    life.disk.fail(SimDisk::Operation::kRead, Code::kIo, 1, kWindow);
    life.disk.fail(SimDisk::Operation::kRead, Code::kIo, 1, kWindow + 1);
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == Bodies{appended[0], appended[3], appended[4]});
    CHECK(life.journal->found().damage.size() == 1);
}

}  // namespace zbridge::durable
