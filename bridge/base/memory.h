// Shared, counted memory: bytes are received once and looked at by everyone who needs them.
//
// Flow:    net reads into a Chunk -> messages are Slices of it -> outboxes and lines hold Slices ->
//          the last one frees it.
// Thread:  one reactor thread; the counts are not atomic on purpose (a message costs a few of
//          them).
// Limits:  MemoryBudget::limit() bounds all chunks that are alive, and what is counted beside them.
//          Above pressed() whoever may drop or hold does so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/base/check.h"

namespace zbridge {

class MemoryBudget;

// A piece of memory that is written at its end and shared by Slices. Made by
// MemoryBudget::allocate().
class Chunk {
 public:
    char* data() { return data_; }
    size_t capacity() const { return capacity_; }
    size_t used() const { return used_; }  // bytes written so far
    size_t free_space() const { return capacity_ - used_; }
    char* tail() { return data_ + used_; }
    uint64_t live() const { return live_; }  // sum of the sizes of all slices of it
    bool sparse() const { return live_ < charged_ / 2; }
    // Marks `bytes` after tail() as written.
    void commit(size_t bytes);
    // Takes back the last bytes that were written. REQUIRES: no slice reaches into them.
    void retract(size_t bytes) {
        ZB_CHECK(bytes <= used_, bytes, used_);
        used_ -= bytes;
    }
    // Begins again at the front. REQUIRES: no slice of it is alive.
    void rewind() {
        ZB_CHECK(live_ == 0, live_);
        used_ = 0;
    }

 private:
    friend class MemoryBudget;
    friend class ChunkRef;
    friend class Slice;

    MemoryBudget* budget_ = nullptr;
    void* memory_ = nullptr;  // what is freed; data_ may begin behind it
    char* data_ = nullptr;
    size_t capacity_ = 0;
    size_t used_ = 0;
    size_t charged_ =
        0;  // what the budget counts: all of a small chunk, what has arrived of a large one
    uint64_t live_ = 0;
    uint64_t refs_ = 0;
};

// Owns a share of a Chunk.
class ChunkRef {
 public:
    ChunkRef() = default;
    explicit ChunkRef(Chunk* chunk) : chunk_(chunk) {
        if (chunk_) chunk_->refs_++;
    }
    ChunkRef(const ChunkRef& other) : ChunkRef(other.chunk_) {}
    ChunkRef(ChunkRef&& other) noexcept : chunk_(std::exchange(other.chunk_, nullptr)) {}
    ChunkRef& operator=(ChunkRef other) noexcept {
        std::swap(chunk_, other.chunk_);
        return *this;
    }
    ~ChunkRef() { release(); }

    explicit operator bool() const { return chunk_ != nullptr; }
    Chunk* operator->() const { return chunk_; }
    Chunk* get() const { return chunk_; }
    bool unique() const { return chunk_ != nullptr && chunk_->refs_ == 1; }

 private:
    inline void release();
    Chunk* chunk_ = nullptr;
};

// A view of bytes in a chunk, and a share of that chunk. A value: copies share, they never copy
// bytes.
class Slice {
 public:
    Slice() = default;
    Slice(const ChunkRef& chunk, const char* data, size_t size)
        : chunk_(chunk), data_(data), size_(size) {
        if (chunk_) chunk_->live_ += size_;
    }
    Slice(const Slice& other) : Slice(other.chunk_, other.data_, other.size_) {}
    Slice(Slice&& other) noexcept
        : chunk_(std::move(other.chunk_)),
          data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)) {}
    Slice& operator=(Slice other) noexcept {
        std::swap(chunk_, other.chunk_);
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Slice() {
        if (chunk_) chunk_->live_ -= size_;
    }

    const char* data() const { return data_; }
    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::string_view bytes() const { return {data_, size_}; }
    const ChunkRef& chunk() const { return chunk_; }

    Slice part(size_t offset, size_t size) const { return {chunk_, data_ + offset, size}; }
    Slice from(size_t offset) const { return part(offset, size_ - offset); }
    // The next bytes follow these in the same chunk: extend() makes one slice of both.
    bool is_followed_by(const Slice& next) const {
        return chunk_.get() == next.chunk_.get() && data_ + size_ == next.data_;
    }
    void extend(size_t bytes) {
        size_ += bytes;
        chunk_->live_ += bytes;
    }
    void remove_prefix(size_t bytes) {
        data_ += bytes;
        size_ -= bytes;
        chunk_->live_ -= bytes;
    }
    void remove_suffix(size_t bytes) {
        size_ -= bytes;
        chunk_->live_ -= bytes;
    }

 private:
    ChunkRef chunk_;
    const char* data_ = nullptr;
    size_t size_ = 0;
};

// Counts every chunk that is alive and keeps a few for reuse. Outlives all of them.
class MemoryBudget {
 public:
    static constexpr size_t kChunkBytes = 256 * 1024;  // what sources are read into
    static constexpr size_t kSmallChunkBytes =
        64 * 1024;  // what copies and the bridge's own frames are written into
    // Chunks above kChunkBytes begin at a multiple of this: a disk takes them as they are.
    static constexpr size_t kLargeAlignBytes = 4096;
    static constexpr size_t kSparesMax = 8;  // freed chunks of kChunkBytes kept for reuse
    // Of larger ones so many bytes together are kept, none above kLargeSpareBytesMax: the system
    // would give each page anew, and that costs more than filling it.
    static constexpr size_t kLargeSparesBytesMax = 8 << 20;
    static constexpr size_t kLargeSpareBytesMax = 2 << 20;

    explicit MemoryBudget(uint64_t limit) : limit_(limit) {}
    ~MemoryBudget();
    MemoryBudget(const MemoryBudget&) = delete;
    MemoryBudget& operator=(const MemoryBudget&) = delete;

    // At least so large. Never fails: whoever reads more bytes in asks exhausted() first. A chunk above kChunkBytes is
    // charged as bytes arrive (commit()), so that a peer which only announces a large frame holds
    // nothing.
    ChunkRef allocate(size_t capacity);
    // Copies bytes into the budget's current small chunk.
    Slice copy(std::string_view bytes);

    // Bytes that somebody keeps for long outside of chunks count as well: a small part of a shared
    // chunk would keep all of it. REQUIRES: no more is taken back than was added.
    void add(uint64_t bytes) { used_ += bytes; }
    void take_back(uint64_t bytes) {
        ZB_CHECK(bytes <= used_, bytes, used_);
        used_ -= bytes;
    }

    size_t spare_bytes() const { return large_spares_bytes_; }  // of large ones, kept for reuse
    uint64_t limit() const { return limit_; }
    uint64_t used() const { return used_; }
    bool pressed() const { return used_ > limit_ / 4 * 3; }
    bool exhausted() const { return used_ >= limit_; }

 private:
    friend class Chunk;
    friend class ChunkRef;
    static Chunk* make(size_t capacity);
    static void destroy(Chunk* chunk);
    Chunk* take_spare(size_t capacity);
    bool keep_spare(Chunk* chunk);
    void free(Chunk* chunk);

    uint64_t limit_;
    uint64_t used_ = 0;
    std::vector<Chunk*> spares_, large_spares_;
    size_t large_spares_bytes_ = 0;
    ChunkRef current_;  // where copy() writes
};

inline void ChunkRef::release() {
    if (chunk_ != nullptr && --chunk_->refs_ == 0) chunk_->budget_->free(chunk_);
}

}  // namespace zbridge
