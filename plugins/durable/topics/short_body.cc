#include "plugins/durable/topics/short_body.h"

#include <limits>

#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/bytes.h"

namespace zbridge::durable {

namespace {

enum class Kept : uint8_t { kAll = 0, kSome = 1 };

// Takes varints off the front; ok() is false from the first one on that is not whole, or too large.
class VarintTaker {
 public:
    explicit VarintTaker(std::string_view bytes) : rest_(bytes) {}

    template <class Number = uint64_t>
    Number number() {
        const auto number = take_varint(rest_);
        ok_ = ok_ && number && *number <= std::numeric_limits<Number>::max();
        return ok_ ? static_cast<Number>(*number) : Number{};
    }
    std::string_view& rest() { return rest_; }
    bool ok() const { return ok_; }

 private:
    std::string_view rest_;
    bool ok_ = true;
};

std::string shortened(const Msg& msg, size_t position) {
    std::string payload;
    append_varint(payload, position);
    append_varint(payload, msg.wire.size());
    append_varint(payload, msg.head.topic.number());
    append_varint(payload, msg.head.count);
    append_varint(payload, msg.head.frames);
    append_varint(payload, msg.head.first.number);
    append_varint(payload, msg.head.first_id.epoch);
    append_varint(payload, msg.head.first_id.sequence);
    append_varint(payload, static_cast<uint64_t>(msg.head.stored_ms));
    if (msg.attributes.size() <= kAttributesMax) {
        append(payload, static_cast<uint8_t>(Kept::kAll));
        return payload.append(msg.attributes);
    }
    append(payload, static_cast<uint8_t>(Kept::kSome));
    append_varint(payload, msg.attributes.size());
    zb_attributes some{};
    some.size = sizeof(some);
    std::string_view all = msg.attributes;
    // Of one that is prepared neither counts before its commit.
    if (take_prepared(all)) return payload;
    const std::string_view id = id_in(msg.attributes), first_key = key_in(msg.attributes);
    const zb_view key{first_key.data(), first_key.size()};
    some.id = {id.data(), id.size()};
    some.keys = &key;
    some.key_count = first_key.empty() ? 0 : 1;
    encode_attributes(some, payload);
    if (const auto target = take_target(all)) append_target(payload, *target);
    return payload;
}

// False: it is no MSG of this version, whole.
bool shorten_msg(const Record& record, std::string& into) {
    if (record.type != RecordType::kMsg || record.version != kPayloadVersion) return false;
    const auto msg = read_msg(record.payload);
    if (msg)
        append_record(into, RecordType::kMsgShort, kPayloadVersion,
                      shortened(*msg, record.position));
    return msg.has_value();
}

bool shorten_moved(const Record& record, std::string& into) {
    if (record.type != RecordType::kMoved || record.version > kMovedWithGaps) return false;
    const auto moved = read_moved(record.payload, record.version);
    if (!moved) return false;
    std::string payload;
    append_varint(payload, record.end - moved->records.size());
    payload += record.payload.substr(0, MovedHead::kBytes);
    for (size_t at = 0; at < moved->records.size();) {
        const auto each = record_at(moved->records, at);
        if (!each || !shorten_msg(*each, payload)) return false;
        at = each->end;
    }
    append_record(into, RecordType::kMovedShort, record.version, payload);
    return true;
}

}  // namespace

void shorten(std::string_view body, std::string& into) {
    size_t at = 0;
    while (const auto record = record_at(body, at)) {
        if (is_note(record->type)) {
            std::string position;
            append_varint(position, record->position);
            append_record(into, RecordType::kStoodAt, kPayloadVersion, position);
        }
        if (!shorten_msg(*record, into) && !shorten_moved(*record, into))
            into += body.substr(at, record->end - at);
        at = record->end;
    }
    into += body.substr(at);  // no record: a replay has to say so
}

std::optional<SeenMsg> read_seen_msg(const Record& record) {
    SeenMsg seen;
    if (record.type == RecordType::kMsg) {
        const auto msg = read_msg(record.payload);
        if (!msg) return std::nullopt;
        seen.head = msg->head;
        seen.attributes = msg->attributes;
        seen.attribute_bytes = msg->attributes.size();
        seen.wire_bytes = msg->wire.size();
        seen.position = record.position;
        return seen;
    }
    if (record.type != RecordType::kMsgShort) return std::nullopt;
    VarintTaker taker(record.payload);
    seen.position = taker.number();
    seen.wire_bytes = taker.number();
    seen.head.topic = TopicId(taker.number<uint32_t>());
    seen.head.count = taker.number<uint32_t>();
    seen.head.frames = taker.number<uint32_t>();
    seen.head.first = {taker.number()};
    seen.head.first_id.epoch = taker.number();
    seen.head.first_id.sequence = taker.number();
    seen.head.stored_ms = static_cast<int64_t>(taker.number());
    const auto kept = taker.number<uint8_t>();
    seen.attributes_cut = kept == static_cast<uint8_t>(Kept::kSome);
    if (seen.attributes_cut) seen.attribute_bytes = taker.number();
    if (!taker.ok() || kept > static_cast<uint8_t>(Kept::kSome) || seen.head.count == 0)
        return std::nullopt;
    seen.attributes = taker.rest();
    if (!seen.attributes_cut) seen.attribute_bytes = seen.attributes.size();
    seen.head.attribute_bytes = static_cast<uint32_t>(seen.attributes.size());
    return seen;
}

std::optional<SeenMoved> read_seen_moved(const Record& record) {
    SeenMoved seen;
    std::string_view payload = record.payload;
    if (record.type == RecordType::kMovedShort) {
        const auto position = take_varint(payload);
        if (!position) return std::nullopt;
        seen.position = *position;
    } else if (record.type != RecordType::kMoved) {
        return std::nullopt;
    }
    const auto moved = read_moved(payload, record.version);
    if (!moved) return std::nullopt;
    seen.head = moved->head;
    seen.records = moved->records;
    seen.version = record.version;
    if (record.type == RecordType::kMoved) seen.position = record.end - moved->records.size();
    return seen;
}

std::optional<uint32_t> read_stood_at(std::string_view payload) {
    VarintTaker taker(payload);
    const auto position = taker.number<uint32_t>();
    return taker.ok() && taker.rest().empty() ? std::optional(position) : std::nullopt;
}

}  // namespace zbridge::durable
