// The bytes of the records of groups, as docs/JOURNAL.md has them.
#include <doctest/doctest.h>

#include <string>

#include "plugins/durable/groups/payload.h"
#include "tests/unit/plugins/durable/bytes_text.h"

namespace zbridge::durable {

TEST_CASE("the bytes of ACKS and CURSOR are these") {
    const std::string acks = bytes_of("02 00 00 00 | 2c 01 00 00 00 00 00 00 | 80 02 04 | 0a 01");
    CHECK(write_acks({GroupId(2), {300}, {{{256}, 4}, {{270}, 1}}}) == acks);
    const auto read = read_acks(acks);
    REQUIRE(read.has_value());
    CHECK(read->group == GroupId(2));
    CHECK(read->cursor == Offset{300});
    CHECK(read->ranges == std::vector<OffsetRange>{{{256}, 4}, {{270}, 1}});
    CHECK(write_acks({GroupId(2), {300}, {}}) == acks.substr(0, 12));
}

TEST_CASE("the bytes of RETRY, PARK, LEASE and DEAD are these") {
    const std::string bytes = bytes_of(
        "02 00 00 00 | 02 01 00 00 00 00 00 00 | 00 68 e5 cf 8b 01 00 00 | 07 00 00 00 | 03 | 00");
    CHECK(write_exception({GroupId(2), {258}, 1'700'000'000'000, 7, 3}) == bytes);
    const auto read = read_exception(bytes);
    REQUIRE(read.has_value());
    CHECK(read->group == GroupId(2));
    CHECK(read->offset == Offset{258});
    CHECK(read->due_ms == 1'700'000'000'000);
    CHECK(read->key == 7);
    CHECK(read->attempts == 3);
}

TEST_CASE("a retry of a known priority says it, one more than it is; above it there is none") {
    const std::string bytes = bytes_of(
        "02 00 00 00 | 02 01 00 00 00 00 00 00 | 00 68 e5 cf 8b 01 00 00 | 00 00 00 00 | 03 | 0a");
    CHECK(write_exception({GroupId(2), {258}, 1'700'000'000'000, 0, 3, 10}) == bytes);
    const auto read = read_exception(bytes);
    REQUIRE(read.has_value());
    CHECK(read->level == 10);
    std::string above = bytes;
    above.back() = 11;
    CHECK_FALSE(read_exception(above).has_value());
}

TEST_CASE("a PARK of a dead letter that holds its key has the level 15, and where its letter is") {
    const std::string bytes = bytes_of(
        "02 00 00 00 | 02 01 00 00 00 00 00 00 | 2a 00 00 00 00 00 00 00 | 07 00 00 00 | 03 | 0f");
    CHECK(write_exception({GroupId(2), {258}, 42, 7, 3, ExceptionRecord::kHeldLevel}) == bytes);
    const auto read = read_exception(bytes);
    REQUIRE(read.has_value());
    CHECK(read->level == ExceptionRecord::kHeldLevel);
    CHECK(read->due_ms == 42);
}

TEST_CASE("the bytes of RESET are these") {
    const std::string bytes = bytes_of("02 00 00 00 | 09 00 00 00 | 02 01 00 00 00 00 00 00");
    CHECK(write_reset({GroupId(2), 9, {258}}) == bytes);
    const auto read = read_reset(bytes);
    REQUIRE(read.has_value());
    CHECK(read->epoch == 9);
    CHECK(read->offset == Offset{258});
}

TEST_CASE("the bytes of GROUP are these, and a page of which all is settled is none") {
    const std::string bytes = bytes_of(
        "02 00 00 00 | 01 | 01 | 02 00 | 07 00 00 00 | 09 00 00 00 | 04 00 00 00 |"
        "00 01 00 00 00 00 00 00 | 00 00 01 00 00 00 00 00 | 67 72 | 01 00");
    SettledBits settled;
    settled.set({{SettledBits::kPageBits}, SettledBits::kPageBits});
    const GroupSnapshot group{GroupId(2), Origin::kDeclared, true, TopicId(7), 9, 4,
                              {256},      {65536},           "gr", {}};
    CHECK(write_group(group, settled) == bytes);
    const auto read = read_group(bytes);
    REQUIRE(read.has_value());
    CHECK(read->paused);
    CHECK(read->name == "gr");
    CHECK(read->epoch == 9);
    CHECK(read->oldest_epoch == 4);
    CHECK(read->cursor == Offset{65536});
    SettledBits again;
    REQUIRE(read_pages(read->pages, again));
    CHECK(again.has({40'000}));
    CHECK_FALSE(again.has({32'767}));
}

TEST_CASE("a group of marks says so; a flag that is none is refused") {
    GroupSnapshot group{GroupId(2), Origin::kImplicit, false, TopicId(7), 9, 4, {0}, {1}, "", {}};
    group.marks = true;
    std::string bytes = write_group(group, {});
    CHECK(bytes[5] == 2);
    REQUIRE(read_group(bytes).has_value());
    CHECK(read_group(bytes)->marks);
    CHECK_FALSE(read_group(bytes)->paused);
    bytes[5] = 16;
    CHECK_FALSE(read_group(bytes).has_value());
}

TEST_CASE("the bytes of a GROUP that is a part of another one are these") {
    GroupSnapshot group{
        GroupId(5), Origin::kImplicit, false, TopicId(7), 1, 0, {256}, {300}, "gr%a", {}};
    const std::string head =
        "00 | 07 00 00 00 | 01 00 00 00 | 00 00 00 00 | 00 01 00 00 00 00 00 00 |"
        "2c 01 00 00 00 00 00 00 | 67 72 25 61 | 02 00 00 00 |";
    SUBCASE("a consumer's: whose, and when it was last seen") {
        group.part = {GroupPart::Kind::kConsumer, GroupId(2), 1'700'000'000'000};
        std::string bytes =
            bytes_of("05 00 00 00 | 02 | 04 | 04" + head + "00 68 e5 cf 8b 01 00 00");
        CHECK(write_group(group, {}) == bytes);
        const auto read = read_group(bytes);
        REQUIRE(read.has_value());
        CHECK(read->part.kind == GroupPart::Kind::kConsumer);
        CHECK(read->part.of == GroupId(2));
        CHECK(read->part.seen_ms == 1'700'000'000'000);
        CHECK(read->name == "gr%a");
        CHECK(read->pages.empty());
        bytes.resize(bytes.size() - 1);
        CHECK_FALSE(read_group(bytes).has_value());
    }
    SUBCASE("a range's: whose, and its end") {
        group.part = {GroupPart::Kind::kRange, GroupId(2), 0, {300}};
        std::string bytes =
            bytes_of("05 00 00 00 | 02 | 08 | 04" + head + "2c 01 00 00 00 00 00 00");
        CHECK(write_group(group, {}) == bytes);
        const auto read = read_group(bytes);
        REQUIRE(read.has_value());
        CHECK(read->part.kind == GroupPart::Kind::kRange);
        CHECK(read->part.until == Offset{300});
        bytes[5] = 12;  // it is one of them, not both
        CHECK_FALSE(read_group(bytes).has_value());
    }
}

TEST_CASE("a page of bits reads back") {
    SettledBits settled;
    settled.set({{100}, 3});
    settled.set({{32'766}, 5});
    const GroupSnapshot group{GroupId(2), Origin::kDeclared, false, TopicId(7), 9, 4,
                              {0},        {65536},           "gr",  {}};
    const std::string bytes = write_group(group, settled);
    SettledBits again;
    REQUIRE(read_pages(read_group(bytes)->pages, again));
    for (const uint64_t at : {100, 101, 102, 32'766, 32'767, 32'768, 32'770})
        CHECK(again.has({at}));
    for (const uint64_t at : {99, 103, 32'765, 32'771})
        CHECK_FALSE(again.has({at}));
}

TEST_CASE("records that are cut off, or say what cannot be, are none") {
    const std::string acks = write_acks({GroupId(2), {300}, {{{256}, 4}}});
    for (size_t size = 0; size < acks.size(); size++) {
        INFO(size);
        // Without its ranges it is a whole record of none.
        CHECK(read_acks(std::string_view(acks).substr(0, size)).has_value() == (size == 12));
    }
    CHECK_FALSE(read_acks(write_acks({GroupId(2), {300}, {{{299}, 2}}})));  // behind the cursor
    CHECK_FALSE(read_acks(write_acks({GroupId(2), {300}, {{{256}, 0}}})));
    const std::string retry = write_exception({GroupId(2), {258}, 1, 7, 3});
    for (size_t size = 0; size < retry.size(); size++)
        CHECK_FALSE(read_exception(std::string_view(retry).substr(0, size)));
    CHECK_FALSE(read_exception(retry + "x"));
    CHECK_FALSE(read_exception(write_exception({GroupId(2), {Token::kOffsetEnd}, 1, 7, 3})));
    const std::string reset = write_reset({GroupId(2), 9, {258}});
    CHECK_FALSE(read_reset(reset + "x"));
    CHECK_FALSE(read_reset(std::string_view(reset).substr(1)));
    SettledBits settled;
    settled.set({{5}, 1});
    const GroupSnapshot group{
        GroupId(2), Origin::kDeclared, false, TopicId(7), 9, 4, {0}, {10}, "gr", {}};
    std::string bytes = write_group(group, settled);
    CHECK_FALSE(read_pages(read_group(bytes.substr(0, bytes.size() - 1))->pages, settled));
    bytes[4] = 9;  // no origin
    CHECK_FALSE(read_group(bytes));
}

}  // namespace zbridge::durable
