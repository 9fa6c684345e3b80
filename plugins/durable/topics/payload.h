// What the records of topics carry: MSG, TOPIC, FLOOR, and notes. docs/JOURNAL.md shows the bytes.
//
// Little endian. A reader answers none where bytes are missing, or what they say is impossible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/durable/ids.h"
#include "plugins/durable/record.h"

namespace zbridge::durable {

// Of most payloads. A record of a later version is not understood: the start is refused.
inline constexpr uint8_t kPayloadVersion = 1;
// Of MOVED, where some of the offsets have no message any more.
inline constexpr uint8_t kMovedWithGaps = 2;
// Of TOPIC, where it carries options.
inline constexpr uint8_t kTopicWithSettings = 2;
// Of a note that was written again.
inline constexpr uint8_t kNoteAgain = 2;
constexpr bool is_note(RecordType type) {
    return type >= RecordType::kReq && type <= RecordType::kReplied;
}
constexpr uint8_t newest_version(RecordType type) {
    if (type == RecordType::kMoved || type == RecordType::kMovedShort) return kMovedWithGaps;
    if (is_note(type)) return kNoteAgain;
    return type == RecordType::kTopic ? kTopicWithSettings : kPayloadVersion;
}

// Messages of one topic that follow each other and have the same attributes:
//   u32 topic | u32 count | u32 frames | u32 attribute bytes | u64 first offset | u64 id epoch |
//   u64 first id sequence | i64 stored ms | attributes | the messages, as on the wire
struct MsgHead {
    static constexpr size_t kBytes = 48;
    // Its length is known when the record ends: a varint of 5 bytes, however small.
    static constexpr size_t kLengthBytes = 5;
    static constexpr size_t kRecordHeadBytes = kLengthBytes + 2 + kBytes;
    static constexpr uint64_t kPayloadBytesMax = (uint64_t{1} << 35) - 1;

    TopicId topic;
    uint32_t count = 0;
    uint32_t frames = 0;  // of all messages together
    uint32_t attribute_bytes = 0;
    Offset first;
    MessageId first_id;  // the next message's sequence is one more
    int64_t stored_ms = 0;

    Offset end() const { return first + count; }
};

struct Msg {
    MsgHead head;
    std::string_view attributes;
    std::string_view wire;
};

// The record's head and the payload's; returns where the attributes begin. `payload_bytes` are all,
// the head's with them.
char* write_msg_head(char* at, const MsgHead& head, uint64_t payload_bytes);
std::optional<Msg> read_msg(std::string_view payload);

// How a topic came to be; on the disk.
enum class Origin : uint8_t {
    kDeclared = 1,  // by the file
    kImplicit = 2,  // by a command, or by what needs it: dead letters, rejects
    kRemoved = 3,   // what it had is no longer there
};

enum class Durability : uint8_t { kFsync = 1, kOs = 2 };  // on the disk

// An option of a topic that no file says.
struct TopicSetting {
    // On the disk: a number is never given to another one.
    enum class Kind : uint8_t {
        kRetentionAge = 1,  // ms
        kRetentionSize = 2,
        kRetentionCount = 3,
        kDropUnread = 4,  // 1
        kKeep = 5,        // as Keep
        kMaxKeys = 6,
        kDedupWindow = 7,  // ms
        kDedupMax = 8,
        kMaxMessage = 9,
    };
    Kind kind{};
    int64_t value = 0;
    constexpr bool operator==(const TopicSetting&) const = default;
};

// A topic, as it is now:
//   u32 topic | u8 origin | u8 durability | u16 name bytes | u64 floor | u64 next offset | name
// Of version 2 its settings follow, each:   u8 kind | i64 value
struct TopicState {
    TopicId id;
    Origin origin = Origin::kDeclared;
    Durability durability = Durability::kFsync;
    Offset floor, next;
    std::string_view name;
    std::vector<TopicSetting> settings = {};

    uint8_t version() const { return settings.empty() ? kPayloadVersion : kTopicWithSettings; }
};

std::string write_topic(const TopicState& state);
std::optional<TopicState> read_topic(std::string_view payload, uint8_t version = kPayloadVersion);

// Messages of a topic that were copied from a segment that is to go; they replace those that were
// there of these offsets:
//   u32 topic | u32 count | u64 first offset | i64 stored ms | u64 bytes | their MSG records
// Of version 2 not each of the offsets has a message, perhaps none: newer ones of their keys are there.
struct MovedHead {
    static constexpr size_t kBytes = 32;

    TopicId topic;
    uint32_t count = 0;  // of offsets
    Offset first;
    int64_t stored_ms = 0;  // of the newest one
    uint64_t bytes = 0;     // of the messages, as they were published

    Offset end() const { return first + count; }
};

struct Moved {
    MovedHead head;
    std::string_view records;
};

std::string write_moved(const MovedHead& head, std::string_view records);
std::optional<Moved> read_moved(std::string_view payload, uint8_t version = kPayloadVersion);

// Nothing below it is kept:   u32 topic | u64 floor
struct Floor {
    TopicId topic;
    Offset floor;
};

std::string write_floor(const Floor& floor);
std::optional<Floor> read_floor(std::string_view payload);

// REQ, DISPATCH, REPLY, REPLIED, for the bridge:   u64 key | u8 closes | bytes
// Of version 2 `closes` is 2: what stands before it of this key counts no more, it is written again from
// here on.
struct Note {
    static constexpr size_t kHeadBytes = 9;

    uint64_t key = 0;
    bool closes = false;
    std::string_view bytes;
    bool again = false;

    uint8_t version() const { return again ? kNoteAgain : kPayloadVersion; }
};

std::string write_note(const Note& note);
std::optional<Note> read_note(std::string_view payload, uint8_t version = kPayloadVersion);

}  // namespace zbridge::durable
