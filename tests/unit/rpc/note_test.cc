// The bytes of notes: they are read by another life of the bridge, perhaps of another version.
#include "bridge/rpc/note.h"

#include <doctest/doctest.h>

#include "bridge/model/message.h"

using namespace zbridge;
using namespace zbridge::rpc;

namespace {

std::string hex(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char each : bytes) {
        text += kDigits[static_cast<uint8_t>(each) >> 4];
        text += kDigits[static_cast<uint8_t>(each) & 15];
    }
    return text;
}

std::string wire_of(const std::vector<std::string_view>& frames) {
    std::string wire;
    for (size_t i = 0; i < frames.size(); i++)
        append_frame(wire, frames[i], i + 1 < frames.size());
    return wire;
}

std::string some_request() {
    static const std::string wire = wire_of({"id", "", "body"});
    std::string bytes;
    write_note(RequestNote{.epoch = Epoch(0x01020304),
                           .dispatched = true,
                           .told_of_dispatch = true,
                           .delimited = true,
                           .joined = false,
                           .deadline_us = 0x1112131415161718,
                           .type = SocketType::kDealer,
                           .service = "work",
                           .endpoint = "clients",
                           .identity = "me",
                           .user = "alice",
                           .process = "12 34 boot",
                           .host = "tcp://127.0.0.1",
                           .envelope_bytes = 6,
                           .body_from = 4,
                           .wire = wire},
               bytes);
    return bytes;
}

}  // namespace

TEST_CASE("golden bytes: a request's note") {
    CHECK(hex(some_request()) ==
          "01070500"                                // version, flags, DEALER, reserved
          "04030201"                                // epoch
          "1817161514131211"                        // deadline
          "06000000000000000400000000000000"        // the envelope, where the empty frame begins
          "04000000776f726b"                        // service
          "07000000636c69656e7473"                  // endpoint
          "020000006d65"                            // routing id
          "05000000616c696365"                      // user
          "0a000000313220333420626f6f74"            // process
          "0f0000007463703a2f2f3132372e302e302e31"  // host
          "0102696401000004626f6479");              // the frames
    const std::string bytes = some_request();
    const auto note = read_request_note(bytes);
    REQUIRE(note.ok());
    CHECK(note->epoch == Epoch(0x01020304));
    CHECK((note->dispatched && note->told_of_dispatch && note->delimited && !note->joined));
    CHECK(note->deadline_us == 0x1112131415161718);
    CHECK(note->type == SocketType::kDealer);
    CHECK(note->service == "work");
    CHECK(note->endpoint == "clients");
    CHECK(note->identity == "me");
    CHECK(note->user == "alice");
    CHECK(note->process == "12 34 boot");
    CHECK(note->host == "tcp://127.0.0.1");
    CHECK(note->envelope_bytes == 6);
    CHECK(note->body_from == 4);
    CHECK(note->wire == wire_of({"id", "", "body"}));
}

TEST_CASE("golden bytes: the notes of a dispatch, a reply, and that it is replied") {
    std::string bytes;
    write_dispatch_note(3, bytes);
    CHECK(hex(bytes) == "0103");
    CHECK(read_dispatch_note(bytes).value() == 3);

    const std::string wire = wire_of({"", "done"});
    write_note(ReplyNote{.at_us = 0x0102030405060708, .body = 2, .wire = wire}, bytes);
    CHECK(hex(bytes) ==
          "010807060504030201"
          "0200000000000000"
          "01000004646f6e65");
    const auto reply = read_reply_note(bytes);
    REQUIRE(reply.ok());
    CHECK(reply->at_us == 0x0102030405060708);
    CHECK(reply->body == 2);
    CHECK(reply->wire == wire);

    write_replied_note(0x0102030405060708, bytes);
    CHECK(hex(bytes) == "010807060504030201");
    CHECK(read_replied_note(bytes).value() == 0x0102030405060708);
}

TEST_CASE("a note that is cut anywhere is damaged, and no byte behind it is looked at") {
    const std::string request = some_request();
    for (size_t size = 0; size < request.size(); size++) {
        const std::string cut = request.substr(0, size);
        CHECK_FALSE(read_request_note(cut).ok());
    }
    std::string reply;
    const std::string wire = wire_of({"", "done"});
    write_note(ReplyNote{.at_us = 1, .body = 2, .wire = wire}, reply);
    for (size_t size = 0; size < reply.size(); size++)
        CHECK_FALSE(read_reply_note(reply.substr(0, size)).ok());
    CHECK_FALSE(read_dispatch_note("\1").ok());
    CHECK_FALSE(read_replied_note("\1\2\3").ok());
}

TEST_CASE("a note of a newer zbridge is named as that") {
    std::string bytes = some_request();
    bytes[0] = 2;
    const auto note = read_request_note(bytes);
    REQUIRE_FALSE(note.ok());
    CHECK(note.error().message() ==
          "a request's note is of version 2, and this zbridge reads version 1");
}

TEST_CASE("a note whose frames do not fit together is damaged") {
    std::string bytes = some_request();
    SUBCASE("a frame is longer than the note") {
        bytes[bytes.size() - 5] = 5;
    }
    SUBCASE("the last frame says that another follows") {
        bytes[bytes.size() - 6] = 1;
    }
    SUBCASE("the envelope is all there is") {
        bytes[16] = 12;
    }
    SUBCASE("the socket type is none") {
        bytes[2] = 11;
    }
    CHECK_FALSE(read_request_note(bytes).ok());
}
