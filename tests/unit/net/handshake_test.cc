#include "bridge/net/zmtp/handshake.h"

#include <doctest/doctest.h>

#include "bridge/base/random.h"
#include "tests/unit/support/zmtp_bytes.h"

using namespace zbridge;
using namespace zbridge::testing::zmtp;
using net::zmtp::Claim;
using net::zmtp::Handshake;
using State = Handshake::State;

namespace {

const std::string kSignature = "\xff\0\0\0\0\0\0\0\1\x7f"s;
const std::string kOurGreetingRest =
    "\0NULL"s + std::string(16, '\0') + "\1"s + std::string(31, '\0');

struct Shaking {
    std::optional<Refusal> refusal;  // what admit answers
    std::vector<Claim> claims;
    Handshake handshake{"shop", [this](const Claim& claim) {
                            claims.push_back(claim);
                            return refusal;
                        }};
    std::string heard;  // what the peer gets

    // Gives it to the handshake in pieces of so many bytes; returns what it left over.
    std::string feed(const std::string& bytes, size_t piece = 1) {
        std::string waiting;
        for (size_t at = 0; at < bytes.size(); at += piece) {
            waiting += bytes.substr(at, piece);
            waiting.erase(0, handshake.feed(waiting));
            heard += std::exchange(handshake.out(), {});
        }
        return waiting;
    }
    Shaking() { heard += std::exchange(handshake.out(), {}); }
};

}  // namespace

TEST_CASE("signature and major version go out before the peer has said anything") {
    Shaking shaking;
    CHECK(shaking.heard == kSignature + "\3");
}

TEST_CASE(
    "a peer of ZMTP 3.0 is answered after it has said what it is, byte by byte as RFC 23 says") {
    for (const size_t piece : {1, 7, 1000}) {
        Shaking shaking;
        CHECK(shaking.feed(greeting(0), piece).empty());
        CHECK(shaking.heard == kSignature + "\3" + kOurGreetingRest);
        CHECK(shaking.heard.size() == 64);
        CHECK(shaking.handshake.state() == State::kGoing);
        shaking.heard.clear();
        CHECK(shaking.feed(ready("PUSH"), piece).empty());
        CHECK(shaking.handshake.state() == State::kDone);
        CHECK(shaking.heard == "\4\x2b\5READY\xbSocket-Type\0\0\0\4PULL\x8Identity\0\0\0\4shop"s);
        CHECK(shaking.handshake.claim().type == SocketType::kPush);
        CHECK_FALSE(shaking.handshake.speaks_3_1());
    }
}

TEST_CASE("a peer of ZMTP 3.1 is greeted with 3.0, and known to speak 3.1") {
    Shaking shaking;
    shaking.feed(greeting(1) + ready("SUB"));
    CHECK(shaking.handshake.state() == State::kDone);
    CHECK(shaking.heard.substr(10, 2) == "\3\0"s);
    CHECK(shaking.handshake.speaks_3_1());
    CHECK(shaking.handshake.minor() == 1);
}

TEST_CASE("a peer of a major version to come is spoken to as 3") {
    Shaking shaking;
    shaking.feed(greeting(0, "NULL", 4) + ready("SUB"));
    CHECK(shaking.handshake.state() == State::kDone);
}

TEST_CASE(
    "a peer of ZMTP 2.0 gets the socket type and an identity frame, byte by byte as RFC 15 says") {
    for (const char revision : {'\1', '\2'}) {
        Shaking shaking;
        shaking.feed(kSignature + revision);
        CHECK(shaking.heard == kSignature + "\3");  // the type is said after theirs
        shaking.feed("\3");
        CHECK(shaking.heard == kSignature + "\3" + "\6" + "\0\4shop"s);
        CHECK(shaking.handshake.state() == State::kGoing);
        CHECK(shaking.feed(frame("me")).empty());
        CHECK(shaking.handshake.state() == State::kDone);
        CHECK(shaking.handshake.claim().type == SocketType::kReq);
        CHECK(shaking.handshake.claim().identity == "me");
        CHECK(shaking.handshake.major() == 2);
        CHECK_FALSE(shaking.handshake.speaks_3_1());
    }
}

TEST_CASE("each type is answered with its counterpart") {
    const std::vector<std::pair<std::string, std::string>> pairs = {
        {"REQ", "ROUTER"}, {"REP", "DEALER"}, {"DEALER", "ROUTER"}, {"ROUTER", "DEALER"},
        {"PUSH", "PULL"},  {"PULL", "PUSH"},  {"PUB", "XSUB"},      {"XPUB", "XSUB"},
        {"SUB", "XPUB"},   {"XSUB", "XPUB"}};
    for (const auto& [theirs, ours] : pairs) {
        Shaking shaking;
        shaking.feed(greeting() + ready(theirs));
        CHECK(shaking.heard.substr(64) == ready(ours, "shop"));
    }
}

TEST_CASE("ZMTP 1.0 is refused, in both forms of its greeting") {
    for (const std::string& bytes :
         {"\1\0"s, "\5\0idid"s, "\xff\0\0\0\0\0\0\1\0\0"s, kSignature + "\0"s}) {
        Shaking shaking;
        shaking.feed(bytes);
        CHECK(shaking.handshake.state() == State::kRefused);
        CHECK(shaking.handshake.why() == Refusal::kVersion);
        CHECK(shaking.heard == kSignature + "\3");
    }
}

TEST_CASE("a mechanism that is not served is refused by its name") {
    for (const char* mechanism :
         {"PLAIN", "CURVE", "GSSAPI", "null", "NULLX", "", "01234567890123456789"}) {
        Shaking shaking;
        shaking.feed(greeting(0, mechanism));
        CHECK(shaking.handshake.why() == Refusal::kMechanism);
        CHECK(shaking.handshake.detail().find(mechanism) != std::string::npos);
        CHECK(shaking.claims.empty());
    }
}

TEST_CASE("whom the endpoint does not let in is told why in an ERROR, and gets no READY") {
    Shaking shaking;
    shaking.refusal = Refusal::kWrongType;
    shaking.feed(greeting() + ready("SUB"), 1000);
    CHECK(shaking.handshake.state() == State::kRefused);
    CHECK(shaking.handshake.claim().type == SocketType::kSub);
    CHECK(shaking.heard.substr(64) == command("ERROR", "\xawrong_type"));
}

TEST_CASE("a type that ZMTP does not know, or a draft, is refused by its name") {
    for (const std::string& type : {"CLIENT"s, "RADIO"s, "PAIR"s, ""s, std::string(60'000, 'T')}) {
        Shaking shaking;
        shaking.feed(greeting() + ready(type), 100'000);
        CHECK(shaking.handshake.why() == Refusal::kWrongType);
        CHECK(shaking.handshake.detail().find(type.substr(0, 100)) != std::string::npos);
        CHECK(shaking.handshake.detail().size() <= 300);
        CHECK(shaking.claims.empty());
    }
}

TEST_CASE("ZMTP 2.0 with a type that is none, or PAIR, is refused before anything is said") {
    for (const char type : {'\0', '\xb', '\xff'}) {
        Shaking shaking;
        shaking.feed(kSignature + "\1" + type);
        CHECK(shaking.handshake.why() == Refusal::kWrongType);
        CHECK(shaking.heard == kSignature + "\3");
    }
}

TEST_CASE("a peer that refuses us is heard") {
    Shaking shaking;
    shaking.feed(greeting() + command("ERROR", "\4nope"));
    CHECK(shaking.handshake.state() == State::kRefused);
    CHECK(shaking.handshake.detail() == "the peer refused us: nope");
}

TEST_CASE("READY is read whatever else its metadata holds, in any order and case") {
    Shaking shaking;
    std::string data = property("X-Mine", std::string(300, 'x')) + property("IDENTITY", "a\0b"s) +
                       property("socket-TYPE", "dealer") + property("Resource", "");
    shaking.feed(greeting() + command("READY", data));
    REQUIRE(shaking.handshake.state() == State::kDone);
    CHECK(shaking.handshake.claim().type == SocketType::kDealer);
    CHECK(shaking.handshake.claim().identity == "a\0b"s);
}

TEST_CASE("a READY with Socket-Type alone is enough") {
    Shaking shaking;
    shaking.feed(greeting() + command("READY", property("Socket-Type", "PUSH")));
    CHECK(shaking.handshake.state() == State::kDone);
    CHECK(shaking.handshake.claim().identity.empty());
}

TEST_CASE("an identity of 255 bytes is taken, a longer one refused") {
    for (const size_t bytes : {255, 256}) {
        Shaking shaking;
        shaking.feed(greeting() + ready("DEALER", std::string(bytes, 'i')), 1000);
        CHECK((shaking.handshake.state() == State::kDone) == (bytes == 255));
    }
    Shaking shaking;
    shaking.feed(kSignature + "\1\5" + frame(std::string(256, 'i')), 1000);
    CHECK(shaking.handshake.state() == State::kRefused);
}

TEST_CASE("anything but READY is refused") {
    const std::vector<std::string> wrong = {ping(),
                                            command("READY", "\1a\0\0\0\xff"s),
                                            command("", ""),
                                            frame("hello"),
                                            "\0"s,
                                            "\1"s,
                                            command("SUBSCRIBE", "a"),
                                            "\4\0"s,
                                            "\xff"s,
                                            command("HELLO", std::string(100, '\0'))};
    for (const std::string& bytes : wrong) {
        Shaking shaking;
        shaking.feed(greeting() + bytes, 1000);
        CHECK(shaking.handshake.state() == State::kRefused);
        CHECK(shaking.claims.empty());
    }
}

TEST_CASE("a handshake that never ends is refused for its length") {
    Shaking shaking;
    shaking.feed(greeting() + "\6\0\0\0\0\0\1\0\0"s, 1000);
    CHECK(shaking.handshake.state() == State::kRefused);
}

TEST_CASE("what follows the handshake is left alone") {
    Shaking shaking;
    CHECK(shaking.feed(greeting() + ready("PUSH") + frame("first"), 1000) == frame("first"));
    Shaking old;
    CHECK(old.feed(kSignature + "\1\x8" + frame("") + frame("first"), 1000) == frame("first"));
}

TEST_CASE("no bytes at all make a peer that was not asked about") {
    SeededRandom random(3);
    const std::string good = greeting(1) + ready("PUSH", "id");
    for (int run = 0; run < 20000; run++) {
        std::string bytes = good;
        for (uint64_t changes = random.below(4); changes > 0; changes--) {
            bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
        }
        Shaking shaking;
        shaking.feed(bytes, 1 + random.below(bytes.size()));
        REQUIRE((shaking.handshake.state() == State::kDone) == (shaking.claims.size() == 1));
    }
}
