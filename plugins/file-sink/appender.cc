#include "plugins/file-sink/appender.h"

#include <algorithm>

#include "plugins/records/record.h"

namespace zbridge::file_sink {

namespace {

constexpr size_t kReadBytes = 1 << 20;

}  // namespace

Status Appender::open() {
    auto lock = disk_.lock(options_.path + ".lock");
    if (!lock.ok()) return std::move(lock).error();
    lock_ = std::move(*lock);
    if (auto status = open_file(); !status.ok()) return status;
    return cut_tail();
}

Status Appender::open_file() {
    auto file = disk_.open(options_.path, OpenMode::kWrite);
    if (!file.ok()) return std::move(file).error();
    file_ = std::move(*file);
    const auto size = file_->size();
    if (!size.ok()) return size.error();
    size_ = *size;
    return disk_.sync_dir(parent_of(options_.path));
}

Status Appender::cut_tail() {
    const auto whole = options_.records ? whole_records(size_) : whole_lines(size_);
    if (!whole.ok()) return whole.error();
    if (*whole == size_) return {};
    torn_bytes_ = size_ - *whole;
    if (torn_bytes_ > kTornBytesMax) {
        return {Code::kInvalid, options_.path + " is damaged at byte " + std::to_string(*whole) +
                                    ", long before its end: move it away"};
    }
    if (auto status = keep_torn(*whole, size_); !status.ok()) return status;
    size_ = *whole;
    if (auto status = file_->resize(size_); !status.ok()) return status;
    return file_->sync_data();
}

// A batch whose sync was cut short by a power loss may have holes: a line has no zeros. Only the
// last batch can have them.
Result<uint64_t> Appender::whole_lines(uint64_t size) const {
    const uint64_t begin = size - std::min<uint64_t>(size, kTornBytesMax);
    const auto tail = file_->read_at(begin, size - begin);
    if (!tail.ok()) return tail.error();
    const size_t sound = std::min(tail->find('\0'), tail->size());
    const size_t last = std::string_view(*tail).substr(0, sound).rfind('\n');
    if (last != std::string::npos) return begin + last + 1;
    if (begin == 0) return uint64_t{0};
    return Status(Code::kInvalid, options_.path + " has no line in its last 66 MiB: move it away");
}

// From head to head; the sums only where a torn write may have been.
Result<uint64_t> Appender::whole_records(uint64_t size) const {
    std::vector<std::string_view> frames;
    std::string block;
    uint64_t at = 0, block_at = 0;
    while (at < size) {
        const auto rest = [&] { return std::string_view(block).substr(at - block_at); };
        const auto fill = [&](size_t bytes) -> Status {
            if (at >= block_at && at - block_at + bytes <= block.size()) return {};
            auto read = file_->read_at(at, std::max(bytes, kReadBytes));
            if (!read.ok()) return std::move(read).error();
            block = std::move(*read);
            block_at = at;
            return {};
        };
        if (auto status = fill(records::kHeadBytes); !status.ok()) return status;
        size_t record = 0;
        if (records::measure_record(rest(), record) != records::Cut::kWhole) break;
        if (at + record > size) break;
        if (size - at <= kTornBytesMax) {
            if (auto status = fill(record); !status.ok()) return status;
            if (records::cut_record(rest(), record, frames) != records::Cut::kWhole) break;
        }
        at += record;
    }
    return at;
}

Status Appender::keep_torn(uint64_t from, uint64_t size) {
    const auto tail = file_->read_at(from, size - from);
    if (!tail.ok()) return tail.error();
    auto torn = disk_.open(options_.path + ".torn", OpenMode::kTruncate);
    if (!torn.ok()) return std::move(torn).error();
    if (auto status = (*torn)->write_at(0, *tail); !status.ok()) return status;
    if (auto status = (*torn)->sync_data(); !status.ok()) return status;
    return disk_.sync_dir(parent_of(options_.path));
}

Appender::Appended Appender::append(std::string_view bytes, const std::vector<size_t>& ends) {
    if (auto status = mend(); !status.ok()) return {0, std::move(status)};
    if (options_.rotate_bytes > 0 && size_ > 0 && size_ + bytes.size() > options_.rotate_bytes) {
        if (auto status = rotate(); !status.ok()) return {0, std::move(status)};
    }
    needs_mend_ = true;
    Status written = file_->write_at(size_, bytes);
    // Whole messages of a write that failed stay: a reader may have seen them.
    const size_t done = written.ok() ? ends.size() : keep_whole(ends);
    if (done == 0) return {0, std::move(written)};
    if (options_.sync_each) {
        if (auto status = file_->sync_data(); !status.ok()) return {0, std::move(status)};
    }
    size_ += ends[done - 1];
    needs_mend_ = !written.ok();
    return {done, std::move(written)};
}

// How many messages the failed write has got to the file whole.
size_t Appender::keep_whole(const std::vector<size_t>& ends) {
    const auto size = file_->size();
    if (!size.ok() || *size <= size_) return 0;
    const auto first_cut = std::upper_bound(ends.begin(), ends.end(), *size - size_);
    return static_cast<size_t>(first_cut - ends.begin());
}

Status Appender::mend() {
    if (!needs_mend_) return {};
    if (file_ == nullptr) {  // a rotation got half its way
        if (auto status = open_file(); !status.ok()) return status;
        needs_mend_ = false;
        return {};
    }
    const auto size = file_->size();
    if (!size.ok()) return size.error();
    if (*size > size_) {
        if (auto status = file_->resize(size_); !status.ok()) return status;
    }
    needs_mend_ = false;
    return {};
}

bool Appender::is_there(const std::string& path) const {
    return disk_.open(path, OpenMode::kRead).ok();
}

Status Appender::rotate() {
    if (auto status = file_->sync_data(); !status.ok()) return status;
    uint32_t last = 1;  // a gap, if a rotation has once got half its way
    while (last < options_.rotate_keep && is_there(rotated(last)))
        last++;
    for (uint32_t number = last; number > 1; number--) {
        if (auto status = disk_.rename(rotated(number - 1), rotated(number)); !status.ok())
            return status;
    }
    if (auto status = disk_.rename(options_.path, rotated(1)); !status.ok()) return status;
    file_ = nullptr;
    needs_mend_ = true;
    rotations_++;
    return mend();
}

Status Appender::close() {
    if (file_ == nullptr) return {};
    Status status = mend();
    if (status.ok() && file_ != nullptr) status = file_->sync_data();
    file_ = nullptr;
    lock_ = nullptr;
    return status;
}

}  // namespace zbridge::file_sink
