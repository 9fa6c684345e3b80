// What an opening refuses because of the files that it finds.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "bridge/base/crc32c.h"
#include "plugins/durable/journal/little_endian.h"
#include "tests/unit/plugins/durable/journal_life.h"

namespace zbridge::durable {

namespace {

using Bodies = std::vector<std::string>;

bool says(const std::string& text, const std::string& part) {
    const bool said = text.find(part) != text.npos;
    if (!said) MESSAGE(text);
    return said;
}

void one_batch(JournalLife& life) {
    REQUIRE(life.open() == "yes");
    REQUIRE(life.append("one").ok());
    life.end();
}

// Everything that lies in the folder.
Bodies all_files(JournalLife& life) {
    Bodies all;
    const auto names = life.disk.list(JournalLife::kFolder);
    for (const std::string& name : *names) {
        all.push_back(name);
        all.push_back(life.file_bytes(name));
    }
    return all;
}

}  // namespace

TEST_CASE("a file that does not belong to a journal is refused by its name") {
    for (const char* name : {"notes.txt", "1.seg", "0000000000000001.SEG", "spare-1"}) {
        JournalLife life;
        one_batch(life);
        life.overwrite(name, 0, "x");
        CHECK(says(life.open(), std::string("/journal/") + name + " does not belong to a journal"));
    }
    JournalLife named;
    one_batch(named);
    named.overwrite(segment_name(9), 0, "some text that is no segment");
    CHECK(says(named.open(), segment_name(9) + " is no segment of a journal"));
}

TEST_CASE("a newer format is refused, and nothing is touched") {
    JournalLife life;
    one_batch(life);
    std::string head = life.file_bytes(segment_name(1)).substr(0, kSegmentHeadBytes);
    // Version 2, with its sum: as a newer zbridge would write it.
    SegmentHeader header = decode_segment_head(head).header;
    head = encode(header);
    put_le<uint32_t>(head.data() + 8, 2);
    put_le<uint32_t>(head.data() + 4, crc32c(std::string_view(head).substr(8)));
    life.overwrite(segment_name(1), 0, head);
    const Bodies before = all_files(life);
    CHECK(says(life.open(), segment_name(1) + " has the format 2, this zbridge knows 1: it was "
                                              "written by a newer version"));
    life.options.replay.accept_loss = true;
    CHECK(says(life.open(), "newer version"));
    CHECK(all_files(life) == before);

    JournalLife store;
    one_batch(store);
    std::string text = "zbridge journal 2\nsomething new\n";
    text += fmt::format("crc {:08x}\n", crc32c(text));
    REQUIRE(store.disk.remove("/journal/store").ok());
    store.overwrite("store", 0, text);
    CHECK(says(store.open(), "/journal/store: it has the format 2"));
}

TEST_CASE("segments of another store are refused") {
    JournalLife life;
    one_batch(life);
    JournalLife other(2);
    one_batch(other);
    REQUIRE(other.open() == "yes");
    other.end();
    life.overwrite(segment_name(2), 0, other.file_bytes(segment_name(2)));
    CHECK(says(life.open(), segment_name(2) + " belongs to another store ("));

    JournalLife expected;
    one_batch(expected);
    expected.options.store = StoreId{};
    CHECK(says(expected.open(), "belongs to another store"));
}

TEST_CASE("a file store that is damaged or gone is made again from the segments") {
    JournalLife life;
    one_batch(life);
    life.flip("store", 3, 0);
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen) == Bodies{"one"});
    REQUIRE(life.journal->found().remarks.size() == 1);
    CHECK(says(life.journal->found().remarks[0], "/journal/store is damaged"));
    life.end();
    REQUIRE(life.disk.remove("/journal/store").ok());
    REQUIRE(life.open() == "yes");
    CHECK(life.journal->found().remarks.empty());
    CHECK(bodies(life.seen) == Bodies{"one"});
    CHECK(life.has("store"));
}

TEST_CASE("a folder that cannot be written, or made, is refused with the path") {
    JournalLife life;
    one_batch(life);
    life.disk.fail(SimDisk::Operation::kOpen, Code::kIo, 100);
    CHECK(says(life.open(), "the journal in /journal: /journal/replaying: "));
    life.disk.heal();
    CHECK(life.open() == "yes");

    JournalLife none;
    none.options.folder = "/none/journal";
    CHECK(says(none.open(), "the journal in /none/journal: "));
}

TEST_CASE("segments have a size that a file can have") {
    for (const uint64_t bytes : {uint64_t{0}, uint64_t{8192}, uint64_t{65537}, uint64_t{2} << 30}) {
        JournalLife life;
        life.options.segment_bytes = bytes;
        CHECK(says(life.open(), "expected a multiple of 4096, from 16 KiB to 1 GiB"));
    }
}

TEST_CASE("the size of segments may change between two lives") {
    JournalLife life;
    REQUIRE(life.open() == "yes");
    REQUIRE(life.append("one").ok());
    life.pass(std::chrono::seconds(10));  // a spare of the old size
    life.options.segment_bytes = 16 << 10;
    REQUIRE(life.open() == "yes");
    REQUIRE(life.append(std::string(life.journal->body_bytes_max(), 'x')).ok());
    life.options.segment_bytes = 128 << 10;
    REQUIRE(life.open() == "yes");
    REQUIRE(life.append(std::string(life.journal->body_bytes_max(), 'y')).ok());
    REQUIRE(life.open() == "yes");
    CHECK(bodies(life.seen).size() == 3);
}

}  // namespace zbridge::durable
