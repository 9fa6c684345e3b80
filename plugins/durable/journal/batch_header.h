// The 64 bytes before a batch's body, little endian:
//
//    0 u32 magic            4 u32 header_crc   of bytes 8..63, seeded with the store's id
//    8 u64 segment         16 u64 seq          rises by one, never given again
//   24 u64 synced          the highest batch known to be durable when this one was built
//   32 u32 prev_crc        body_crc of batch seq-1: a chain
//   36 u32 body_crc
//   40 u32 body_bytes      44 u32 records
//   48 i64 time_us (wall)  56 u16 flags        58 6 bytes, 0
//
// A batch starts on a sector and is padded to one, so that a sector whose batch was receipted is
// never written again.
#pragma once

#include <cstdint>
#include <optional>

#include "plugins/durable/journal/store_id.h"
#include "plugins/durable/store.h"

namespace zbridge::durable {

constexpr size_t kSectorBytes = BatchMemory::kSectorBytes;
constexpr size_t kBatchHeadBytes = BatchMemory::kHeadBytes;

enum BatchFlag : uint16_t {
    kIdleMark = 1,        // empty: it says that the batch before it is durable
    kFirstAfterOpen = 2,  // its one record is EPOCH
    kCleanStop = 4,       // its one record is CLEAN_STOP
};

struct BatchHeader {
    static constexpr uint32_t kMagic = 0x3142425a;  // "ZBB1"

    uint64_t segment = 0;
    Seq seq{};
    Seq synced{};
    uint32_t prev_crc = 0;
    uint32_t body_crc = 0;
    uint32_t body_bytes = 0;
    uint32_t records = 0;
    int64_t time_us = 0;
    uint16_t flags = 0;

    size_t padded_bytes() const { return BatchMemory::capacity_for(body_bytes); }
    bool operator==(const BatchHeader&) const = default;
};

// Into kBatchHeadBytes bytes at `at`.
void encode(const BatchHeader& header, const StoreId& store, char* at);
// What stands there. None: no whole header of this store.
std::optional<BatchHeader> decode_batch_header(const char* at, const StoreId& store);

constexpr Seq next(Seq seq, uint64_t by = 1) {
    return Seq{static_cast<uint64_t>(seq) + by};
}
constexpr uint64_t number(Seq seq) {
    return static_cast<uint64_t>(seq);
}

}  // namespace zbridge::durable
