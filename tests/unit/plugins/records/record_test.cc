#include "plugins/records/record.h"

#include <doctest/doctest.h>

using namespace zbridge::records;
using namespace std::string_literals;

namespace {

std::string record(const std::vector<std::string_view>& frames) {
    std::string bytes;
    REQUIRE(append_record(frames, bytes));
    return bytes;
}

}  // namespace

TEST_CASE("a record's bytes are what the format says") {
    CHECK(record({"ab", ""}) ==
          "\x0a\x00\x00\x00"  // 10 bytes of payload
          "\x0e\x57\x86\x48"  // its CRC-32C
          "\x02\x00\x00\x00"
          "ab"                   // a frame of 2 bytes
          "\x00\x00\x00\x00"s);  // and an empty one
}

TEST_CASE("a message comes back with all its frames") {
    const std::string bytes =
        record({"", "a\nb\0c"s, std::string(100'000, 'x')}) + record({"next"});
    size_t size = 0;
    std::vector<std::string_view> frames;
    REQUIRE(cut_record(bytes, size, frames) == Cut::kWhole);
    REQUIRE(frames.size() == 3);
    CHECK(frames[0].empty());
    CHECK(frames[1] == "a\nb\0c"s);
    CHECK(frames[2] == std::string(100'000, 'x'));
    REQUIRE(cut_record(std::string_view(bytes).substr(size), size, frames) == Cut::kWhole);
    CHECK(frames == std::vector<std::string_view>{"next"});
}

TEST_CASE("every beginning of a record is partial, every changed byte is seen") {
    const std::string bytes = record({"abc", "d"});
    size_t size = 0;
    std::vector<std::string_view> frames;
    for (size_t i = 0; i < bytes.size(); i++) {
        CAPTURE(i);
        CHECK(cut_record(std::string_view(bytes).substr(0, i), size, frames) == Cut::kPartial);
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ 0x40);
        CHECK(cut_record(changed, size, frames) != Cut::kWhole);
    }
}

TEST_CASE("zeros, and sizes that cannot be, are damage") {
    size_t size = 0;
    std::vector<std::string_view> frames;
    CHECK(cut_record(std::string(64, '\0'), size, frames) == Cut::kDamaged);
    CHECK(cut_record("\xff\xff\xff\xff\x00\x00\x00\x00"s, size, frames) == Cut::kDamaged);
    CHECK(cut_record("\x01\x00\x00\x04\x00\x00\x00\x00"s, size, frames) == Cut::kDamaged);
}

TEST_CASE("64 frames and 64 MiB are the limit") {
    std::string bytes;
    CHECK(append_record(std::vector<std::string_view>(kFramesMax, "x"), bytes));
    bytes.clear();
    CHECK_FALSE(append_record(std::vector<std::string_view>(kFramesMax + 1, "x"), bytes));
    CHECK_FALSE(append_record({}, bytes));
    const std::string large(kPayloadBytesMax - 4, 'x');
    CHECK_FALSE(append_record({large, ""}, bytes));
    CHECK(bytes.empty());
    CHECK(append_record({large}, bytes));
}
