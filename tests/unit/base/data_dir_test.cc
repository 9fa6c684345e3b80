#include "bridge/base/data_dir.h"

#include <string>
#include <vector>

#include "bridge/base/sim_disk.h"

using namespace zbridge;

namespace {

void write(Disk& disk, const std::string& path, std::string_view text) {
    REQUIRE(replace_file(disk, path, text).ok());
}
std::string text_of(Disk& disk, const std::string& path) {
    auto text = read_file(disk, path);
    return text.ok() ? *text : "";
}
std::string error_of(Disk& disk) {
    auto dir = DataDir::open(disk, "shop-data");
    return dir.ok() ? "" : dir.error().message();
}

}  // namespace

TEST_CASE("each life has the next epoch, and knows how the last one ended") {
    SimDisk disk;
    {
        auto dir = DataDir::open(disk, "shop-data");
        REQUIRE(dir.ok());
        CHECK((*dir)->epoch() == 1);
        CHECK((*dir)->was_clean());
        CHECK((*dir)->path() == "shop-data");
        CHECK((*dir)->mark_clean().ok());
    }
    {
        auto dir = DataDir::open(disk, "shop-data");
        CHECK((*dir)->epoch() == 2);
        CHECK((*dir)->was_clean());
    }  // without the mark
    {
        auto dir = DataDir::open(disk, "shop-data");
        CHECK((*dir)->epoch() == 3);
        CHECK_FALSE((*dir)->was_clean());
    }
}

TEST_CASE("a new directory begins with the epoch it is given, an old one goes on with its own") {
    SimDisk disk;
    CHECK(DataDir::open(disk, "shop-data", 700).value()->epoch() == 700);
    CHECK(DataDir::open(disk, "shop-data", 12).value()->epoch() == 701);
}

TEST_CASE("the epoch file has these golden bytes") {
    SimDisk disk;
    REQUIRE(DataDir::open(disk, "shop-data").ok());
    CHECK(text_of(disk, "shop-data/epoch") == "zbridge data 1 epoch 1 crc 099927f2\n");
}

TEST_CASE("on a disk that is full to the last byte lives begin, and end in order") {
    SimDisk disk;
    { REQUIRE(DataDir::open(disk, "shop-data").value()->mark_clean().ok()); }
    disk.set_capacity(disk.used());
    for (uint32_t epoch = 2; epoch < 8; epoch++) {
        CAPTURE(epoch);
        auto dir = DataDir::open(disk, "shop-data");
        REQUIRE(dir.ok());
        CHECK((*dir)->epoch() == epoch);
        CHECK((*dir)->was_clean() == (epoch != 5));
        // One of them is killed.
        if (epoch != 4) CHECK((*dir)->mark_clean().ok());
    }
}

TEST_CASE("two bridges do not share a data directory") {
    SimDisk disk;
    const auto first = DataDir::open(disk, "shop-data");
    REQUIRE(first.ok());
    const auto second = DataDir::open(disk, "shop-data");
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().code() == Code::kBusy);
    CHECK(second.error().message() ==
          "another bridge runs on the data directory shop-data: it holds shop-data/lock; "
          "expected a bridge.name or bridge.data_dir of its own");
    CHECK(text_of(disk, "shop-data/epoch").find("epoch 1 ") != std::string::npos);
}

TEST_CASE("a damaged or newer epoch is refused and left alone") {
    SimDisk disk;
    REQUIRE(DataDir::open(disk, "shop-data").ok());
    const std::string good = text_of(disk, "shop-data/epoch");
    std::vector<std::string> damaged = {"", "7\n", good + "x", good.substr(0, good.size() - 1),
                                        good + good};
    for (size_t i = 0; i < good.size(); i++) {
        damaged.push_back(good);
        damaged.back()[i] = static_cast<char>(damaged.back()[i] ^ 1);
    }
    for (const std::string& text : damaged) {
        write(disk, "shop-data/epoch", text);
        const std::string error = error_of(disk);
        CHECK_MESSAGE((error.find("shop-data/epoch is damaged") == 0 ||
                       error.find("has the format") != error.npos),
                      text);
        CHECK(text_of(disk, "shop-data/epoch") == text);
    }
    write(disk, "shop-data/epoch", "zbridge data 2 something else\n");
    CHECK(error_of(disk) ==
          "shop-data/epoch has the format 2, this zbridge knows 1: it was written by a newer "
          "version");
}

TEST_CASE("an epoch that was lost is not begun anew") {
    SimDisk disk;
    REQUIRE(DataDir::open(disk, "shop-data").value()->mark_clean().ok());
    REQUIRE(disk.remove("shop-data/epoch").ok());
    CHECK(error_of(disk).find("shop-data/epoch is missing") == 0);
    write(disk, "shop-data/clean", "rubbish");
    CHECK(error_of(disk).find("shop-data/epoch is missing") == 0);
}

TEST_CASE("a place that is no directory is refused with its name") {
    SimDisk disk;
    write(disk, "shop-data", "a file");
    CHECK(error_of(disk).find("shop-data") != std::string::npos);
    SimDisk other;
    CHECK(DataDir::open(other, "none/shop-data").error().code() == Code::kNotFound);
}

TEST_CASE("a full or failing disk refuses the start") {
    for (auto operation : {SimDisk::Operation::kOpen, SimDisk::Operation::kWrite,
                           SimDisk::Operation::kSyncData, SimDisk::Operation::kRename,
                           SimDisk::Operation::kSyncDir, SimDisk::Operation::kMakeDir}) {
        SimDisk disk;
        disk.fail(operation, Code::kNoSpace);
        const auto dir = DataDir::open(disk, "shop-data");
        REQUIRE_FALSE(dir.ok());
        CHECK(dir.error().code() == Code::kNoSpace);
        CHECK(DataDir::open(disk, "shop-data").ok());
    }
}

TEST_CASE("an epoch never repeats, whenever the power is cut") {
    for (uint64_t seed = 0; seed < 20; seed++) {
        for (uint64_t cut = 0; cut < 60; cut++) {
            SeededRandom random(seed * 1000 + cut);
            SimDisk disk;
            uint32_t last = 0;
            bool last_was_clean = true;
            disk.cut_power_at(cut);
            for (int life = 0; life < 8; life++) {
                bool marked = false;
                auto dir = DataDir::open(disk, "shop-data");
                if (dir.ok()) {
                    REQUIRE((*dir)->epoch() > last);
                    // Says clean only if the last life that began did end so.
                    if ((*dir)->was_clean()) CHECK(last_was_clean);
                    last = (*dir)->epoch();
                    marked = life % 2 == 0 && (*dir)->mark_clean().ok();
                    // A mark that failed may be on the disk nevertheless, and is true.
                    last_was_clean = life % 2 == 0;
                }
                if (!dir.ok() || !marked) {
                    if (dir.ok()) dir->reset();
                    disk.crash(random);
                    disk.cut_power_at(disk.operations() + random.below(20));
                }
            }
            disk.crash(random);
            auto dir = DataDir::open(disk, "shop-data");
            REQUIRE(dir.ok());
            CHECK((*dir)->epoch() > last);
        }
    }
}
