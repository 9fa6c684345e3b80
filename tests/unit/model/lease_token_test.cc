#include "bridge/model/lease_token.h"

#include <doctest/doctest.h>

#include <string>

using namespace zbridge;

namespace {

// Attempt 3, group 7, epoch 9; grant 1, offset 4711.
constexpr LeaseToken kToken{0x0203'0007'0000'0009, 0x0001'0000'0000'1267};

}  // namespace

TEST_CASE("a lease token has these golden bytes for ever") {
    const auto bytes = kToken.encode();
    CHECK(std::string(bytes.data(), bytes.size()) ==
          std::string("\x02\x03\x00\x07\x00\x00\x00\x09\x00\x01\x00\x00\x00\x00\x12\x67", 16));
    CHECK(LeaseToken::decode({bytes.data(), bytes.size()}) == kToken);
    CHECK(kToken.attempt() == 3);
}

TEST_CASE("a lease token is read as it was printed, and nothing else is") {
    const std::string text = kToken.text();
    CHECK(text.size() == 28);
    CHECK(text.substr(26) == ".3");
    CHECK(LeaseToken::parse(text) == kToken);

    CHECK_FALSE(LeaseToken::parse(text.substr(0, 26)));
    CHECK_FALSE(LeaseToken::parse(text.substr(0, 27)));
    CHECK_FALSE(LeaseToken::parse(text.substr(0, 26) + ".4"));
    CHECK_FALSE(LeaseToken::parse(text + "x"));
    CHECK_FALSE(LeaseToken::parse("10s"));
    CHECK_FALSE(LeaseToken::parse("U" + text.substr(1)));
    CHECK_FALSE(LeaseToken::parse(std::string(26, '0') + ".0"));
}

TEST_CASE("what is no lease token is told from one: length, kind") {
    const auto bytes = kToken.encode();
    const std::string whole(bytes.data(), bytes.size());
    CHECK_FALSE(LeaseToken::decode(whole.substr(1)));
    CHECK_FALSE(LeaseToken::decode(whole + "x"));
    CHECK_FALSE(LeaseToken::decode("\x01" + whole.substr(1)));
}

TEST_CASE("the token of a message behind another is the next one") {
    CHECK(kToken.behind(2).low == kToken.low + 2);
    CHECK(kToken.behind(2).high == kToken.high);
}
