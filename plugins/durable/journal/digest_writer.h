// Makes the digest of a sealed segment from what the journal has collected of it, in one step, or
// else from what the segment's file has.
//
// Flow:    step() ... step(): each batch is read, checked, shortened, written to a temporary file ->
//          the last one: synced, renamed
// Thread:  the helper's; it blocks.
// Promise: what has the digest's name is a whole digest of a segment that was whole.
// Failure: kIo, kNoSpace, or kInvalid: the segment is not whole, or its digest would be above
//          SegmentDigest::kBytesMax. Nothing is left of it then, but where the disk refuses that too.
// Limits:  about kStepBytes of the segment a step.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "plugins/durable/journal/digest_collector.h"
#include "plugins/durable/journal/segment_bytes.h"

namespace zbridge::durable {

constexpr std::string_view kDigestTemporary = ".tmp";  // behind the digest's name

class DigestWriter {
 public:
    static constexpr uint64_t kStepBytes = 4 << 20;
    static constexpr size_t kWriteBytes = 256 << 10;  // are collected before they are written

    // `disk` outlives it.
    DigestWriter(Disk& disk, std::string folder, const StoreId& store, const SealedSegment& sealed,
                 Shorten shorten, std::optional<CollectedBatches> collected);

    // True: the digest is there. REQUIRES: no step before has failed, or said so.
    Result<bool> step();

 private:
    Status begin();
    Status take_batch();
    Status flush();
    Status end();
    Result<bool> try_step();
    Status not_whole() const;

    Disk& disk_;
    std::string folder_;
    SealedSegment sealed_;
    Shorten shorten_;
    std::optional<CollectedBatches> collected_;
    std::string head_;
    std::string path_, temporary_;

    std::optional<SegmentBytes> segment_;
    StoreId store_;
    uint64_t position_ = 0;  // in the segment, of the next batch
    Seq next_{};
    uint32_t prev_crc_ = 0;

    std::unique_ptr<File> file_;
    std::string bytes_;  // to be written at `written_`
    uint64_t written_ = 0;
    uint32_t crc_ = 0;  // of what was written, from byte 8 on
    std::string short_;
};

}  // namespace zbridge::durable
