// Chunks that batches are written into: some are kept, so that a busy log allocates none.
//
// Limits:  kSparesMax are kept. A chunk that somebody else still holds is theirs: it is freed when
//          they let go.
#pragma once

#include <utility>
#include <vector>

#include "bridge/base/memory.h"
#include "plugins/durable/store.h"

namespace zbridge::durable {

class ChunkPool {
 public:
    static constexpr size_t kChunkBytes = BatchMemory::capacity_for(Store::kBodyBytesMax);
    static constexpr size_t kSparesMax = 2;

    explicit ChunkPool(MemoryBudget& memory) : memory_(memory) {}

    ChunkRef take() {
        if (spares_.empty()) return memory_.allocate(kChunkBytes);
        ChunkRef chunk = std::move(spares_.back());
        spares_.pop_back();
        return chunk;
    }
    void give_back(ChunkRef chunk) {
        if (!chunk.unique() || chunk->capacity() != kChunkBytes) return;
        if (spares_.size() == kSparesMax) return;
        chunk->rewind();
        spares_.push_back(std::move(chunk));
    }
    // Of one message that is larger than a chunk.
    ChunkRef take_large(size_t bytes) { return memory_.allocate(bytes); }

 private:
    MemoryBudget& memory_;
    std::vector<ChunkRef> spares_;
};

}  // namespace zbridge::durable
