#include "bridge/base/memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>

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
    for (Chunk* chunk : spares_)
        destroy(chunk);
    for (Chunk* chunk : large_spares_)
        destroy(chunk);
}

// Not by aligned_alloc(): what it has given back is too small for its next one (glibc 2.36), so the
// heap would grow.
Chunk* MemoryBudget::make(size_t capacity) {
    auto* chunk = new Chunk;
    const bool large = capacity > kChunkBytes;
    size_t room = capacity + (large ? kLargeAlignBytes : 0);
    chunk->memory_ = std::malloc(room);
    ZB_CHECK(chunk->memory_ != nullptr, capacity);
    void* data = chunk->memory_;
    if (large) std::align(kLargeAlignBytes, capacity, data, room);
    chunk->data_ = static_cast<char*>(data);
    chunk->capacity_ = capacity;
    return chunk;
}

void MemoryBudget::destroy(Chunk* chunk) {
    std::free(chunk->memory_);
    delete chunk;
}

// One that was freed, of about this size; null: none is.
Chunk* MemoryBudget::take_spare(size_t capacity) {
    const bool large = capacity > kChunkBytes;
    auto& spares = large ? large_spares_ : spares_;
    const auto found = std::find_if(spares.rbegin(), spares.rend(), [&](const Chunk* spare) {
        return large ? spare->capacity_ >= capacity && spare->capacity_ / 2 < capacity
                     : spare->capacity_ == capacity;
    });
    if (found == spares.rend()) return nullptr;
    Chunk* const chunk = *found;
    spares.erase(std::next(found).base());
    if (large) large_spares_bytes_ -= chunk->capacity_;
    chunk->used_ = 0;
    return chunk;
}

bool MemoryBudget::keep_spare(Chunk* chunk) {
    const size_t capacity = chunk->capacity_;
    if (capacity == kChunkBytes && spares_.size() < kSparesMax) {
        spares_.push_back(chunk);
        return true;
    }
    if (capacity <= kChunkBytes || capacity > kLargeSpareBytesMax ||
        large_spares_bytes_ + capacity > kLargeSparesBytesMax)
        return false;
    large_spares_.push_back(chunk);
    large_spares_bytes_ += capacity;
    return true;
}

ChunkRef MemoryBudget::allocate(size_t capacity) {
    Chunk* chunk = take_spare(capacity);
    if (chunk == nullptr) chunk = make(capacity);
    chunk->budget_ = this;
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
    if (!keep_spare(chunk)) destroy(chunk);
}

}  // namespace zbridge
