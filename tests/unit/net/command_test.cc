#include "bridge/net/zmtp/command.h"

#include <doctest/doctest.h>

#include "tests/unit/support/zmtp_bytes.h"

using namespace zbridge::net::zmtp;
using namespace std::string_literals;
namespace bytes = zbridge::testing::zmtp;

TEST_CASE("the commands that the bridge says are, byte by byte, those of RFC 23 and 37") {
    CHECK(ready_frame("ROUTER", "shop") ==
          "\4\x2d\5READY\xbSocket-Type\0\0\0\6ROUTER\x8Identity\0\0\0\4shop"s);
    CHECK(error_frame("wrong_type") == "\4\x11\5ERROR\xawrong_type"s);
    CHECK(ping_frame(0x0102, "ab") == "\4\x9\4PING\1\2ab"s);
    CHECK(pong_frame("ab") == "\4\7\4PONGab"s);
    CHECK(pong_frame("") == "\4\5\4PONG"s);
    CHECK(subscription_message("news", true) == "\0\5\1news"s);
    CHECK(subscription_message("", false) == "\0\1\0"s);
}

TEST_CASE("a subscription of 255 bytes and more has a long frame") {
    const std::string prefix(255, 'p');
    CHECK(subscription_message(prefix, true) == "\2\0\0\0\0\0\0\1\0\1"s + prefix);
}

TEST_CASE("what the bridge says reads as what was meant") {
    const std::string said = ready_frame("PULL", "id");
    const auto ready = parse_command(std::string_view(said).substr(2));
    REQUIRE(ready);
    CHECK(ready->name == "READY");
    const auto properties = parse_properties(ready->data);
    REQUIRE(properties);
    CHECK(property(*properties, "socket-type") == "PULL");
    CHECK(property(*properties, "IDENTITY") == "id");
    CHECK(property(*properties, "Resource").empty());
    const std::string frame = ping_frame(300, "0123456789abcdef");
    const auto ping = parse_ping(parse_command(std::string_view(frame).substr(2))->data);
    REQUIRE(ping);
    CHECK(ping->ttl_tenths == 300);
    CHECK(ping->context == "0123456789abcdef");
}

TEST_CASE("an ERROR says at most 255 bytes") {
    const std::string frame = error_frame(std::string(400, 'e'));
    const auto command = parse_command(std::string_view(frame).substr(9));
    REQUIRE(command);
    CHECK(error_reason(command->data) == std::string(255, 'e'));
}

TEST_CASE("an ERROR's reason ends where its length says, or with the command") {
    CHECK(error_reason("\3abcdef") == "abc");
    CHECK(error_reason("\xff"
                       "abc") == "abc");
    CHECK(error_reason("").empty());
}

TEST_CASE("a command without a name is none") {
    CHECK_FALSE(parse_command(""));
    CHECK_FALSE(parse_command("\0"s));
    CHECK_FALSE(parse_command("\5REA"));
    CHECK(parse_command("\5READY"));
}

TEST_CASE("metadata whose lengths lead out of it is refused, at each of its bytes") {
    const std::string data = bytes::property("Socket-Type", "PUSH") + bytes::property("X-Mine", "");
    size_t wrong = 0;
    for (size_t have = 1; have < data.size(); have++)
        wrong += parse_properties(std::string_view(data).substr(0, have)) ? 0 : 1;
    CHECK(wrong == data.size() - 2);  // it may end behind its first property
    CHECK(parse_properties(data)->size() == 2);
    CHECK(parse_properties("")->empty());
    CHECK_FALSE(parse_properties("\0\0\0\0\0"s));
    CHECK_FALSE(parse_properties("\1a\xff\xff\xff\xff"s));
}

TEST_CASE("a PING has two octets of time to live, and a context of at most 16") {
    CHECK_FALSE(parse_ping(""));
    CHECK_FALSE(parse_ping("\0"s));
    CHECK(parse_ping("\0\0"s)->context.empty());
    CHECK(parse_ping("\xff\xff"s)->ttl_tenths == 65535);
    CHECK(parse_ping("\0\0"s + std::string(16, 'c')));
    CHECK_FALSE(parse_ping("\0\0"s + std::string(17, 'c')));
}
