#include "bridge/protocol/command.h"

#include <doctest/doctest.h>

#include "bridge/protocol/limits.h"
#include "bridge/protocol/message_block.h"
#include "bridge/protocol/msgpack_reader.h"
#include "tests/unit/protocol/said.h"

using namespace zbridge;
using namespace zbridge::protocol;
using zbridge::testing::Said;

namespace {

constexpr std::string_view kCannotBeRead = "a header that cannot be read";

std::string problem(const Said& said) {
    return read_command(said.packed()).problem;
}
std::string problem(std::string_view bytes) {
    return read_command(bytes).problem;
}

std::string nested(size_t levels) {
    return std::string("\xa1x", 2) + std::string(levels, '\x91') + '\xc0';
}

}  // namespace

TEST_CASE("garbage is no header") {
    CHECK(problem("") == kCannotBeRead);
    CHECK(problem("hello") == kCannotBeRead);
    CHECK(problem("\xc1") == kCannotBeRead);
    CHECK(problem(std::string("\x93\xa3"
                              "BYE"
                              "\x80\x00",
                              7)) == kCannotBeRead);  // a list of three
    CHECK(problem("\x92\xa3"
                  "BYE") == kCannotBeRead);                                // cut off
    CHECK(problem(Said("BYE").packed() + "x") == kCannotBeRead);           // something behind it
    CHECK(problem(Said("BYE").raw("\x01\x02")) == kCannotBeRead);          // a key that is no text
    CHECK(problem(Said("BYE").raw("\xa2\xff\xfe\x01")) == kCannotBeRead);  // nor UTF-8
    CHECK(problem(Said("BYE")) == "");
}

TEST_CASE("a size that nothing stands behind is refused before anything is made of it") {
    using namespace std::string_view_literals;
    for (const std::string_view bytes :
         {"\xdd\xff\xff\xff\xff"sv, "\xdf\xff\xff\xff\xff"sv, "\x92\xdb\xff\xff\xff\xff"sv,
          "\x92\xa3"
          "BYE\xdf\x7f\xff\xff\xff"sv})
        CHECK(problem(bytes) == kCannotBeRead);
    CHECK(problem(Said("SETTLE").raw("\xa6ranges\xdd\xff\xff\xff\xff"sv)) ==
          "SETTLE: `ranges` is not of its type, or beyond its limits");
    CHECK(problem(Said("PUBLISH").raw("\xaa"
                                      "attributes\xdd\x00\xff\xff\xff"sv)) ==
          "PUBLISH: `attributes` is not of its type, or beyond its limits");
    CHECK(problem(std::string(kHeaderBytesMax + 1, '\x92')) ==
          "a header of more than 1048576 octets");
}

TEST_CASE("maps and lists nest so deep and no deeper") {
    CHECK(problem(Said("BYE").raw(nested(kNestingMax - 2))) == "");
    CHECK(problem(Said("BYE").raw(nested(kNestingMax - 1))) == kCannotBeRead);
    CHECK(problem(Said("BYE").raw(nested(100'000))) == kCannotBeRead);
}

TEST_CASE("what is not known is skipped, whatever its type") {
    using namespace std::string_view_literals;
    for (const std::string_view value :
         {"\xc0"sv, "\xc2"sv, "\x7f"sv, "\xff"sv, "\xd0\x80"sv, "\xd3\x80\0\0\0\0\0\0\0"sv,
          "\xcf\1\2\3\4\5\6\7\x08"sv, "\xca\0\0\0\0"sv, "\xcb\0\0\0\0\0\0\0\0"sv, "\xa2hi"sv,
          "\xd9\x02hi"sv, "\xc4\x02hi"sv, "\xd4\x01x"sv, "\xd8\x01xxxxxxxxxxxxxxxx"sv,
          "\xc7\x02\x01hi"sv, "\xc9\0\0\0\x02\x01hi"sv, "\x82\xa1k\x01\xa1l\x92\x01\x02"sv,
          "\x90"sv, "\x80"sv}) {
        CAPTURE(value);
        const auto read = read_command(Said("CREDIT")
                                           .raw("\xa1x" + std::string(value))
                                           .with("sub", 1)
                                           .with("credit", 2)
                                           .packed());
        CHECK(read.problem == "");
        CHECK(read.command.credit == 2);
    }
    const std::string dance = Said("DANCE").with("ref", 5).with("sub", 6).packed();
    const auto unknown = read_command(dance);
    CHECK(unknown.ok());
    CHECK(unknown.command.verb == Verb::kUnknown);
    CHECK(unknown.command.name == "DANCE");
    CHECK(unknown.command.ref == 5U);
    // What another command has is not known here, and may be of any type.
    CHECK(problem(Said("HEARTBEAT").with("ref", std::string("any"))) == "");
}

TEST_CASE("a field that is missing, of another type, or there twice") {
    CHECK(problem(Said("CREDIT").with("sub", 1)) == "CREDIT without `credit`");
    CHECK(problem(Said("CREDIT").raw("\xa3sub\xc0").with("credit", 1)) == "CREDIT without `sub`");
    CHECK(problem(Said("CREDIT").with("sub", -1).with("credit", 1)) ==
          "CREDIT: `sub` is not of its type, or beyond its limits");
    CHECK(problem(Said("CREDIT").with("sub", uint64_t{1} << 32).with("credit", 1)) ==
          "CREDIT: `sub` is not of its type, or beyond its limits");
    CHECK(problem(Said("CREDIT").with("sub", 1.5).with("credit", 1)) ==
          "CREDIT: `sub` is not of its type, or beyond its limits");
    CHECK(problem(Said("CREDIT").with("sub", 1).with("sub", 1).with("credit", 1)) ==
          "CREDIT: `sub` stands twice");
    CHECK(problem(Said("SUBSCRIBE").with("sub", 1).with("credit", 1)) ==
          "SUBSCRIBE without `group`");
    CHECK(problem(Said("SUBSCRIBE")
                      .with("sub", 1)
                      .with("credit", 1)
                      .with("topic", std::string("t"))
                      .with("group", std::string("g"))) ==
          "SUBSCRIBE: a `group`, a `topic`, a `service` or `checks`, one of them");
    CHECK(problem(Said("SUBSCRIBE").with("sub", 1).with("group", std::string("g"))) ==
          "SUBSCRIBE without `credit`");
    CHECK(problem(Said("HELLO").with("versions", std::vector<int>(17, 1))) ==
          "HELLO: `versions` is not of its type, or beyond its limits");
    CHECK(
        problem(Said("HELLO").with("versions", std::vector<int>{1}).with("name", std::string())) ==
        "HELLO: `name` is not of its type, or beyond its limits");
    CHECK(problem(Said("HELLO")
                      .with("versions", std::vector<int>{1})
                      .with("name", std::string(201, 'x'))) ==
          "HELLO: `name` is not of its type, or beyond its limits");
    // Signed forms of numbers are numbers.
    CHECK(problem(Said("CREDIT").raw(std::string("\xa3sub\xd1\x00\x05", 7)).with("credit", 1)) ==
          "");
}

TEST_CASE("a PUBLISH says what is in its block") {
    const auto publish = [](uint64_t seq, uint64_t count) {
        return Said("PUBLISH")
            .with("topic", std::string("a"))
            .with("seq", seq)
            .with("count", count);
    };
    CHECK(problem(publish(1, 1)) == "");
    CHECK(problem(publish(0, 1)) == "PUBLISH: `seq` is not from 1 on");
    CHECK(problem(publish(UINT64_MAX, 1)) == "PUBLISH: `seq` is not from 1 on");
    CHECK(problem(publish(1, 0)) == "PUBLISH: `count` is not 1 to 10000");
    CHECK(problem(publish(1, 10'001)) == "PUBLISH: `count` is not 1 to 10000");
    CHECK(problem(publish(1, 2).with("attributes", std::vector<int>(1, 1))) ==
          "PUBLISH: `attributes` is not of its type, or beyond its limits");
    CHECK(problem(publish(1, 2).raw("\xaa"
                                    "attributes\x91\xc0")) ==
          "PUBLISH: `attributes` are not as many as `count` says");
    CHECK(problem(publish(1, 1).raw("\xaa"
                                    "attributes\x91\x81\xa2id\xc0")) == "");
}

TEST_CASE("tokens that are none") {
    const auto settle = [](std::string_view range) {
        return problem(Said("SETTLE")
                           .with("group", std::string("g"))
                           .with("verdict", std::string("ack"))
                           .raw("\xa6ranges\x91" + std::string(range)));
    };
    const std::string token = "\xc4\x10\x02" + std::string(15, '\0');
    CHECK(settle("\x92" + token + "\x01") == "");
    const std::string wrong = "SETTLE: `ranges` is not of its type, or beyond its limits";
    CHECK(settle("\x92" + token + std::string(1, '\0')) == wrong);  // none of them
    CHECK(settle("\x92\xc4\x10\x01" + std::string(15, '\0') + "\x01") == wrong);
    CHECK(settle(std::string("\x92\xc4\x0f\x02") + std::string(14, '\0') + "\x01") == wrong);
    CHECK(settle("\x91" + token) == wrong);
    CHECK(settle("\x93" + token + "\x01\x01") == wrong);
}

TEST_CASE("a block is whole messages, or none") {
    using namespace std::string_view_literals;
    CHECK(count_messages(""sv) == 0U);
    CHECK(count_messages("\0\x02hi\0\0"sv) == 2U);
    CHECK(count_messages("\1\x02hi\0\0"sv) == 1U);
    CHECK(count_messages("\2\0\0\0\0\0\0\0\x02hi"sv) == 1U);
    for (const std::string_view bad :
         {"\0"sv, "\0\x03hi"sv, "\1\x02hi"sv, "\4\x02hi"sv, "\x80\0"sv, "\2\0\0\0\0\0\0\0"sv,
          "\2\xff\xff\xff\xff\xff\xff\xff\xffhi"sv, "\0\x02hi\0"sv})
        CHECK_FALSE(count_messages(bad));
}
