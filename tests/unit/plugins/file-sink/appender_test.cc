#include "plugins/file-sink/appender.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "bridge/base/random.h"
#include "bridge/base/sim_disk.h"
#include "plugins/records/record.h"

using namespace zbridge;
using namespace zbridge::file_sink;

namespace {

std::string bytes_of(SimDisk& disk, const std::string& path) {
    const auto read = read_file(disk, path);
    return read.ok() ? *read : "(" + read.error().message() + ")";
}

void put(SimDisk& disk, const std::string& path, std::string_view bytes) {
    auto file = disk.open(path, OpenMode::kTruncate);
    REQUIRE(file.ok());
    REQUIRE((*file)->write_at(0, bytes).ok());
    REQUIRE((*file)->sync_data().ok());
    REQUIRE(disk.sync_dir("/").ok());
}

struct Batch {
    explicit Batch(bool records = false) : records_(records) {}
    Batch& add(const std::string& message) {
        if (records_)
            REQUIRE(records::append_record({message}, bytes));
        else
            bytes += message + "\n";
        ends.push_back(bytes.size());
        return *this;
    }
    std::string bytes;
    std::vector<size_t> ends;

 private:
    bool records_;
};

Batch lines(const std::vector<std::string>& messages) {
    Batch batch;
    for (const std::string& message : messages)
        batch.add(message);
    return batch;
}

Appender::Appended append(Appender& appender, const Batch& batch) {
    return appender.append(batch.bytes, batch.ends);
}

// All messages of a file; false if there is anything that is none.
bool read_messages(const std::string& bytes, bool records, std::vector<std::string>& messages) {
    for (size_t at = 0; at < bytes.size();) {
        if (records) {
            size_t size = 0;
            std::vector<std::string_view> frames;
            const auto cut = records::cut_record(std::string_view(bytes).substr(at), size, frames);
            if (cut != records::Cut::kWhole) return false;
            messages.emplace_back(frames[0]);
            at += size;
        } else {
            const size_t end = bytes.find('\n', at);
            if (end == bytes.npos) return false;
            messages.push_back(bytes.substr(at, end - at));
            at = end + 1;
        }
    }
    return true;
}

const AppenderOptions kLines{.path = "/log"};

}  // namespace

TEST_CASE("what is appended follows what is there") {
    SimDisk disk;
    put(disk, "/log", "old\n");
    Appender appender(kLines, disk);
    REQUIRE(appender.open().ok());
    CHECK(append(appender, lines({"a", ""})).done == 2);
    CHECK(append(appender, lines({"b"})).done == 1);
    CHECK(bytes_of(disk, "/log") == "old\na\n\nb\n");
    CHECK(appender.torn_bytes() == 0);
}

TEST_CASE("what is done survives a power loss at once") {
    SimDisk disk;
    SeededRandom random(1);
    Appender appender(kLines, disk);
    REQUIRE(appender.open().ok());
    CHECK(append(appender, lines({"a"})).done == 1);
    disk.crash(random);
    CHECK(bytes_of(disk, "/log") == "a\n");
}

TEST_CASE("an unfinished line is cut off at the start, and kept aside") {
    SimDisk disk;
    put(disk, "/log", "whole\nunfin");
    Appender appender(kLines, disk);
    REQUIRE(appender.open().ok());
    CHECK(appender.torn_bytes() == 5);
    CHECK(bytes_of(disk, "/log") == "whole\n");
    CHECK(bytes_of(disk, "/log.torn") == "unfin");
    CHECK(append(appender, lines({"unfinished no more"})).done == 1);
    CHECK(bytes_of(disk, "/log") == "whole\nunfinished no more\n");
}

TEST_CASE("a hole that a power loss left is cut off with all behind it") {
    SimDisk disk;
    put(disk, "/log", std::string("whole\nha\0\0lf\nbehind\n", 20));
    Appender appender(kLines, disk);
    REQUIRE(appender.open().ok());
    CHECK(bytes_of(disk, "/log") == "whole\n");
}

TEST_CASE("an unfinished record is cut off at the start, also one that is damaged") {
    for (const bool damaged : {false, true}) {
        SimDisk disk;
        Batch batch(true);
        batch.add("first").add("second");
        std::string bytes = batch.bytes;
        if (damaged)
            bytes[batch.ends[0] + 14] = 'x';
        else
            bytes.pop_back();
        put(disk, "/log", bytes);
        Appender appender({.path = "/log", .records = true}, disk);
        REQUIRE(appender.open().ok());
        CHECK(appender.size() == batch.ends[0]);
        CHECK(bytes_of(disk, "/log") == bytes.substr(0, batch.ends[0]));
    }
}

TEST_CASE("damage with whole messages behind it is left as it is, and stops the start") {
    for (const bool records : {false, true}) {
        CAPTURE(records);
        SimDisk disk;
        Batch batch(records);
        for (int i = 0; i < 20; i++)
            batch.add(std::string(100'000, 'x'));
        std::string bytes = batch.bytes;
        bytes[batch.ends[0] + 100] = '\0';
        put(disk, "/log", bytes);
        Appender appender({.path = "/log", .records = records}, disk);
        const Status opened = appender.open();
        CHECK(opened.code() == Code::kInvalid);
        CHECK(opened.message().find("is damaged at byte " + std::to_string(batch.ends[0])) !=
              std::string::npos);
        CHECK(bytes_of(disk, "/log") == bytes);
        CHECK_FALSE(disk.open("/log.torn", OpenMode::kRead).ok());
    }
}

TEST_CASE("damage to a record's size is told from a record that is not whole") {
    SimDisk disk;
    Batch batch(true);
    for (int i = 0; i < 20; i++)
        batch.add(std::string(100'000, 'x'));
    std::string bytes = batch.bytes;
    bytes[batch.ends[0] + 3] = 2;  // 32 MiB more
    put(disk, "/log", bytes);
    Appender appender({.path = "/log", .records = true}, disk);
    CHECK(appender.open().code() == Code::kInvalid);
}

TEST_CASE(
    "a large message that is torn was a batch of its own: it is cut off, whatever its holes") {
    for (const bool records : {false, true}) {
        for (const size_t hole : {size_t{0}, size_t{10}, size_t{1'000'000}}) {
            CAPTURE(records);
            CAPTURE(hole);
            SimDisk disk;
            Batch batch(records);
            batch.add("whole").add(std::string(3 << 20, 'x'));
            std::string bytes = batch.bytes;
            bytes.replace(batch.ends[0] + hole, 4096, std::string(4096, '\0'));
            SUBCASE("all of it") {
                bytes.pop_back();
            }
            SUBCASE("but its end") {}
            put(disk, "/log", bytes);
            Appender appender({.path = "/log", .records = records}, disk);
            REQUIRE(appender.open().ok());
            CHECK(appender.size() == batch.ends[0]);
        }
    }
}

TEST_CASE("a start that finds no room for what it cuts off leaves all as it was, however often") {
    SimDisk disk;
    put(disk, "/log", "whole\nunfinished");
    disk.set_capacity(disk.used());
    for (uint32_t i = 0; i <= kTornFilesMax; i++) {
        Appender appender(kLines, disk);
        REQUIRE(appender.open().code() == Code::kNoSpace);
    }
    CHECK(*disk.list("/") == std::vector<std::string>{"log", "log.lock"});
    CHECK(bytes_of(disk, "/log") == "whole\nunfinished");
    disk.set_capacity(1 << 20);
    Appender appender(kLines, disk);
    CHECK(appender.open().ok());
    CHECK(bytes_of(disk, "/log.torn") == "unfinished");
}

TEST_CASE("what was cut off is kept each time, a hundred times, and then it does not start") {
    SimDisk disk;
    for (uint32_t i = 1; i <= kTornFilesMax; i++) {
        put(disk, "/log", "whole\ntorn " + std::to_string(i));
        Appender appender(kLines, disk);
        REQUIRE(appender.open().ok());
        CHECK(appender.torn_path() == (i == 1 ? "/log.torn" : "/log.torn." + std::to_string(i)));
    }
    CHECK(bytes_of(disk, "/log.torn") == "torn 1");
    CHECK(bytes_of(disk, "/log.torn.2") == "torn 2");
    CHECK(bytes_of(disk, "/log.torn.100") == "torn 100");
    put(disk, "/log", "whole\ntorn again");
    Appender appender(kLines, disk);
    CHECK(appender.open().code() == Code::kInvalid);
    CHECK(bytes_of(disk, "/log") == "whole\ntorn again");
    CHECK(appender.torn_bytes() == 0);
}

TEST_CASE("a file without a whole message begins anew") {
    SimDisk disk;
    put(disk, "/log", "no line");
    Appender appender(kLines, disk);
    REQUIRE(appender.open().ok());
    CHECK(appender.size() == 0);
}

TEST_CASE("two do not append to one file") {
    SimDisk disk;
    Appender first(kLines, disk), second(kLines, disk);
    REQUIRE(first.open().ok());
    CHECK(second.open().code() == Code::kBusy);
    REQUIRE(first.close().ok());
    CHECK(second.open().ok());
}

TEST_CASE("after a failed sync a batch is not done, and its bytes are written again") {
    SimDisk disk;
    SeededRandom random(1);
    Appender appender(kLines, disk);
    REQUIRE(appender.open().ok());
    CHECK(append(appender, lines({"a"})).done == 1);
    disk.fail(SimDisk::Operation::kSyncData, Code::kIo);
    const auto failed = append(appender, lines({"b", "c"}));
    CHECK(failed.done == 0);
    CHECK(failed.status.code() == Code::kIo);
    CHECK(append(appender, lines({"b"})).done == 1);
    CHECK(bytes_of(disk, "/log") == "a\nb\n");
    CHECK(append(appender, lines({"c"})).done == 1);
    disk.crash(random);
    CHECK(bytes_of(disk, "/log") == "a\nb\nc\n");
}

TEST_CASE("on a full disk nothing half written stays, and it goes on when there is room") {
    SimDisk disk;
    Appender appender(kLines, disk);
    REQUIRE(appender.open().ok());
    disk.set_capacity(4);
    CHECK(append(appender, lines({"abc"})).done == 1);
    const auto full = append(appender, lines({"d"}));
    CHECK(full.done == 0);
    CHECK(full.status.code() == Code::kNoSpace);
    CHECK(bytes_of(disk, "/log") == "abc\n");
    disk.set_capacity(100);
    CHECK(append(appender, lines({"d"})).done == 1);
    CHECK(bytes_of(disk, "/log") == "abc\nd\n");
}

TEST_CASE("a file is rotated before it gets too large, and so many are kept") {
    SimDisk disk;
    Appender appender({.path = "/log", .rotate_bytes = 4, .rotate_keep = 2}, disk);
    REQUIRE(appender.open().ok());
    for (const char* line : {"1", "2", "3", "4", "5", "6", "7"})
        CHECK(append(appender, lines({line})).done == 1);
    CHECK(bytes_of(disk, "/log") == "7\n");
    CHECK(bytes_of(disk, "/log.1") == "5\n6\n");
    CHECK(bytes_of(disk, "/log.2") == "3\n4\n");
    CHECK(disk.list("/").value() == std::vector<std::string>{"log", "log.1", "log.2", "log.lock"});
    CHECK(append(appender, lines({"a batch that is larger"})).done == 1);
    CHECK(bytes_of(disk, "/log") == "a batch that is larger\n");
    CHECK(bytes_of(disk, "/log.1") == "7\n");
}

TEST_CASE("files that a larger rotate_keep has left go at the next rotation, and no others") {
    SimDisk disk;
    for (const char* name : {"/log.1", "/log.2", "/log.3", "/log.4", "/log.1000", "/log.1001",
                             "/log.007", "/log.20261128", "/log.4.gz", "/log.torn", "/logs.9"})
        put(disk, name, "x\n");
    Appender appender({.path = "/log", .rotate_bytes = 2, .rotate_keep = 2}, disk);
    REQUIRE(appender.open().ok());
    CHECK(append(appender, lines({"1"})).done == 1);
    CHECK(append(appender, lines({"2"})).done == 1);
    CHECK(disk.list("/").value() == std::vector<std::string>{"log", "log.007", "log.1", "log.1001",
                                                             "log.2", "log.20261128", "log.4.gz",
                                                             "log.lock", "log.torn", "logs.9"});
}

TEST_CASE("nothing in a new file is done before its name lasts") {
    SimDisk disk;
    SeededRandom random(1);
    Appender appender({.path = "/log", .rotate_bytes = 2, .rotate_keep = 5}, disk);
    REQUIRE(appender.open().ok());
    CHECK(append(appender, lines({"1"})).done == 1);
    disk.fail(SimDisk::Operation::kSyncDir, Code::kIo, 2);
    CHECK(append(appender, lines({"2"})).done == 0);  // the rotation's own
    CHECK(append(appender, lines({"2"})).done == 0);  // it is tried again
    CHECK(append(appender, lines({"2"})).done == 1);
    for (int i = 0; i < 20; i++) {
        disk.crash(random);
        CHECK(bytes_of(disk, "/log") == "2\n");
        CHECK(bytes_of(disk, "/log.1") == "1\n");
    }
}

TEST_CASE("a rotation that fails half its way loses nothing, and goes on") {
    for (uint64_t skip = 0; skip < 3; skip++) {
        for (const auto operation : {SimDisk::Operation::kRename, SimDisk::Operation::kOpen}) {
            CAPTURE(skip);
            SimDisk disk;
            Appender appender({.path = "/log", .rotate_bytes = 2, .rotate_keep = 5}, disk);
            REQUIRE(appender.open().ok());
            disk.fail(operation, Code::kIo, 1, skip);
            size_t failures = 0;
            for (const char* line : {"1", "2", "3", "4"}) {
                while (append(appender, lines({line})).done == 0)
                    REQUIRE(++failures < 5);
            }
            CHECK(failures == 1);
            std::string all;
            for (const char* name : {"/log.5", "/log.4", "/log.3", "/log.2", "/log.1", "/log"}) {
                const auto read = read_file(disk, name);
                if (read.ok()) all += *read;
            }
            CHECK(all == "1\n2\n3\n4\n");
        }
    }
}

TEST_CASE("wherever the power is cut: what was done is there, in order, and nothing but messages") {
    for (uint64_t seed = 1; seed <= 600; seed++) {
        CAPTURE(seed);
        SeededRandom random(seed);
        const bool records = random.below(2) == 0, rotates = random.below(2) == 0;
        const AppenderOptions options{.path = "/log",
                                      .records = records,
                                      .rotate_bytes = rotates ? 3000 + random.below(3000) : 0,
                                      .rotate_keep = 1000};
        SimDisk disk;
        std::vector<std::string> done, undone;
        uint64_t number = 0;
        for (int life = 0; life < 4; life++) {
            Appender appender(options, disk);
            // The first start is not cut: there must be a file to lose.
            if (life > 0) disk.cut_power_at(disk.operations() + random.below(12));
            if (appender.open().ok()) {
                if (life == 0) disk.cut_power_at(disk.operations() + random.below(12));
                for (;;) {
                    Batch batch(records);
                    std::vector<std::string> messages;
                    for (uint64_t i = random.below(6) + 1; i > 0; i--) {
                        messages.push_back(std::to_string(number++) +
                                           std::string(random.below(900), '.'));
                        batch.add(messages.back());
                    }
                    const size_t made = append(appender, batch).done;
                    done.insert(done.end(), messages.begin(),
                                messages.begin() + static_cast<ptrdiff_t>(made));
                    undone.insert(undone.end(), messages.begin() + static_cast<ptrdiff_t>(made),
                                  messages.end());
                    if (made < messages.size()) break;
                }
            }
            disk.crash(random);
            disk.cut_power_at(~uint64_t{0});
        }
        Appender last(options, disk);
        REQUIRE(last.open().ok());
        std::vector<std::string> found;
        for (int i = 60; i >= 1; i--) {
            const auto rotated = read_file(disk, "/log." + std::to_string(i));
            if (rotated.ok()) REQUIRE(read_messages(*rotated, records, found));
        }
        REQUIRE(read_messages(bytes_of(disk, "/log"), records, found));
        size_t next = 0;
        for (const std::string& message : found) {
            if (next < done.size() && done[next] == message)
                next++;
            else  // written, but not said to be done
                REQUIRE(std::find(undone.begin(), undone.end(), message) != undone.end());
        }
        REQUIRE(next == done.size());
    }
}
