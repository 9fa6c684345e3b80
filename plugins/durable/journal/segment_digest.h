// The digest of a sealed segment: what a replay needs of its batches, in a file beside it, so that
// a start need not read the segment. Little endian:
//
//    0 u32 magic            4 u32 crc          of bytes 8 to the end
//    8 u32 version         12 u32 batches
//   16 16 bytes             the store's id
//   32 u64 segment         40 u64 first        seq of its first batch
//   48 u32 prev_crc        52 u32 last_crc     body_crc of the batch before it; of its last one
//   56 u32 end             60 u32 0            where its last batch ends in the segment
//   64 the batches: varint body_bytes | varint flags | varint short_bytes | the shortened body
//
// Batches stand one behind the other in the segment, and their numbers follow: their places are not
// told. A digest is made of a segment that is whole, so it is also a witness that its batches had
// been durable, and that a segment was begun behind it.
//
// Failure: whatever is wrong with one, it is no digest: the segment is there, and another is made.
// Limits:  kBytesMax a file; of a segment whose digest would be larger none is kept.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/disk.h"
#include "plugins/durable/journal/batch_header.h"
#include "plugins/durable/journal/store_file.h"

namespace zbridge::durable {

// Appends what of a body a replay needs. The journal's own records, EPOCH and CLEAN_STOP, stay as
// they are. Any thread.
using Shorten = std::function<void(std::string_view body, std::string& into)>;

// A sealed segment, with where it begins, and where the one behind it does.
struct SealedSegment {
    uint64_t segment = 0;
    Bound begin, end;
};

struct DigestHead {
    static constexpr uint32_t kMagic = 0x5849425a;  // "ZBIX"
    static constexpr uint32_t kVersion = 1;
    static constexpr size_t kBytes = 64;

    // What the digest of this segment has to say.
    static DigestHead of(const StoreId& store, const SealedSegment& sealed);

    Seq last() const { return Seq{number(first) + batches - 1}; }
    bool operator==(const DigestHead&) const = default;

    StoreId store;
    uint64_t segment = 0;
    Seq first{};
    uint32_t batches = 0;
    uint32_t prev_crc = 0, last_crc = 0;
    uint32_t end = 0;
};

// Its kBytes, but for the sum.
std::string encode(const DigestHead& head);
// From the sum of bytes 8 to the end on, all of it is known.
void put_digest_crc(std::string& head, uint32_t crc);
void append_digested(std::string& bytes, const BatchHeader& header, std::string_view short_body);

class SegmentDigest {
 public:
    static constexpr uint64_t kBytesMax = kWholeFileBytesMax;

    struct Batch {
        Seq seq{};
        Place place;
        uint16_t flags = 0;     // BatchFlag
        std::string_view body;  // shortened
    };

    // kInvalid: it is none of this store; the sentence says why.
    static Result<SegmentDigest> parse(std::string bytes, const StoreId& store);
    // Likewise; kNotFound, kIo.
    static Result<SegmentDigest> load(Disk& disk, const std::string& path, const StoreId& store);

    const DigestHead& head() const { return head_; }
    // In order; none: that was the last one. Good as long as the digest.
    std::optional<Batch> next();

 private:
    SegmentDigest(std::string bytes, const DigestHead& head)
        : bytes_(std::move(bytes)), head_(head) {
        rewind();
    }
    void rewind();
    bool is_sound();

    std::string bytes_;
    DigestHead head_;
    size_t at_ = 0;  // of the next batch
    uint32_t left_ = 0;
    Seq seq_{};
    uint64_t segment_ = 0;
    uint64_t position_ = 0;  // in the segment
};

// "0000000000000007.idx"
std::string digest_name(uint64_t segment);
std::optional<uint64_t> parse_digest_name(std::string_view name);

}  // namespace zbridge::durable
