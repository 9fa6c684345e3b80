// A segment's file, read from its beginning to its end through a window, and what stands in it.
//
// Thread:  one; it blocks.
// Failure: a read that fails is an error, or, where `tolerant`, reads as bytes that are no batch.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/disk.h"
#include "plugins/durable/journal/batch_header.h"

namespace zbridge::durable {

class SegmentBytes {
 public:
    static constexpr size_t kWindowBytes = 4 << 20;

    struct Batch {
        std::optional<BatchHeader> header;  // none: no header of this store stands there
        bool whole = false;                 // the body is there, and has its sum
        std::string_view body;              // of a whole one; good until the next call
    };

    static Result<SegmentBytes> open(Disk& disk, const std::string& path, const StoreId& store,
                                     bool tolerant);

    uint64_t bytes() const { return bytes_; }
    const StoreId& store() const { return store_; }
    // What stands at this position. Past the end: no header.
    Result<Batch> batch_at(uint64_t position);
    // Up to `size` bytes from there; fewer at the file's end. Good until the next call.
    Result<std::string_view> view(uint64_t position, size_t size);
    // All of it is read from the disk again, as far as the system does that.
    void forget_cached() { file_->forget_cached(0, bytes_); }
    bool unreadable() const { return unreadable_; }  // where tolerant: some of it could not be read

 private:
    SegmentBytes(std::unique_ptr<File> file, uint64_t bytes, const StoreId& store, bool tolerant)
        : file_(std::move(file)), store_(store), bytes_(bytes), tolerant_(tolerant) {}
    Status load(uint64_t position, size_t size);
    Status read(uint64_t position, char* into, size_t size);

    std::unique_ptr<File> file_;
    StoreId store_;
    uint64_t bytes_;
    bool tolerant_;
    bool unreadable_ = false;
    std::unique_ptr<char[]> window_;
    size_t capacity_ = 0;
    uint64_t begin_ = 0;  // of the window, in the file
    size_t held_ = 0;     // bytes in it
};

}  // namespace zbridge::durable
