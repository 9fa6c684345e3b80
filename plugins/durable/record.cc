#include "plugins/durable/record.h"

namespace zbridge::durable {

size_t varint_bytes(uint64_t value) {
    size_t bytes = 1;
    while (value >= 0x80) {
        value >>= 7;
        bytes++;
    }
    return bytes;
}

char* write_varint(char* at, uint64_t value) {
    while (value >= 0x80) {
        *at++ = static_cast<char>(value | 0x80);
        value >>= 7;
    }
    *at++ = static_cast<char>(value);
    return at;
}

void append_varint(std::string& bytes, uint64_t value) {
    char text[kVarintBytesMax];
    bytes.append(text, static_cast<size_t>(write_varint(text, value) - text));
}

std::optional<uint64_t> take_varint(std::string_view& bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size() && i < kVarintBytesMax; i++) {
        const auto byte = static_cast<uint8_t>(bytes[i]);
        if (i == kVarintBytesMax - 1 && byte > 1) return std::nullopt;
        value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            bytes.remove_prefix(i + 1);
            return value;
        }
    }
    return std::nullopt;
}

size_t record_bytes(size_t payload_bytes) {
    return varint_bytes(payload_bytes) + 2 + payload_bytes;
}

char* write_record_head(char* at, RecordType type, uint8_t version, size_t payload_bytes) {
    at = write_varint(at, payload_bytes);
    *at++ = static_cast<char>(type);
    *at++ = static_cast<char>(version);
    return at;
}

void append_record(std::string& body, RecordType type, uint8_t version, std::string_view payload) {
    char head[kRecordHeadBytesMax];
    const char* end = write_record_head(head, type, version, payload.size());
    body.append(head, static_cast<size_t>(end - head));
    body.append(payload);
}

std::optional<Record> record_at(std::string_view body, size_t position) {
    if (position >= body.size()) return std::nullopt;
    std::string_view rest = body.substr(position);
    const auto length = take_varint(rest);
    if (!length || rest.size() < 2 || *length > rest.size() - 2) return std::nullopt;
    const auto payload_bytes = static_cast<size_t>(*length);
    Record record;
    record.type = static_cast<RecordType>(static_cast<uint8_t>(rest[0]));
    record.version = static_cast<uint8_t>(rest[1]);
    record.payload = rest.substr(2, payload_bytes);
    record.position = position;
    record.end = body.size() - rest.size() + 2 + payload_bytes;
    return record;
}

}  // namespace zbridge::durable
