// The first 4096 bytes of a segment's file, little endian:
//
//    0 u32 magic            4 u32 crc          of bytes 8..4095
//    8 u32 version         12 u32 0
//   16 16 bytes             the store's id
//   32 u64 segment         40 u64 first        seq of its first batch
//   48 u32 prev_crc        52 u32 prev_end     of the segment before: its last body_crc, where it ends
//   56 i64 created_us      64 u64 reused_from  the segment whose file it was; 0: none
//   72 u64 file_bytes       the file's size when it was made
//   80 zeros
//
// magic, crc and version stay where they are in every version to come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/durable/journal/batch_header.h"
#include "plugins/durable/journal/store_id.h"

namespace zbridge::durable {

constexpr size_t kSegmentHeadBytes = 4096;

struct SegmentHeader {
    static constexpr uint32_t kMagic = 0x4753425a;  // "ZBSG"
    static constexpr uint32_t kVersion = 1;

    StoreId store;
    uint64_t segment = 0;
    Seq first{};
    uint32_t prev_crc = 0;
    uint32_t prev_end = 0;
    int64_t created_us = 0;
    uint64_t reused_from = 0;
    uint64_t file_bytes = 0;

    bool operator==(const SegmentHeader&) const = default;
};

// kSegmentHeadBytes of them.
std::string encode(const SegmentHeader& header);

// What the first bytes of a file are.
struct SegmentHead {
    enum class Kind : uint8_t {
        kWhole,
        kNewer,    // whole, of a version that is not known here
        kForeign,  // neither zeros nor the beginning of a segment
        kDamaged,
    };
    Kind kind = Kind::kDamaged;
    uint32_t version = 0;  // of kNewer
    SegmentHeader header;  // of kWhole
};
SegmentHead decode_segment_head(std::string_view bytes);

// "0000000000000007.seg"
std::string segment_name(uint64_t segment);
std::optional<uint64_t> parse_segment_name(std::string_view name);

}  // namespace zbridge::durable
