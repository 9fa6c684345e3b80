// A batch's body without its messages: what a digest keeps of it, and how both read the same.
//
// A record that is neither MSG nor MOVED stays as it is. The payloads of the others, numbers as
// varints where nothing else is said:
//
//   MSG_SHORT    position of the MSG in the body | bytes of its messages | topic | count | frames |
//                first offset | id epoch | first sequence | stored ms |
//                u8: 0 the attributes follow, 1 how many bytes they have, and of them only the
//                producer's id, the first key and the target | attributes
//   MOVED_SHORT  position of its records in the body | MovedHead::kBytes of it | MSG_SHORT records
//   STOOD_AT     position of the record behind this one, which is a note, in the body
//
// Limits:  attributes above kAttributesMax are not kept, but for what is named above: the rest must
//          be read from the segment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/durable/topics/payload.h"

namespace zbridge::durable {

inline constexpr size_t kAttributesMax = 1024;

void shorten(std::string_view body, std::string& into);

// What MSG and MSG_SHORT tell.
struct SeenMsg {
    MsgHead head;  // attribute_bytes: of those that are here
    std::string_view attributes;
    uint64_t attribute_bytes = 0;  // as they were written
    bool attributes_cut = false;   // not all of them are here
    uint64_t wire_bytes = 0;       // of the messages
    uint64_t position = 0;         // of the record, in the body as it was written
};
constexpr bool is_msg(RecordType type) {
    return type == RecordType::kMsg || type == RecordType::kMsgShort;
}
std::optional<SeenMsg> read_seen_msg(const Record& record);

// What MOVED and MOVED_SHORT tell.
struct SeenMoved {
    MovedHead head;
    std::string_view records;  // read_seen_msg() knows them
    uint64_t position = 0;     // of these, in the body as it was written
    uint8_t version = 0;
};
constexpr bool is_moved(RecordType type) {
    return type == RecordType::kMoved || type == RecordType::kMovedShort;
}
std::optional<SeenMoved> read_seen_moved(const Record& record);

std::optional<uint32_t> read_stood_at(std::string_view payload);

}  // namespace zbridge::durable
