#include "bridge/cli/message_frames.h"

#include "bridge/protocol/settle_header.h"

using namespace zbridge;
using cli::MessageFrames;

TEST_CASE("messages become a block, and are read out of it again") {
    std::string block;
    const std::vector<MessageFrames> messages{{"one"}, {"", "two", std::string(300, 'x')}, {""}};
    for (const MessageFrames& each : messages)
        cli::append_message(block, each);
    CHECK(block.substr(0, 7) == std::string("\x00\x03one\x01\x00", 7));
    CHECK(cli::messages_in(block) == messages);
    CHECK(cli::messages_in("")->empty());
    CHECK_FALSE(cli::messages_in(block.substr(0, block.size() - 1)));
    CHECK_FALSE(
        cli::messages_in("\x07"
                         "abc"));
}

TEST_CASE("frames are shown one a line, as they are or as a terminal may see them") {
    CHECK(cli::frames_text({"a b", "\x1b[2J"}, false) == "a b\n\x1b[2J\n");
    CHECK(cli::frames_text({"a b", "\x1b[2J"}, true) == "a b\n\\x1b[2J\n");
}

TEST_CASE("an id is 26 characters, of 16 octets and no others") {
    const std::string octets("\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x2a",
                             16);
    CHECK(cli::id_text(octets).size() == 26);
    CHECK(cli::id_text(octets, 1) > cli::id_text(octets));
    CHECK(cli::id_text(octets.substr(1)).empty());
}

TEST_CASE("a SETTLE is packed as the protocol's page has it") {
    const std::string token("\x01\x00\x02\x01", 4);
    const std::string packed = protocol::pack_settle("g", "ack", {{token, 2}}, 5);
    CHECK(packed == std::string("\x92\xa6SETTLE\x84\xa5group\xa1g\xa7verdict\xa3"
                                "ack\xa6ranges"
                                "\x91\x92\xc4\x04\x01\x00\x02\x01\x02\xa3ref\x05",
                                50));
}
