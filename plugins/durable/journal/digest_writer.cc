#include "plugins/durable/journal/digest_writer.h"

#include <fmt/format.h>

#include <utility>

#include "bridge/base/crc32c.h"
#include "plugins/durable/journal/segment_header.h"

namespace zbridge::durable {

DigestWriter::DigestWriter(Disk& disk, std::string folder, const StoreId& store,
                           const SealedSegment& sealed, Shorten shorten,
                           std::optional<CollectedBatches> collected)
    : disk_(disk),
      folder_(std::move(folder)),
      sealed_(sealed),
      shorten_(std::move(shorten)),
      collected_(std::move(collected)),
      head_(encode(DigestHead::of(store, sealed))),
      path_(folder_ + "/" + digest_name(sealed.segment)),
      temporary_(path_ + std::string(kDigestTemporary)),
      store_(store),
      position_(kSegmentHeadBytes),
      next_(sealed.begin.first),
      prev_crc_(sealed.begin.prev_crc) {}

Result<bool> DigestWriter::step() {
    auto done = try_step();
    if (done.ok()) return done;
    // What is half written is worth nothing; where removing it fails too, the next start does.
    if (std::exchange(file_, nullptr)) (void)disk_.remove(temporary_);
    return done;
}

Result<bool> DigestWriter::try_step() {
    if (!file_) {
        if (auto status = begin(); !status.ok()) return status;
    }
    const uint64_t until = position_ + kStepBytes;
    while (position_ < sealed_.end.prev_end && position_ < until) {
        if (auto status = take_batch(); !status.ok()) return status;
    }
    if (position_ < sealed_.end.prev_end) return false;
    if (auto status = end(); !status.ok()) return status;
    return true;
}

Status DigestWriter::begin() {
    if (collected_) {
        bytes_ = std::move(collected_->bytes);
        position_ = collected_->position;
        next_ = collected_->next;
        prev_crc_ = collected_->prev_crc;
        if (position_ != sealed_.end.prev_end) return not_whole();
    } else {
        auto segment =
            SegmentBytes::open(disk_, folder_ + "/" + segment_name(sealed_.segment), store_, false);
        if (!segment.ok()) return std::move(segment).error();
        segment_.emplace(*std::move(segment));
    }
    auto file = disk_.open(temporary_, OpenMode::kTruncate);
    if (!file.ok()) return std::move(file).error();
    file_ = *std::move(file);
    written_ = head_.size();
    crc_ = crc32c(std::string_view(head_).substr(8));
    return {};
}

Status DigestWriter::take_batch() {
    const auto batch = segment_->batch_at(position_);
    if (!batch.ok()) return batch.error();
    const auto& header = batch->header;
    if (!batch->whole || header->segment != sealed_.segment || header->seq != next_ ||
        header->prev_crc != prev_crc_)
        return not_whole();
    short_.clear();
    shorten_(batch->body, short_);
    append_digested(bytes_, *header, short_);
    position_ += header->padded_bytes();
    next_ = next(next_);
    prev_crc_ = header->body_crc;
    return bytes_.size() < kWriteBytes ? Status() : flush();
}

Status DigestWriter::flush() {
    if (written_ + bytes_.size() > SegmentDigest::kBytesMax)
        return {Code::kInvalid,
                fmt::format("{} would be above {} bytes", path_, SegmentDigest::kBytesMax)};
    if (auto status = file_->write_at(written_, bytes_); !status.ok()) return status;
    crc_ = crc32c(bytes_, crc_);
    written_ += bytes_.size();
    bytes_.clear();
    return {};
}

Status DigestWriter::end() {
    if (position_ != sealed_.end.prev_end || next_ != sealed_.end.first ||
        prev_crc_ != sealed_.end.prev_crc)
        return not_whole();
    if (auto status = flush(); !status.ok()) return status;
    put_digest_crc(head_, crc_);
    if (auto status = file_->write_at(0, head_); !status.ok()) return status;
    if (auto status = file_->sync_data(); !status.ok()) return status;
    if (auto status = disk_.rename(temporary_, path_); !status.ok()) return status;
    return disk_.sync_dir(folder_);
}

Status DigestWriter::not_whole() const {
    return {Code::kInvalid,
            fmt::format("{}/{}, offset {}: what stands here is not the batch {}", folder_,
                        segment_name(sealed_.segment), position_, number(next_))};
}

}  // namespace zbridge::durable
