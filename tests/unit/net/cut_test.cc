#include "bridge/net/zmtp/cut.h"

#include <doctest/doctest.h>

#include "bridge/base/random.h"
#include "tests/unit/support/zmtp_bytes.h"

using namespace zbridge;
using namespace zbridge::testing::zmtp;
using net::PeerLimits;
using net::zmtp::Cut;
using net::zmtp::cut_next;
using net::zmtp::CutFrom;
using net::zmtp::take_out_commands;
using Kind = Cut::Kind;

namespace {

PeerLimits limits(uint64_t frame_bytes, uint64_t message_bytes = 1 << 20, uint32_t frames = 64) {
    PeerLimits limits;
    limits.frame_bytes_max = frame_bytes;
    limits.message_bytes_max = message_bytes;
    limits.frames_max = frames;
    return limits;
}

std::string long_frame(std::string_view body, char flags) {
    std::string bytes(1, flags);
    for (int shift = 56; shift >= 0; shift -= 8) {
        bytes += static_cast<char>(static_cast<uint64_t>(body.size()) >> shift);
    }
    return bytes.append(body);
}

// A header that claims a body, and nothing behind it.
std::string header(char flags, uint64_t length) {
    return long_frame({}, flags).replace(1, 8, [&] {
        std::string octets;
        for (int shift = 56; shift >= 0; shift -= 8)
            octets += static_cast<char>(length >> shift);
        return octets;
    }());
}

Refusal refusal_of(std::string_view bytes, const PeerLimits& limits = {}) {
    const Cut cut = cut_next(bytes, limits);
    REQUIRE(cut.kind == Kind::kRefused);
    return cut.refusal;
}

}  // namespace

TEST_CASE("a message is cut out with its frames counted, and no byte of what follows") {
    const std::string bytes = message({"topic", "", std::string(300, 'x')});
    const Cut cut = cut_next(bytes + "\0\1next"s, {});
    CHECK(cut.kind == Kind::kMessage);
    CHECK(cut.size == bytes.size());
    CHECK(cut.frames == 3);
}

TEST_CASE("an empty frame alone is a message") {
    const Cut cut = cut_next(frame(""), {});
    CHECK(cut.kind == Kind::kMessage);
    CHECK(cut.size == 2);
    CHECK(cut.frames == 1);
}

TEST_CASE("a short body in the long form is as good as in the short one") {
    const std::string bytes = long_frame("a", '\3') + long_frame("", '\2');
    const Cut cut = cut_next(bytes, {});
    CHECK(cut.kind == Kind::kMessage);
    CHECK(cut.size == bytes.size());
    CHECK(cut.frames == 2);
}

TEST_CASE(
    "a message that ends at any of its bytes says how many are needed at least, and never too "
    "many") {
    const std::string bytes = frame("ab", true) + frame(std::string(300, 'x'), true) + frame("");
    CutFrom from;
    for (size_t have = 0; have < bytes.size(); have++) {
        const std::string_view part = std::string_view(bytes).substr(0, have);
        for (const CutFrom& each : {CutFrom{}, from}) {
            const Cut cut = cut_next(part, {}, each);
            REQUIRE(cut.kind == Kind::kPartial);
            REQUIRE(cut.size > have);
            REQUIRE(cut.size <= bytes.size());
            from = cut.from;
        }
    }
    CHECK(from.at == bytes.size() - 2);
    CHECK(from.frames == 2);
    const Cut cut = cut_next(bytes, {}, from);
    CHECK(cut.kind == Kind::kMessage);
    CHECK(cut.frames == 3);
}

TEST_CASE("a command between messages is told with its body") {
    const std::string bytes = ping("ctx", 7);
    const Cut cut = cut_next(bytes + frame("next"), {});
    REQUIRE(cut.kind == Kind::kCommand);
    CHECK(cut.size == bytes.size());
    CHECK(std::string_view(bytes).substr(cut.command_body) == "\4PING\0\7ctx"s);
}

TEST_CASE("a command in the long form is a command") {
    const Cut cut = cut_next(long_frame("\4PING\0\0"s, '\6'), {});
    CHECK(cut.kind == Kind::kCommand);
    CHECK(cut.command_body == 9);
}

TEST_CASE(
    "commands between the frames of a message are taken out, and the message is as if they had not "
    "been") {
    std::string bytes =
        frame("a", true) + ping("1") + ping("2") + frame("b", true) + ping("3") + frame("c");
    const std::string behind = ping("behind") + frame("next");
    bytes += behind;
    Cut cut = cut_next(bytes, {});
    REQUIRE(cut.kind == Kind::kInterleaved);
    CHECK(cut.from.at == 3);
    std::vector<std::string> commands;
    const size_t left =
        take_out_commands(bytes.data(), bytes.size(), cut.from.at, [&](std::string_view body) {
            commands.emplace_back(body.substr(7));
            return true;
        });
    CHECK(std::string_view(bytes).substr(0, left) == message({"a", "b", "c"}) + behind);
    CHECK(commands == std::vector<std::string>{"1", "2", "3"});
    cut = cut_next({bytes.data(), left}, {}, cut.from);
    CHECK(cut.kind == Kind::kMessage);
    CHECK(cut.frames == 3);
}

TEST_CASE("commands are taken out of a message of which the end is still to come") {
    const std::string whole =
        frame("a", true) + ping("1") + frame("bbbb", true) + ping("2") + frame("c");
    for (size_t have = 3 + ping("1").size(); have < whole.size(); have++) {
        std::string bytes = whole.substr(0, have);
        size_t commands = 0;
        const size_t left = take_out_commands(bytes.data(), bytes.size(), 3, [&](std::string_view) {
            commands++;
            return true;
        });
        bytes.resize(left);
        REQUIRE(commands >= 1);
        bytes += whole.substr(have);
        const size_t again =
            take_out_commands(bytes.data(), bytes.size(), 3, [](std::string_view) { return true; });
        REQUIRE(bytes.substr(0, again) == message({"a", "bbbb", "c"}));
    }
}

TEST_CASE("whoever takes a command may end it") {
    std::string bytes = frame("a", true) + ping("1") + ping("2") + frame("b");
    size_t commands = 0;
    take_out_commands(bytes.data(), bytes.size(), 3, [&](std::string_view) {
        commands++;
        return false;
    });
    CHECK(commands == 1);
}

TEST_CASE("reserved flags are malformed, from their first byte on") {
    for (const unsigned bit : {8U, 16U, 32U, 64U, 128U}) {
        CHECK(refusal_of(std::string(1, static_cast<char>(bit))) == Refusal::kMalformed);
        CHECK(refusal_of(frame("a", true) + static_cast<char>(bit | 1U)) == Refusal::kMalformed);
    }
}

TEST_CASE("a command cannot have more to come") {
    CHECK(refusal_of("\5\1x"s) == Refusal::kMalformed);
}

TEST_CASE("a frame as large as allowed passes, one byte more is refused at its header") {
    CHECK(cut_next(header('\2', 1000), limits(1000)).kind == Kind::kPartial);
    CHECK(refusal_of(header('\2', 1001), limits(1000)) == Refusal::kTooLarge);
    CHECK(refusal_of("\0\5"s, limits(4)) == Refusal::kTooLarge);
}

TEST_CASE("lengths that lead out of this world are refused") {
    for (const uint64_t length :
         {~uint64_t{0}, ~uint64_t{0} - 8, uint64_t{1} << 63, uint64_t{1} << 32}) {
        CHECK(refusal_of(header('\2', length)) == Refusal::kTooLarge);
        CHECK(refusal_of(header('\6', length)) == Refusal::kTooLarge);
        CHECK(refusal_of(frame("a", true) + header('\2', length)) == Refusal::kTooLarge);
    }
}

TEST_CASE("a message as large as allowed passes with its headers, one byte more is refused") {
    const std::string bytes = message({std::string(50, 'x'), std::string(46, 'y')});  // 100 bytes
    CHECK(cut_next(bytes, limits(100, 100)).kind == Kind::kMessage);
    CHECK(refusal_of(bytes, limits(100, 99)) == Refusal::kTooLarge);
    CHECK(refusal_of(bytes.substr(0, 54), limits(100, 99)) == Refusal::kTooLarge);
}

TEST_CASE("as many frames as allowed pass, one more is refused as soon as it begins") {
    std::string bytes;
    for (int i = 0; i < 4; i++)
        bytes += frame("", true);
    CHECK(refusal_of(bytes + frame(""), limits(10, 1000, 4)) == Refusal::kTooManyFrames);
    CHECK(refusal_of(bytes + "\0\1"s, limits(10, 1000, 4)) == Refusal::kTooManyFrames);
    CHECK(cut_next(bytes + frame(""), limits(10, 1000, 5)).kind == Kind::kMessage);
}

TEST_CASE("a command between frames counts for no limit of the message") {
    const std::string bytes = frame("a", true) + ping("0123456789abcdef");
    CHECK(cut_next(bytes, limits(1, 6, 2)).kind == Kind::kInterleaved);
}

TEST_CASE("a command above 64 KiB is refused") {
    CHECK(cut_next(header('\6', 64 * 1024), {}).kind == Kind::kPartial);
    CHECK(refusal_of(header('\6', 64 * 1024 + 1)) == Refusal::kTooLarge);
}

TEST_CASE("any bytes are cut alike, whole or in pieces") {
    SeededRandom random(11);
    for (int run = 0; run < 3000; run++) {
        std::string bytes;
        while (bytes.size() < 60) {
            switch (random.below(4)) {
                case 0:
                    bytes += ping(std::string(random.below(5), 'p'));
                    break;
                case 1:
                    bytes += static_cast<char>(random.below(256));
                    break;
                default:
                    bytes += frame(std::string(random.below(8), 'f'), random.below(2) == 0);
            }
        }
        const Cut whole = cut_next(bytes, limits(6, 40, 4));
        CutFrom from;
        for (size_t have = 0; have <= bytes.size(); have++) {
            const Cut cut =
                cut_next(std::string_view(bytes).substr(0, have), limits(6, 40, 4), from);
            if (cut.kind == Kind::kPartial) {
                REQUIRE(cut.size > have);
                from = cut.from;
                continue;
            }
            REQUIRE(cut.kind == whole.kind);
            REQUIRE(cut.size == whole.size);
            REQUIRE(cut.frames == whole.frames);
            REQUIRE((cut.kind != Kind::kRefused || cut.refusal == whole.refusal));
            break;
        }
    }
}

TEST_CASE("what has been looked at is not looked at again") {
    const std::string bytes = "\xff\xff\xff" + frame("b");
    const Cut cut = cut_next(bytes, {}, {3, 1});
    CHECK(cut.kind == Kind::kMessage);
    CHECK(cut.frames == 2);
}
