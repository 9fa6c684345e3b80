#include "plugins/durable/topics/payload.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <string>

#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/short_body.h"
#include "plugins/durable/topics/topic_settings.h"
#include "tests/unit/plugins/durable/bytes_text.h"

namespace zbridge::durable {

namespace {

std::string msg_record() {
    MsgHead head;
    head.topic = TopicId(7);
    head.count = 2;
    head.frames = 3;
    head.attribute_bytes = 4;
    head.first = {0x0102};
    head.first_id = {5, 0x0304};
    head.stored_ms = 1'700'000'000'000;
    std::string record(MsgHead::kRecordHeadBytes, '\0');
    const char* const end = write_msg_head(record.data(), head, MsgHead::kBytes + 4 + 6);
    CHECK(end == record.data() + record.size());
    return record + "attr" + "wirewi";
}

}  // namespace

TEST_CASE("the bytes of a MSG record are these") {
    CHECK(msg_record() == bytes_of("ba 80 80 80 00 | 01 | 01 |"
                                   "07 00 00 00 | 02 00 00 00 | 03 00 00 00 | 04 00 00 00 |"
                                   "02 01 00 00 00 00 00 00 |"
                                   "05 00 00 00 00 00 00 00 | 04 03 00 00 00 00 00 00 |"
                                   "00 68 e5 cf 8b 01 00 00 |"
                                   "61 74 74 72 | 77 69 72 65 77 69"));
}

TEST_CASE("a MSG record reads back") {
    const std::string bytes = msg_record();
    const auto record = record_at(bytes, 0);
    REQUIRE(record);
    CHECK(record->type == RecordType::kMsg);
    CHECK(record->end == bytes.size());
    const auto msg = read_msg(record->payload);
    REQUIRE(msg);
    CHECK(msg->head.topic == TopicId(7));
    CHECK(msg->head.count == 2);
    CHECK(msg->head.frames == 3);
    CHECK(msg->head.first == Offset{0x0102});
    CHECK(msg->head.first_id == MessageId{5, 0x0304});
    CHECK(msg->head.stored_ms == 1'700'000'000'000);
    CHECK(msg->attributes == "attr");
    CHECK(msg->wire == "wirewi");
}

TEST_CASE("the length of a MSG record is written for any that can be") {
    for (const uint64_t bytes : {uint64_t{48}, uint64_t{1} << 20, MsgHead::kPayloadBytesMax}) {
        char record[MsgHead::kRecordHeadBytes];
        write_msg_head(record, {}, bytes);
        std::string_view rest(record, sizeof(record));
        CHECK(take_varint(rest) == bytes);
        CHECK(rest.size() == sizeof(record) - MsgHead::kLengthBytes);
    }
}

TEST_CASE("the bytes of TOPIC, FLOOR and notes are these, and read back") {
    const std::string topic =
        write_topic({TopicId(3), Origin::kImplicit, Durability::kOs, {0x10}, {0x2000}, "ab"});
    CHECK(topic == bytes_of("03 00 00 00 | 02 | 02 | 02 00 | 10 00 00 00 00 00 00 00 |"
                            "00 20 00 00 00 00 00 00 | 61 62"));
    const auto state = read_topic(topic);
    REQUIRE(state);
    CHECK(state->id == TopicId(3));
    CHECK(state->origin == Origin::kImplicit);
    CHECK(state->durability == Durability::kOs);
    CHECK(state->floor == Offset{0x10});
    CHECK(state->next == Offset{0x2000});
    CHECK(state->name == "ab");

    const std::string floor = write_floor({TopicId(3), {0x1234}});
    CHECK(floor == bytes_of("03 00 00 00 | 34 12 00 00 00 00 00 00"));
    const auto risen = read_floor(floor);
    REQUIRE(risen);
    CHECK(risen->topic == TopicId(3));
    CHECK(risen->floor == Offset{0x1234});

    const std::string note = write_note({0x0807, true, "xy"});
    CHECK(note == bytes_of("07 08 00 00 00 00 00 00 | 01 | 78 79"));
    const auto read = read_note(note);
    REQUIRE(read);
    CHECK(read->key == 0x0807);
    CHECK(read->closes);
    CHECK(read->bytes == "xy");

    const Note again{0x0807, false, "xy", true};
    CHECK(again.version() == kNoteAgain);
    CHECK(write_note(again) == bytes_of("07 08 00 00 00 00 00 00 | 02 | 78 79"));
    CHECK(read_note(write_note(again), kNoteAgain)->again);
    CHECK_FALSE(read_note(write_note(again)));
}

TEST_CASE("docs/JOURNAL.md shows what topics write") {
    std::ifstream file(ZBRIDGE_SOURCE_DIR "/docs/JOURNAL.md");
    const std::string document((std::istreambuf_iterator<char>(file)),
                               std::istreambuf_iterator<char>());
    // Sixteen a line, behind their offset.
    const auto shows = [&](const std::string& bytes) {
        std::string text;
        for (size_t at = 0; at < bytes.size(); at += 16) {
            text += fmt::format("{:4}", at);
            for (const char c : bytes.substr(at, 16))
                text += fmt::format(" {:02x}", static_cast<uint8_t>(c));
            text += '\n';
        }
        const bool shown = document.find("```\n" + text + "```\n") != std::string::npos;
        if (!shown) MESSAGE("docs/JOURNAL.md does not show:\n", text);
        return shown;
    };
    zb_attributes given{};
    given.tag = {"t", 1};
    std::string attributes;
    encode_attributes(given, attributes);
    MsgHead head;
    head.topic = TopicId(7);
    head.count = head.frames = 2;
    head.attribute_bytes = static_cast<uint32_t>(attributes.size());
    head.first = {258};
    head.first_id = {5, 0x0304};
    head.stored_ms = 1'700'000'000'000;
    const std::string wire("\0\1a\0\1b", 6);
    std::string msg(MsgHead::kRecordHeadBytes, '\0');
    write_msg_head(msg.data(), head, MsgHead::kBytes + attributes.size() + wire.size());
    CHECK(shows(msg + attributes + wire));
    std::string shortened;
    shorten(msg + attributes + wire, shortened);
    CHECK(shows(shortened));

    std::string others;
    append_record(
        others, RecordType::kTopic, kPayloadVersion,
        write_topic({TopicId(3), Origin::kImplicit, Durability::kOs, {0x10}, {0x2000}, "ab"}));
    append_record(others, RecordType::kFloor, kPayloadVersion, write_floor({TopicId(3), {0x1234}}));
    append_record(others, RecordType::kReplied, kPayloadVersion, write_note({2055, true, "xy"}));
    CHECK(shows(others));
    const TopicState set{TopicId(3),
                         Origin::kImplicit,
                         Durability::kOs,
                         {0x10},
                         {0x2000},
                         "ab",
                         {{TopicSetting::Kind::kRetentionAge, 72 * 3'600'000}}};
    std::string with_settings;
    append_record(with_settings, RecordType::kTopic, set.version(), write_topic(set));
    CHECK(shows(with_settings));
}

TEST_CASE("the bytes of MOVED are these, and read back") {
    const std::string bytes = write_moved({TopicId(3), 2, {0x10}, 0x2000, 0x30}, "records");
    CHECK(bytes == bytes_of("03 00 00 00 | 02 00 00 00 | 10 00 00 00 00 00 00 00 |"
                            "00 20 00 00 00 00 00 00 | 30 00 00 00 00 00 00 00 |"
                            "72 65 63 6f 72 64 73"));
    const auto moved = read_moved(bytes);
    REQUIRE(moved);
    CHECK(moved->head.topic == TopicId(3));
    CHECK(moved->head.end() == Offset{0x12});
    CHECK(moved->head.stored_ms == 0x2000);
    CHECK(moved->head.bytes == 0x30);
    CHECK(moved->records == "records");
    for (size_t cut = 0; cut <= MovedHead::kBytes; cut++)
        CHECK_FALSE(read_moved(std::string_view(bytes).substr(0, cut)));
    // Of version 2 no message may be left.
    const std::string_view head = std::string_view(bytes).substr(0, MovedHead::kBytes);
    CHECK(read_moved(head, kMovedWithGaps));
    CHECK_FALSE(read_moved(head.substr(1), kMovedWithGaps));
}

TEST_CASE("a topic's options are what its record says") {
    TopicOptions options;
    CHECK(settings_of(options).empty());
    options.retention = {72'000, 1 << 20, 77, false};
    options.keep = Keep::kLastPerKey;
    options.keys_max = 5;
    options.dedup = {60'000, 6};
    options.message_bytes_max = uint64_t{1} << 33;
    TopicState state{TopicId(3), Origin::kImplicit, {}, {1}, {2}, "name", settings_of(options)};
    state.durability = Durability::kFsync;
    CHECK(state.version() == kTopicWithSettings);
    const std::string bytes = write_topic(state);
    const auto read = read_topic(bytes, state.version());
    REQUIRE(read);
    CHECK(read->name == "name");
    CHECK(read->settings == state.settings);
    CHECK(options_of(read->settings) == options);
    CHECK_FALSE(read_topic(bytes));  // of version 1 nothing follows the name
    for (size_t cut = 1; cut < 9; cut++)
        CHECK_FALSE(read_topic(std::string_view(bytes).substr(0, bytes.size() - cut), 2));

    CHECK_FALSE(options_of({{static_cast<TopicSetting::Kind>(99), 1}}));
    CHECK_FALSE(options_of({{TopicSetting::Kind::kRetentionSize, 0}}));
    CHECK_FALSE(options_of({{TopicSetting::Kind::kMaxKeys, int64_t{1} << 40}}));
    CHECK_FALSE(options_of({{TopicSetting::Kind::kKeep, 3}}));
}

TEST_CASE("a payload that is cut off, or says what cannot be, is none") {
    const std::string topic =
        write_topic({TopicId(3), Origin::kDeclared, Durability::kFsync, {1}, {2}, "name"});
    for (size_t cut = 0; cut < topic.size(); cut++)
        CHECK_FALSE(read_topic(std::string_view(topic).substr(0, cut)));
    CHECK_FALSE(read_topic(topic + "x"));
    std::string wrong = topic;
    wrong[4] = 9;  // its origin
    CHECK_FALSE(read_topic(wrong));
    CHECK_FALSE(read_topic(
        write_topic({TopicId(3), Origin::kDeclared, Durability::kFsync, {2}, {1}, "name"})));

    const std::string msg = msg_record().substr(7);
    for (size_t cut = 0; cut < MsgHead::kBytes + 4; cut++)
        CHECK_FALSE(read_msg(std::string_view(msg).substr(0, cut)));
    std::string none = msg;
    none[4] = 0;  // its count
    CHECK_FALSE(read_msg(none));

    for (size_t cut = 0; cut < 12; cut++)
        CHECK_FALSE(read_floor(std::string(cut, 'x')));
    for (size_t cut = 0; cut < Note::kHeadBytes; cut++)
        CHECK_FALSE(read_note(std::string(cut, '\0')));
    CHECK_FALSE(read_note(std::string(8, '\0') + '\2'));
}

}  // namespace zbridge::durable
