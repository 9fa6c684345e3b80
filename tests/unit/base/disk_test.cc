#include "bridge/base/disk.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "bridge/base/crc32c.h"
#include "bridge/base/sim_disk.h"

using namespace zbridge;

namespace {

// A directory of its own on the real disk, gone at its end.
struct RealWorld {
    PosixDisk disk;
    std::string root;
    RealWorld() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "zbridge-test-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        root = pattern;
    }
    ~RealWorld() { std::filesystem::remove_all(root); }
};

struct SimWorld {
    SimDisk disk;
    std::string root;
    SimWorld() : root("/data") {
        REQUIRE(disk.make_dir(root).ok());
        REQUIRE(disk.sync_dir("/").ok());
    }
};

std::string text_in(Disk& disk, const std::string& path) {
    auto text = read_file(disk, path);
    return text.ok() ? *text : "!" + text.error().message();
}

}  // namespace

TEST_CASE_TEMPLATE("files do what they should, real and simulated", World, RealWorld, SimWorld) {
    World world;
    Disk& disk = world.disk;
    const std::string path = world.root + "/file";
    CHECK(disk.open(path, OpenMode::kRead).error().code() == Code::kNotFound);
    {
        auto file = disk.open(path, OpenMode::kWrite);
        REQUIRE(file.ok());
        CHECK((*file)->write_at(0, "hello").ok());
        CHECK((*file)->write_at(8, "!").ok());
        CHECK(*(*file)->size() == 9);
        CHECK(*(*file)->read_at(0, 100) == std::string("hello\0\0\0!", 9));
        CHECK(*(*file)->read_at(4, 1) == "o");
        CHECK((*file)->read_at(100, 1)->empty());
        CHECK((*file)->resize(4).ok());
        CHECK((*file)->resize(6).ok());
        CHECK((*file)->sync_data().ok());
        char into[4];
        CHECK(*(*file)->read_into(2, into, 4) == 4);
        CHECK(std::string_view(into, 4) == std::string_view("ll\0\0", 4));
        CHECK(*(*file)->read_into(5, into, 4) == 1);
        CHECK((*file)->reserve(3).ok());  // it is larger
        CHECK(*(*file)->size() == 6);
    }
    CHECK(text_in(disk, path) == std::string("hell\0\0", 6));
    {
        auto file = disk.open(path, OpenMode::kRead);
        REQUIRE(file.ok());
        CHECK_FALSE((*file)->write_at(0, "x").ok());
    }
    CHECK(disk.make_dir(world.root + "/sub").ok());
    CHECK(disk.make_dir(world.root + "/sub").code() == Code::kBusy);
    CHECK(disk.make_dir(world.root + "/none/sub").code() == Code::kNotFound);
    CHECK(*disk.list(world.root) == std::vector<std::string>{"file", "sub"});
    CHECK(disk.rename(path, world.root + "/renamed").ok());
    CHECK(disk.rename(path, world.root + "/x").code() == Code::kNotFound);
    CHECK(*disk.list(world.root) == std::vector<std::string>{"renamed", "sub"});
    CHECK(disk.sync_dir(world.root).ok());
    CHECK(disk.sync_dir(world.root + "/none").code() == Code::kNotFound);
    CHECK(disk.list(world.root + "/none").error().code() == Code::kNotFound);
    CHECK(disk.remove(world.root + "/sub").ok());
    CHECK(disk.remove(world.root + "/sub").code() == Code::kNotFound);
    CHECK(disk.open(world.root + "/renamed", OpenMode::kTruncate).ok());
    CHECK(text_in(disk, world.root + "/renamed").empty());
    CHECK(replace_file(disk, world.root + "/renamed", "new").ok());
    CHECK(text_in(disk, world.root + "/renamed") == "new");
    CHECK(*disk.list(world.root) == std::vector<std::string>{"renamed"});
}

TEST_CASE_TEMPLATE("bytes that go past the cache are those that others read", World, RealWorld,
                   SimWorld) {
    World world;
    constexpr size_t kSize = 2 * File::kDirectAlignBytes;
    alignas(4096) char ours[kSize];
    alignas(4096) char theirs[4 * kSize];
    std::fill_n(ours, kSize, 'o');
    auto file = world.disk.open(world.root + "/file", OpenMode::kWrite);
    REQUIRE(file.ok());
    REQUIRE((*file)->write_at(0, std::string(4096, '.')).ok());
    CHECK((*file)->write_direct(kSize, {ours, kSize}).ok());
    CHECK((*file)->write_at(kSize + 1, "x").ok());  // in the cache again, and on top
    CHECK((*file)->sync_data().ok());
    CHECK(*(*file)->read_at(kSize - 1, 4) == ".oxo");
    CHECK(*(*file)->read_direct(kSize, theirs, kSize) == kSize);
    CHECK(std::string_view(theirs, 3) == "oxo");

    // What cannot go past it goes through it: an odd place, address or size, and a file's end.
    CHECK((*file)->write_direct(1, {ours, kSize}).ok());
    CHECK((*file)->write_direct(0, {ours + 1, kSize - 1}).ok());
    CHECK(*(*file)->read_at(kSize, 2) == "ox");
    CHECK(*(*file)->read_direct(3, theirs + 3, 7) == 7);
    CHECK((*file)->write_at(4096, "end").ok());
    CHECK(*(*file)->read_direct(4096 - kSize, theirs, 4 * kSize) == kSize + 3);
    CHECK(std::string_view(theirs + kSize, 3) == "end");
}

TEST_CASE_TEMPLATE("a reserved file reads as zeros", World, RealWorld, SimWorld) {
    World world;
    auto file = world.disk.open(world.root + "/file", OpenMode::kWrite);
    REQUIRE(file.ok());
    REQUIRE((*file)->write_at(0, "x").ok());
    REQUIRE((*file)->reserve(8192).ok());
    (*file)->write_out(0, 8192);
    (*file)->forget_cached(0, 8192);
    REQUIRE((*file)->sync_data().ok());
    CHECK(text_in(world.disk, world.root + "/file") == "x" + std::string(8191, '\0'));
}

TEST_CASE("what is reserved counts as space, and is there when it is written") {
    SimWorld world;
    world.disk.set_capacity(1000);
    auto file = world.disk.open("/data/file", OpenMode::kWrite);
    REQUIRE(file.ok());
    CHECK((*file)->reserve(1001).code() == Code::kNoSpace);
    REQUIRE((*file)->reserve(1000).ok());
    auto other = world.disk.open("/data/other", OpenMode::kWrite);
    CHECK((*other)->write_at(0, "x").code() == Code::kNoSpace);
    CHECK((*file)->write_at(0, std::string(1000, 'x')).ok());
}

TEST_CASE_TEMPLATE("a lock has one holder, real and simulated", World, RealWorld, SimWorld) {
    World world;
    const std::string path = world.root + "/lock";
    auto first = world.disk.lock(path);
    REQUIRE(first.ok());
    const auto second = world.disk.lock(path);
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().code() == Code::kBusy);
    CHECK(second.error().message().find(path) != std::string::npos);
    first->reset();
    CHECK(world.disk.lock(path).ok());
}

TEST_CASE("on the real disk files and directories are for their owner alone") {
    RealWorld world;
    REQUIRE(world.disk.make_dir(world.root + "/sub").ok());
    REQUIRE(world.disk.open(world.root + "/file", OpenMode::kWrite).ok());
    struct stat about {};
    REQUIRE(::stat((world.root + "/sub").c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0700);
    REQUIRE(::stat((world.root + "/file").c_str(), &about) == 0);
    CHECK((about.st_mode & 0177) == 0);
    CHECK(world.disk.open(world.root + "/file/x", OpenMode::kRead).error().code() ==
          Code::kInvalid);
    CHECK(world.disk.open("/dev/full", OpenMode::kWrite).value()->write_at(0, "x").code() ==
          Code::kNoSpace);
}

TEST_CASE("a boot is the same until the next one") {
    PosixDisk disk;
    CHECK_FALSE(disk.boot().empty());
    CHECK(disk.boot() == PosixDisk().boot());
    SimWorld world;
    const std::string before = world.disk.boot();
    CHECK(world.disk.boot() == before);
    SeededRandom random(1);
    world.disk.crash(random);
    CHECK(world.disk.boot() != before);
}

TEST_CASE("a path has a parent") {
    CHECK(parent_of("a/b") == "a");
    CHECK(parent_of("/a") == "/");
    CHECK(parent_of("a") == ".");
    CHECK(parent_of("a/b/") == "a");
    CHECK(parent_of("./a//b") == "./a");
    CHECK(parent_of("/") == "/");
}

TEST_CASE("a crash keeps what was synced, and tears what was not") {
    bool kept_old = false, kept_new = false, torn = false;
    const std::string old_text(2048, 'o'), new_text(2048, 'n');
    for (uint64_t seed = 0; seed < 200; seed++) {
        SimWorld world;
        SeededRandom random(seed);
        auto file = world.disk.open("/data/file", OpenMode::kWrite);
        REQUIRE(file.ok());
        REQUIRE((*file)->write_at(0, old_text).ok());
        REQUIRE((*file)->sync_data().ok());
        REQUIRE(world.disk.sync_dir("/data").ok());
        REQUIRE((*file)->write_at(0, new_text).ok());
        CHECK(text_in(world.disk, "/data/file") == new_text);
        world.disk.crash(random);
        CHECK_FALSE((*file)->write_at(0, "x").ok());
        const std::string text = text_in(world.disk, "/data/file");
        REQUIRE(text.size() == 2048);
        kept_old = kept_old || text == old_text;
        kept_new = kept_new || text == new_text;
        torn = torn || (text != old_text && text != new_text);
        for (size_t at = 0; at < text.size(); at += SimDisk::kSectorBytes) {
            CHECK(text.substr(at, SimDisk::kSectorBytes) ==
                  std::string(SimDisk::kSectorBytes, text[at]));
        }
    }
    CHECK(kept_old);
    CHECK(kept_new);
    CHECK(torn);
}

TEST_CASE("a name that was not synced may be gone after a crash, its order is kept") {
    bool both = false, one = false, none = false;
    for (uint64_t seed = 0; seed < 50; seed++) {
        SimWorld world;
        SeededRandom random(seed);
        REQUIRE(world.disk.open("/data/a", OpenMode::kWrite).ok());
        REQUIRE(world.disk.open("/data/b", OpenMode::kWrite).ok());
        world.disk.crash(random);
        const auto names = *world.disk.list("/data");
        both = both || names.size() == 2;
        one = one || names == std::vector<std::string>{"a"};
        none = none || names.empty();
        CHECK(names != std::vector<std::string>{"b"});
    }
    CHECK(both);
    CHECK(one);
    CHECK(none);
}

TEST_CASE("faults come when asked for; a failed sync loses its bytes for good") {
    SimWorld world;
    SimDisk& disk = world.disk;
    auto file = disk.open("/data/file", OpenMode::kWrite);
    REQUIRE(disk.sync_dir("/data").ok());
    disk.fail(SimDisk::Operation::kWrite, Code::kNoSpace, 1, 1);
    CHECK((*file)->write_at(0, "a").ok());
    CHECK((*file)->write_at(1, "b").code() == Code::kNoSpace);
    CHECK((*file)->write_at(1, "b").ok());
    disk.fail(SimDisk::Operation::kSyncData, Code::kIo);
    CHECK((*file)->sync_data().code() == Code::kIo);
    CHECK((*file)->write_at(2, "c").ok());
    CHECK((*file)->sync_data().ok());
    CHECK(text_in(disk, "/data/file") == "abc");
    SeededRandom random(1);
    disk.crash(random);
    CHECK(text_in(disk, "/data/file") == std::string("\0\0c", 3));

    disk.set_capacity(8);
    file = disk.open("/data/file", OpenMode::kWrite);
    CHECK((*file)->write_at(0, "12345678").ok());
    CHECK((*file)->write_at(0, "123456789").code() == Code::kNoSpace);
}

TEST_CASE(
    "a replaced file is whole after a crash at any moment, and the new one once it has returned") {
    const std::string old_text(1500, 'o'), new_text(1700, 'n');
    for (uint64_t seed = 0; seed < 300; seed++) {
        SeededRandom random(seed);
        SimWorld world;
        REQUIRE(replace_file(world.disk, "/data/file", old_text).ok());
        world.disk.cut_power_at(world.disk.operations() + random.below(7));
        const bool done = replace_file(world.disk, "/data/file", new_text).ok();
        world.disk.crash(random);
        const std::string text = text_in(world.disk, "/data/file");
        CHECK((text == old_text || text == new_text));
        if (done) CHECK(text == new_text);
    }
}

TEST_CASE("CRC-32C has the sums of RFC 3720") {
    CHECK(crc32c("123456789") == 0xe3069283);
    CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
    CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
    CHECK(crc32c("6789", crc32c("12345")) == crc32c("123456789"));
    CHECK(crc32c("") == 0);
    SeededRandom random(1);
    for (size_t size = 0; size < 300; size++) {
        std::string bytes(size, '\0');
        for (char& c : bytes)
            c = static_cast<char>(random.next());
        CHECK(crc32c(bytes, 7) == crc32c_by_table(bytes, 7));
    }
}
