// The newest committed batches, still in memory: for readers that are nearly there.
//
// Limits:  bytes_max of batches, the newest one at least; the oldest goes first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <tuple>
#include <utility>

#include "plugins/durable/ids.h"
#include "plugins/durable/store.h"
#include "plugins/durable/topics/chunk_pool.h"

namespace zbridge::durable {

inline bool before(const Place& a, const Place& b) {
    return std::tie(a.segment, a.position) < std::tie(b.segment, b.position);
}

// A batch's body in memory. Lives as long as somebody has the chunk.
struct Body {
    // Where the last reader of one of its runs has stopped: who goes on there need not begin at the
    // run's front. Another run of the topic may stand before or behind that one: what was moved does.
    struct Mark {
        size_t run = 0;       // its position
        Offset from;          // its messages at `position` begin here, or behind
        size_t position = 0;  // 0: none
    };

    ChunkRef chunk;
    std::string_view bytes;
    mutable Mark mark = {};
};

class HotRing {
 public:
    // `pool` outlives it.
    HotRing(ChunkPool& pool, size_t bytes_max) : pool_(pool), bytes_max_(bytes_max) {}

    // REQUIRES: it lies behind the one before.
    void add(const Place& place, Body body);
    // Null: it is none of them.
    const Body* find(const Place& place) const;
    size_t bytes() const { return bytes_; }

 private:
    struct Batch {
        Place place;
        Body body;
    };

    ChunkPool& pool_;
    size_t bytes_max_;
    std::deque<Batch> batches_;
    size_t bytes_ = 0;
};

}  // namespace zbridge::durable
