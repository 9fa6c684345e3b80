#include "bridge/base/data_dir.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>

#include "bridge/base/check.h"
#include "bridge/base/crc32c.h"

namespace zbridge {

namespace {

std::string encode(uint32_t epoch) {
    std::string line = fmt::format("zbridge data {} epoch {}", DataDir::kFormat, epoch);
    return line + fmt::format(" crc {:08x}\n", crc32c(line));
}

std::optional<uint32_t> take_number(std::string_view& text, std::string_view before) {
    if (!text.starts_with(before)) return std::nullopt;
    uint32_t number = 0;
    const char* const start = text.data() + before.size();
    const auto [end, error] = std::from_chars(start, text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return number;
}

// The epoch in the file, which must be there.
Result<uint32_t> decode(const std::string& path, std::string_view text) {
    std::string_view rest = text;
    const auto format = take_number(rest, "zbridge data ");
    if (format && *format != DataDir::kFormat) {
        return Status(
            Code::kInvalid,
            fmt::format(
                "{} has the format {}, this zbridge knows {}: it was written by a {} version", path,
                *format, DataDir::kFormat, *format > DataDir::kFormat ? "newer" : "much older"));
    }
    const auto epoch = take_number(rest, " epoch ");
    if (!format || !epoch || *epoch == 0 || encode(*epoch) != text) {
        return Status(
            Code::kInvalid,
            path + " is damaged: restore it from a backup, or start with another data directory");
    }
    return *epoch;
}

// 0: there is no such file.
Result<uint32_t> read_epoch(Disk& disk, const std::string& path) {
    auto text = read_file(disk, path);
    if (text.ok()) return decode(path, *text);
    if (text.error().code() == Code::kNotFound) return uint32_t{0};
    return std::move(text).error();
}

}  // namespace

Result<std::unique_ptr<DataDir>> DataDir::open(Disk& disk, const std::string& path,
                                               uint32_t first_epoch) {
    ZB_CHECK(first_epoch > 0);
    auto made = disk.make_dir(path);
    if (!made.ok() && made.code() != Code::kBusy)
        return std::move(made).with_context("the data directory");
    // Also when it was there: its maker may have crashed before this.
    if (auto synced = disk.sync_dir(parent_of(path)); !synced.ok()) {
        return std::move(synced).with_context("the data directory " + path);
    }

    auto lock = disk.lock(path + "/lock");
    if (!lock.ok()) {
        if (lock.error().code() == Code::kBusy) {
            return Status(Code::kBusy, "another bridge runs on the data directory " + path +
                                           ": it holds " + path +
                                           "/lock; expected a bridge.name or bridge.data_dir "
                                           "of its own");
        }
        return std::move(lock).error().with_context("the data directory");
    }
    std::unique_ptr<DataDir> dir(new DataDir(disk, path, std::move(*lock)));
    if (auto begun = dir->begin_life(first_epoch); !begun.ok()) return begun;
    return dir;
}

Status DataDir::begin_life(uint32_t first_epoch) {
    const auto last = read_epoch(disk_, path_ + "/epoch");
    if (!last.ok()) return last.error();
    // A mark that cannot be read is none of the last life's: the epoch is what must be right.
    const auto clean = read_epoch(disk_, path_ + "/clean");
    const bool marked = !clean.ok() || *clean != 0;
    if (*last == 0 && marked) {
        return {
            Code::kInvalid,
            path_ + "/epoch is missing, though a bridge has run here (" + path_ +
                "/clean is there): restore it from a backup, or start with another data directory"};
    }
    if (*last == std::numeric_limits<uint32_t>::max()) {
        return {Code::kInvalid,
                path_ + "/epoch has reached its end: start with another data directory"};
    }
    epoch_ = *last == 0 ? first_epoch : *last + 1;
    was_clean_ = clean.ok() && *clean == *last;
    if (auto status = replace_file(disk_, path_ + "/epoch", encode(epoch_)); !status.ok())
        return status;
    // The mark is of an older life by now; it goes so that nobody is misled who looks into the
    // directory.
    auto removed = disk_.remove(path_ + "/clean");
    if (!removed.ok() && removed.code() != Code::kNotFound) return removed;
    reserve_next();
    return {};
}

// What replace_file() will write is there already, and has its room.
void DataDir::reserve_next() {
    constexpr uint64_t kBytesMax = 4096;  // of a line that is shorter
    for (const char* name : {"/epoch.tmp", "/clean.tmp"}) {
        auto file = disk_.open(path_ + name, OpenMode::kWrite);
        // There may be no room: then it is tried without, when the time comes.
        if (file.ok()) (void)(*file)->reserve(kBytesMax);
    }
}

Status DataDir::mark_clean() {
    return replace_file(disk_, path_ + "/clean", encode(epoch_));
}

}  // namespace zbridge
