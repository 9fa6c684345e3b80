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

TEST_CASE("a whole record is found behind what is none, wherever it begins") {
    const std::string whole = record({"a", "bc"});
    CHECK(find_record(whole, 0) == 0);
    CHECK_FALSE(find_record(whole, 1));
    CHECK_FALSE(find_record(std::string_view(whole).substr(0, whole.size() - 1), 0));
    for (const size_t before : {1, 7, 8, 9, 4096})
        CHECK(find_record(std::string(before, '\xff') + whole + "x", 1) == before);
    std::string damaged = whole;
    damaged.back() ^= 1;
    CHECK(find_record(damaged + whole, 0) == damaged.size());
    CHECK_FALSE(find_record("", 0));
    CHECK_FALSE(find_record(std::string(100'000, '\0'), 0));
}

TEST_CASE("a search that takes too many sums takes what looks like a record for one") {
    // Heads of which each looks like the beginning of one record to the end, and none is.
    std::string bytes;
    const size_t size = 40 << 20;
    const auto number = [&](size_t value) {
        for (size_t i = 0; i < 4; i++)
            bytes += static_cast<char>(value >> (8 * i) & 0xff);
    };
    for (size_t at = 0; at < 10 * 12; at += 12) {
        number(size - at - 8);
        number(0);
        number(size - at - 12);
    }
    bytes.resize(size, 'x');
    CHECK(find_record(bytes, 0) == 6 * 12);  // the seventh would be more than 256 MiB
}
