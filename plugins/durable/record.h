// Records, as batches carry them: varint length | u8 type | u8 version | payload. The length counts
// the payload alone. docs/JOURNAL.md has the payloads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zbridge::durable {

// On the disk: a number is never given to another type.
enum class RecordType : uint8_t {
    kMsg = 1,
    kVisible = 2,
    kPendingDrop = 3,
    kMoved = 4,
    kAcks = 5,
    kCursor = 6,
    kRetry = 7,
    kDead = 8,
    kPark = 9,
    kLease = 10,
    kReset = 11,
    kTxnPrepare = 12,
    kTxnCommit = 13,
    kTxnRollback = 14,
    kTxnCheck = 15,
    kReq = 16,
    kDispatch = 17,
    kReply = 18,
    kReplied = 19,
    kTopic = 20,
    kGroup = 21,
    kEpoch = 22,
    kCleanStop = 23,
    kFloor = 24,
    // In digests alone (topics/short_body.h).
    kMsgShort = 64,
    kMovedShort = 65,
    kStoodAt = 66,
};

struct Record {
    RecordType type{};
    uint8_t version = 0;
    std::string_view payload;
    size_t position = 0;  // of its first byte in the body
    size_t end = 0;       // one past its payload
};

constexpr size_t kVarintBytesMax = 10;

// LEB128: 7 bits a byte, the lowest first.
size_t varint_bytes(uint64_t value);
// Writes it at `at`, which has room for varint_bytes(value); returns one past it.
char* write_varint(char* at, uint64_t value);
void append_varint(std::string& bytes, uint64_t value);
// Takes it off the front. None: it is cut off, or longer than 64 bits.
std::optional<uint64_t> take_varint(std::string_view& bytes);

// Bytes of a record with a payload of so many.
constexpr size_t kRecordHeadBytesMax = kVarintBytesMax + 2;
size_t record_bytes(size_t payload_bytes);
// Writes what stands before the payload; returns where the payload begins.
char* write_record_head(char* at, RecordType type, uint8_t version, size_t payload_bytes);
void append_record(std::string& body, RecordType type, uint8_t version, std::string_view payload);
// The record at `position` of a body. None: what stands there is no whole record.
std::optional<Record> record_at(std::string_view body, size_t position);

}  // namespace zbridge::durable
