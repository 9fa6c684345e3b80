#include "plugins/file-sink/appender.h"

#include <algorithm>
#include <charconv>

#include "bridge/base/check.h"
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
    const auto size = (*file)->size();
    if (!size.ok()) return size.error();
    // Before it is ours: until its name lasts, nothing in it does.
    if (auto status = disk_.sync_dir(parent_of(options_.path)); !status.ok()) return status;
    file_ = std::move(*file);
    size_ = *size;
    return {};
}

Status Appender::cut_tail() {
    const auto whole = options_.records ? whole_records(size_) : whole_lines(size_);
    if (!whole.ok()) return whole.error();
    if (*whole == size_) return {};
    const uint64_t torn_bytes = size_ - *whole;
    const auto damaged = [&](const char* how) {
        return Status(Code::kInvalid, options_.path + " is damaged at byte " +
                                          std::to_string(*whole) + ", " + how + ": move it away");
    };
    if (torn_bytes > kTornBytesMax) return damaged("long before its end");
    const auto torn = file_->read_at(*whole, torn_bytes);
    if (!torn.ok()) return torn.error();
    if (torn_bytes > kSeveralBytesMax && has_whole_message(*torn))
        return damaged("and has whole messages behind that, which no unfinished write left");
    if (auto status = keep_torn(*torn); !status.ok()) return status;
    torn_bytes_ = torn_bytes;
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

// A batch of one message has nothing behind what is torn of it.
bool Appender::has_whole_message(std::string_view torn) const {
    if (options_.records) return records::find_record(torn, 1).has_value();
    const size_t first = torn.find('\n');
    return first != torn.npos && first + 1 < torn.size();
}

Status Appender::keep_torn(std::string_view torn) {
    torn_path_ = options_.path + ".torn";
    for (uint32_t number = 2; is_there(torn_path_); number++) {
        if (number > kTornFilesMax) {
            return {Code::kInvalid, options_.path + " has an unfinished end, and " + torn_path_ +
                                        " and those before it are there: move them away"};
        }
        torn_path_ = options_.path + ".torn." + std::to_string(number);
    }
    Status kept = write_torn(torn);
    // A start that is tried again and again, on a full disk, would use up all of their names.
    if (!kept.ok()) (void)disk_.remove(torn_path_);  // why it is not kept is what matters
    return kept;
}

Status Appender::write_torn(std::string_view torn) const {
    auto file = disk_.open(torn_path_, OpenMode::kTruncate);
    if (!file.ok()) return std::move(file).error();
    if (auto status = (*file)->write_at(0, torn); !status.ok()) return status;
    if (auto status = (*file)->sync_data(); !status.ok()) return status;
    return disk_.sync_dir(parent_of(options_.path));
}

Appender::Appended Appender::append(std::string_view bytes, const std::vector<size_t>& ends) {
    ZB_CHECK(ends.size() == 1 || bytes.size() <= kSeveralBytesMax, ends.size(), bytes.size());
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

// What a larger rotate_keep has left: nobody renames it any more, and it would stay for ever.
Status Appender::remove_surplus() {
    if (!has_surplus_) return {};
    const std::string folder = parent_of(options_.path);
    const auto names = disk_.list(folder);
    if (!names.ok()) return names.error();
    const std::string prefix = options_.path.substr(options_.path.rfind('/') + 1) + ".";
    for (const std::string& name : *names) {
        if (!name.starts_with(prefix)) continue;
        const std::string_view written = std::string_view(name).substr(prefix.size());
        uint32_t number = 0;
        (void)std::from_chars(written.data(), written.data() + written.size(), number);  // or 0
        if (number <= options_.rotate_keep || number > kRotateKeepMax) continue;
        if (written != std::to_string(number)) continue;  // a name of somebody else's
        if (auto status = disk_.remove(rotated(number)); !status.ok()) return status;
    }
    has_surplus_ = false;
    return {};
}

Status Appender::rotate() {
    if (auto status = file_->sync_data(); !status.ok()) return status;
    if (auto status = remove_surplus(); !status.ok()) return status;
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
