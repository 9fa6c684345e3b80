#include "plugins/durable/record.h"

#include <doctest/doctest.h>

namespace zbridge::durable {

TEST_CASE("a varint reads back, and takes no more bytes than it says") {
    for (const uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{16383},
                                 uint64_t{16384}, uint64_t{1} << 63, ~uint64_t{0}}) {
        std::string bytes;
        append_varint(bytes, value);
        CHECK(bytes.size() == varint_bytes(value));
        std::string_view rest = bytes;
        CHECK(take_varint(rest) == value);
        CHECK(rest.empty());
        for (size_t cut = 0; cut < bytes.size(); cut++) {
            rest = std::string_view(bytes).substr(0, cut);
            CHECK(take_varint(rest) == std::nullopt);
        }
    }
}

TEST_CASE("a varint of more than 64 bits is none") {
    const std::string eleven(10, '\xff');
    std::string_view rest = eleven;
    CHECK(take_varint(rest) == std::nullopt);
    const std::string too_high = std::string(9, '\xff') + '\x02';
    rest = too_high;
    CHECK(take_varint(rest) == std::nullopt);
}

TEST_CASE("records of a body are read one after the other") {
    std::string body;
    append_record(body, RecordType::kMsg, 1, "first");
    append_record(body, RecordType::kTopic, 2, std::string(200, 'x'));
    CHECK(body.size() == record_bytes(5) + record_bytes(200));

    const auto first = record_at(body, 0);
    REQUIRE(first);
    CHECK(first->type == RecordType::kMsg);
    CHECK(first->payload == "first");
    const auto second = record_at(body, first->end);
    REQUIRE(second);
    CHECK(second->type == RecordType::kTopic);
    CHECK(second->version == 2);
    CHECK(second->position == first->end);
    CHECK(second->end == body.size());
    CHECK_FALSE(record_at(body, second->end));
}

TEST_CASE("a record that is cut off is none") {
    std::string body;
    append_record(body, RecordType::kAcks, 1, std::string(300, 'x'));
    for (size_t cut = 0; cut < body.size(); cut++)
        CHECK_FALSE(record_at(std::string_view(body).substr(0, cut), 0));
}

TEST_CASE("a record's bytes are these") {
    std::string body;
    append_record(body, RecordType::kCleanStop, 1, "ab");
    CHECK(body == std::string("\x02\x17\x01"
                              "ab",
                              5));
}

}  // namespace zbridge::durable
