// The digest of the segment that is appended to, as its batches go by: so that it need not be read
// again once it is sealed.
//
// Thread:  the journal's.
// Limits:  kBytesMax; of a segment whose digest is larger nothing is collected: it is read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "plugins/durable/journal/segment_digest.h"
#include "plugins/durable/journal/segment_header.h"

namespace zbridge::durable {

// The batches of a segment, as a digest has them, and what comes behind the last one.
struct CollectedBatches {
    std::string bytes;
    uint64_t position = kSegmentHeadBytes;
    Seq next{};
    uint32_t prev_crc = 0;
};

class DigestCollector {
 public:
    static constexpr size_t kBytesMax = 4 << 20;

    // `shorten` null: nothing is collected.
    explicit DigestCollector(Shorten shorten) : shorten_(std::move(shorten)) {}

    // A segment begins: with its first batch.
    void begin();
    // A batch was written.
    void take(const BatchHeader& header, std::string_view body);
    // It is sealed. None: not all of it was seen, or it was too much.
    std::optional<CollectedBatches> end();

 private:
    Shorten shorten_;
    std::optional<CollectedBatches> its_;
    std::string short_;
};

}  // namespace zbridge::durable
