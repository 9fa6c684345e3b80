#include "plugins/durable/topics/payload.h"

#include "bridge/base/check.h"
#include "plugins/durable/topics/bytes.h"

namespace zbridge::durable {

namespace {

constexpr uint8_t kAgain = 2;  // of a note, where others say whether they close

// Seven bits a byte, all but the last marked as not the last.
char* write_long_varint(char* at, uint64_t value) {
    for (size_t i = 0; i < MsgHead::kLengthBytes; i++) {
        const bool last = i + 1 == MsgHead::kLengthBytes;
        *at++ = static_cast<char>((value >> (7 * i) & 0x7f) | (last ? 0 : 0x80));
    }
    return at;
}

}  // namespace

char* write_msg_head(char* at, const MsgHead& head, uint64_t payload_bytes) {
    at = write_long_varint(at, payload_bytes);
    *at++ = static_cast<char>(RecordType::kMsg);
    *at++ = static_cast<char>(kPayloadVersion);
    at = put(at, head.topic.number());
    at = put(at, head.count);
    at = put(at, head.frames);
    at = put(at, head.attribute_bytes);
    at = put(at, head.first.number);
    at = put(at, head.first_id.epoch);
    at = put(at, head.first_id.sequence);
    return put(at, head.stored_ms);
}

std::optional<Msg> read_msg(std::string_view payload) {
    Taker taker(payload);
    Msg msg;
    msg.head.topic = TopicId(taker.number<uint32_t>());
    msg.head.count = taker.number<uint32_t>();
    msg.head.frames = taker.number<uint32_t>();
    msg.head.attribute_bytes = taker.number<uint32_t>();
    msg.head.first = {taker.number<uint64_t>()};
    msg.head.first_id.epoch = taker.number<uint64_t>();
    msg.head.first_id.sequence = taker.number<uint64_t>();
    msg.head.stored_ms = taker.number<int64_t>();
    msg.attributes = taker.text(msg.head.attribute_bytes);
    msg.wire = taker.rest();
    if (!taker.ok() || msg.head.count == 0 || msg.head.frames < msg.head.count) return std::nullopt;
    return msg;
}

std::string write_topic(const TopicState& state) {
    ZB_CHECK(state.name.size() <= UINT16_MAX, state.name.size());
    std::string bytes;
    append(bytes, state.id.number());
    append(bytes, static_cast<uint8_t>(state.origin));
    append(bytes, static_cast<uint8_t>(state.durability));
    append(bytes, static_cast<uint16_t>(state.name.size()));
    append(bytes, state.floor.number);
    append(bytes, state.next.number);
    bytes.append(state.name);
    for (const TopicSetting& each : state.settings) {
        append(bytes, static_cast<uint8_t>(each.kind));
        append(bytes, each.value);
    }
    return bytes;
}

std::optional<TopicState> read_topic(std::string_view payload, uint8_t version) {
    Taker taker(payload);
    TopicState state;
    state.id = TopicId(taker.number<uint32_t>());
    state.origin = static_cast<Origin>(taker.number<uint8_t>());
    state.durability = static_cast<Durability>(taker.number<uint8_t>());
    const auto name_bytes = taker.number<uint16_t>();
    state.floor = {taker.number<uint64_t>()};
    state.next = {taker.number<uint64_t>()};
    state.name = taker.text(name_bytes);
    while (version >= kTopicWithSettings && taker.ok() && !taker.rest().empty()) {
        const auto kind = static_cast<TopicSetting::Kind>(taker.number<uint8_t>());
        state.settings.push_back({kind, taker.number<int64_t>()});
    }
    const bool known = state.origin >= Origin::kDeclared && state.origin <= Origin::kRemoved &&
                       state.durability >= Durability::kFsync &&
                       state.durability <= Durability::kOs;
    if (!taker.ok() || !taker.rest().empty() || !known || state.floor > state.next)
        return std::nullopt;
    return state;
}

std::string write_moved(const MovedHead& head, std::string_view records) {
    std::string bytes;
    bytes.reserve(MovedHead::kBytes + records.size());
    append(bytes, head.topic.number());
    append(bytes, head.count);
    append(bytes, head.first.number);
    append(bytes, head.stored_ms);
    append(bytes, head.bytes);
    return bytes.append(records);
}

std::optional<Moved> read_moved(std::string_view payload, uint8_t version) {
    Taker taker(payload);
    Moved moved;
    moved.head.topic = TopicId(taker.number<uint32_t>());
    moved.head.count = taker.number<uint32_t>();
    moved.head.first = {taker.number<uint64_t>()};
    moved.head.stored_ms = taker.number<int64_t>();
    moved.head.bytes = taker.number<uint64_t>();
    moved.records = taker.rest();
    const bool may_be_none = version >= kMovedWithGaps;
    if (!taker.ok() || moved.head.count == 0 || (moved.records.empty() && !may_be_none))
        return std::nullopt;
    return moved;
}

std::string write_floor(const Floor& floor) {
    std::string bytes;
    append(bytes, floor.topic.number());
    append(bytes, floor.floor.number);
    return bytes;
}

std::optional<Floor> read_floor(std::string_view payload) {
    Taker taker(payload);
    Floor floor;
    floor.topic = TopicId(taker.number<uint32_t>());
    floor.floor = {taker.number<uint64_t>()};
    if (!taker.ok() || !taker.rest().empty()) return std::nullopt;
    return floor;
}

std::string write_note(const Note& note) {
    std::string bytes;
    append(bytes, note.key);
    append(bytes, note.again ? kAgain : static_cast<uint8_t>(note.closes ? 1 : 0));
    return bytes.append(note.bytes);
}

std::optional<Note> read_note(std::string_view payload, uint8_t version) {
    Taker taker(payload);
    Note note;
    note.key = taker.number<uint64_t>();
    const auto closes = taker.number<uint8_t>();
    note.closes = closes == 1;
    note.bytes = taker.rest();
    note.again = version >= kNoteAgain && closes == kAgain;
    if (!taker.ok() || (closes > 1 && !note.again)) return std::nullopt;
    return note;
}

}  // namespace zbridge::durable
