#include "plugins/durable/journal/segment_bytes.h"

#include <algorithm>
#include <cstring>

#include "bridge/base/crc32c.h"

namespace zbridge::durable {

namespace {

constexpr size_t kReadPieceBytes = 4096;
// Neither zeros nor the beginning of a batch.
constexpr int kUnreadable = 0xff;

}  // namespace

Result<SegmentBytes> SegmentBytes::open(Disk& disk, const std::string& path, const StoreId& store,
                                        bool tolerant) {
    auto file = disk.open(path, OpenMode::kRead);
    if (!file.ok()) return std::move(file).error();
    const auto bytes = (*file)->size();
    if (!bytes.ok()) return bytes.error();
    return SegmentBytes(*std::move(file), *bytes, store, tolerant);
}

Result<std::string_view> SegmentBytes::view(uint64_t position, size_t size) {
    if (position >= bytes_) return std::string_view();
    size = static_cast<size_t>(std::min<uint64_t>(size, bytes_ - position));
    if (position < begin_ || position + size > begin_ + held_) {
        if (auto status = load(position, size); !status.ok()) return status;
    }
    return std::string_view(window_.get() + (position - begin_), size);
}

// Moves the window to `position`, keeping what it has of the bytes behind.
Status SegmentBytes::load(uint64_t position, size_t size) {
    const auto wanted =
        static_cast<size_t>(std::min<uint64_t>(std::max(size, kWindowBytes), bytes_ - position));
    const bool inside = position >= begin_ && position < begin_ + held_;
    const size_t kept = inside ? static_cast<size_t>(begin_ + held_ - position) : 0;
    const char* const kept_at = window_.get() + (inside ? position - begin_ : 0);
    if (wanted > capacity_) {
        auto larger = std::make_unique_for_overwrite<char[]>(wanted);
        if (kept > 0) std::memcpy(larger.get(), kept_at, kept);
        window_ = std::move(larger);
        capacity_ = wanted;
    } else if (kept > 0) {
        std::memmove(window_.get(), kept_at, kept);
    }
    begin_ = position;
    held_ = kept;
    if (auto status = read(position + kept, window_.get() + kept, wanted - kept); !status.ok())
        return status;
    held_ = wanted;
    return {};
}

Status SegmentBytes::read(uint64_t position, char* into, size_t size) {
    const auto got = file_->read_into(position, into, size);
    if (got.ok()) {
        std::memset(into + *got, 0, size - *got);  // it was cut while we looked
        return {};
    }
    if (!tolerant_) return got.error();
    for (size_t at = 0; at < size; at += kReadPieceBytes) {
        const size_t piece = std::min(kReadPieceBytes, size - at);
        if (file_->read_into(position + at, into + at, piece).ok()) continue;
        std::memset(into + at, kUnreadable, piece);
        unreadable_ = true;
    }
    return {};
}

Result<SegmentBytes::Batch> SegmentBytes::batch_at(uint64_t position) {
    Batch batch;
    auto head = view(position, kBatchHeadBytes);
    if (!head.ok()) return std::move(head).error();
    if (head->size() < kBatchHeadBytes) return batch;
    batch.header = decode_batch_header(head->data(), store_);
    if (!batch.header || position + kBatchHeadBytes + batch.header->body_bytes > bytes_)
        return batch;
    auto body = view(position, kBatchHeadBytes + batch.header->body_bytes);
    if (!body.ok()) return std::move(body).error();
    batch.body = body->substr(kBatchHeadBytes);
    batch.whole = crc32c(batch.body) == batch.header->body_crc;
    return batch;
}

}  // namespace zbridge::durable
