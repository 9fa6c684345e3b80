// What stands in a segment behind a place where no batch is.
//
// Thread:  one; it blocks.
#pragma once

#include <optional>

#include "plugins/durable/journal/segment_bytes.h"

namespace zbridge::durable {

// A place of a segment, and the batch that should stand there.
struct Gap {
    uint64_t segment = 0;
    uint64_t position = 0;
    Seq expected{};
};

struct BatchAhead {
    uint64_t position = 0;
    Seq seq{};
};

// The next whole batch that may follow: of `expected` or a later one, `below` another.
Result<std::optional<BatchAhead>> look_ahead(SegmentBytes& bytes, const Gap& gap,
                                             std::optional<Seq> below);

// Headers further on that had known the expected batch to be durable.
struct HeaderWitness {
    std::optional<BatchAhead> first;
    Seq highest{};
};
Result<HeaderWitness> find_witness(SegmentBytes& bytes, const Gap& gap);

// The end of what is neither zero nor an older segment's: the gap's own position where all is
// zeros, or a batch of an older segment stands.
Result<uint64_t> end_of_remains(SegmentBytes& bytes, const Gap& gap);

}  // namespace zbridge::durable
