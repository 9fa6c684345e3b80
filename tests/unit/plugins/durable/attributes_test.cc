#include "plugins/durable/topics/attributes.h"

#include <doctest/doctest.h>

#include <string>

#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

namespace {

zb_view text(std::string_view of) {
    return {of.data(), of.size()};
}

std::string encoded() {
    const zb_view keys[] = {text("k1"), text("")};
    const zb_property properties[] = {
        {text("b"), {ZB_BOOL, 1, 0, 0, {nullptr, 0}}},
        {text("i"), {ZB_INTEGER, 0, -2, 0, {nullptr, 0}}},
        {text("n"), {ZB_NUMBER, 0, 0, 0.5, {nullptr, 0}}},
        {text("s"), {ZB_STRING, 0, 0, 0, text("EU")}},
        {text("z"), {ZB_NOTHING, 0, 0, 0, {nullptr, 0}}},
    };
    zb_attributes attributes{sizeof(zb_attributes),
                             2,
                             5,
                             0,
                             text("id"),
                             text("ok"),
                             text("t"),
                             7,
                             keys,
                             properties,
                             0,
                             0};
    std::string bytes;
    encode_attributes(attributes, bytes);
    return bytes;
}

}  // namespace

TEST_CASE("the bytes of attributes are these") {
    std::string expected;
    expected += std::string("\x01\x02id", 4);
    expected += std::string("\x02\x02ok", 4);
    expected += std::string("\x03\x01t", 3);
    expected += std::string("\x04\x08\x07\0\0\0\0\0\0\0", 10);
    expected += std::string("\x05\x02k1", 4) + std::string("\x05\0", 2);
    expected += std::string("\x06\x04\x01", 3) + "b" + std::string("\x01\x01", 2);
    expected += std::string("\x06\x0b\x01i\x02\xfe\xff\xff\xff\xff\xff\xff\xff", 13);
    expected += std::string("\x06\x0b\x01n\x03\0\0\0\0\0\0\xe0\x3f", 13);
    expected += std::string("\x06\x05\x01s\x04", 5) + "EU";
    expected += std::string("\x06\x03\x01z\0", 5);
    CHECK(encoded() == expected);
    std::string none;
    encode_attributes(zb_attributes{}, none);
    CHECK(none.empty());
}

TEST_CASE("a priority is a byte behind the others; 0 is none") {
    zb_attributes attributes{};
    attributes.tag = text("t");
    attributes.priority = 9;
    std::string bytes;
    encode_attributes(attributes, bytes);
    CHECK(bytes == std::string("\x03\x01t\x0a\x01\x09", 6));
    CHECK(decode_attributes(bytes)->priority == 9);
    CHECK(priority_in(bytes) == 9);
    CHECK(priority_in("\x03\x01t") == 0);
    CHECK_FALSE(decode_attributes(std::string("\x0a\x02\x01\x01", 4)));
    append_target(bytes, TopicId(3));
    std::string_view rest = bytes;
    CHECK(take_target(rest) == TopicId(3));
    CHECK(priority_in(rest) == 9);
}

TEST_CASE("attributes read back") {
    const std::string bytes = encoded();
    const auto decoded = decode_attributes(bytes);
    REQUIRE(decoded);
    CHECK(decoded->id == "id");
    CHECK(decoded->order_key == "ok");
    CHECK(decoded->tag == "t");
    CHECK(decoded->deliver_at_ms == 7);
    CHECK(decoded->keys == std::vector<std::string_view>{"k1", ""});
    REQUIRE(decoded->properties.size() == 5);
    CHECK(decoded->properties[0].second.flag == 1);
    CHECK(decoded->properties[1].second.integer == -2);
    CHECK(decoded->properties[2].second.number == 0.5);
    CHECK(decoded->properties[3].first == "s");
    CHECK(std::string_view(decoded->properties[3].second.text.data, 2) == "EU");
    CHECK(decoded->properties[4].second.kind == ZB_NOTHING);
    CHECK(id_in(bytes) == "id");
    CHECK(id_in("").empty());
    CHECK(id_in("\x03\x01t").empty());
}

TEST_CASE("bytes that are no attributes are none") {
    CHECK_FALSE(decode_attributes("\x09\x01x"));
    CHECK_FALSE(decode_attributes(std::string_view("\x06\x02\x05z", 4)));
    CHECK_FALSE(decode_attributes(std::string_view("\x04\x01x", 3)));
    const std::string bytes = encoded();
    for (size_t i = 0; i < bytes.size(); i++) {
        // Whatever it is then: no byte beyond it is read (AddressSanitizer).
        const std::string cut(bytes, 0, i);
        (void)decode_attributes(cut);
        (void)id_in(cut);
    }
}

TEST_CASE("messages on the wire end where their last frame does") {
    const std::string long_frame =
        std::string{'\2'} + std::string("\0\0\0\0\0\0\1\0", 8) + std::string(256, 'x');
    const std::string wire = std::string("\1\1a\0\1b", 6) + std::string("\0\0", 2) + long_frame;
    const auto span = [&](uint32_t messages, uint64_t bytes) {
        const auto found = span_of(wire, messages, bytes);
        REQUIRE(found);
        return *found;
    };
    CHECK(span(1, UINT64_MAX).bytes == 6);
    CHECK(span(1, UINT64_MAX).frames == 2);
    CHECK(span(2, UINT64_MAX).bytes == 8);
    CHECK(span(9, UINT64_MAX).bytes == wire.size());
    CHECK(span(9, UINT64_MAX).messages == 3);
    CHECK(span(9, UINT64_MAX).frames == 4);
    CHECK(span(9, 6).messages == 1);
    CHECK(span(9, 7).messages == 2);
    CHECK(span(9, 0).messages == 0);
    for (const size_t cut : {size_t{1}, size_t{4}, size_t{9}, size_t{20}, wire.size() - 1})
        CHECK_FALSE(span_of(std::string_view(wire).substr(0, cut), 9, UINT64_MAX));
}

}  // namespace zbridge::durable
