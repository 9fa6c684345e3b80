#include "bridge/base/memory.h"

#include <cstdlib>
#include <cstring>

namespace zbridge {

void Chunk::commit(size_t bytes) {
    used_ += bytes;
    ZB_CHECK(used_ <= capacity_, used_, capacity_);
    if (used_ > charged_) {
        budget_->used_ += used_ - charged_;
        charged_ = used_;
    }
}

MemoryBudget::~MemoryBudget() {
    current_ = ChunkRef();
    for (Chunk* chunk : spares_) {
        std::free(chunk->data_);
        delete chunk;
    }
}

ChunkRef MemoryBudget::allocate(size_t capacity) {
    Chunk* chunk = nullptr;
    if (capacity == kChunkBytes && !spares_.empty()) {
        chunk = spares_.back();
        spares_.pop_back();
        chunk->used_ = 0;
    } else {
        chunk = new Chunk;
        chunk->budget_ = this;
        chunk->data_ = static_cast<char*>(std::malloc(capacity));
        ZB_CHECK(chunk->data_ != nullptr, capacity);
        chunk->capacity_ = capacity;
    }
    chunk->charged_ = capacity <= kChunkBytes ? capacity : 0;
    used_ += chunk->charged_;
    return ChunkRef(chunk);
}

Slice MemoryBudget::copy(std::string_view bytes) {
    if (bytes.size() > kSmallChunkBytes / 2) {
        ChunkRef own = allocate(bytes.size());
        std::memcpy(own->tail(), bytes.data(), bytes.size());
        own->commit(bytes.size());
        return {own, own->data(), bytes.size()};
    }
    if (!current_ || current_->free_space() < bytes.size()) current_ = allocate(kSmallChunkBytes);
    char* at = current_->tail();
    std::memcpy(at, bytes.data(), bytes.size());
    current_->commit(bytes.size());
    return {current_, at, bytes.size()};
}

void MemoryBudget::free(Chunk* chunk) {
    ZB_CHECK(chunk->live_ == 0, chunk->live_);
    used_ -= chunk->charged_;
    if (chunk->capacity_ == kChunkBytes && spares_.size() < kSparesMax) {
        spares_.push_back(chunk);
        return;
    }
    std::free(chunk->data_);
    delete chunk;
}

}  // namespace zbridge
