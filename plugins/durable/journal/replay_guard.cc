#include "plugins/durable/journal/replay_guard.h"

#include <fmt/format.h>

#include "bridge/base/crc32c.h"
#include "plugins/durable/journal/little_endian.h"

namespace zbridge::durable {

namespace {

constexpr uint32_t kMagic = 0x5053425a;  // "ZBSP"
constexpr size_t kEntryBytes = 56;

std::string encode(const ReplayGuard::Entry& entry) {
    std::string bytes(kEntryBytes, '\0');
    char* const at = bytes.data();
    put_le(at, kMagic);
    put_le(at + 8, entry.boot);
    put_le(at + 16, entry.deaths);
    put_le(at + 24, entry.suspect);
    put_le(at + 32, entry.batch);
    put_le(at + 40, entry.segment);
    put_le(at + 48, entry.position);
    put_le(at + 4, crc32c(std::string_view(bytes).substr(8)));
    return bytes;
}

// None: no whole entry. Then nobody knows, and counting begins anew.
std::optional<ReplayGuard::Entry> decode(std::string_view bytes) {
    if (bytes.size() != kEntryBytes || get_le<uint32_t>(bytes.data()) != kMagic ||
        get_le<uint32_t>(bytes.data() + 4) != crc32c(bytes.substr(8)))
        return std::nullopt;
    const char* const at = bytes.data();
    return ReplayGuard::Entry{get_le<uint64_t>(at + 8),  get_le<uint64_t>(at + 16),
                              get_le<uint64_t>(at + 24), get_le<uint64_t>(at + 32),
                              get_le<uint64_t>(at + 40), get_le<uint64_t>(at + 48)};
}

// One more opening did not come to its end. The first one did not say at which batch; a later one
// that was at none was killed, by a supervisor who does not wait, say: that is no batch's fault.
void count(ReplayGuard::Entry& entry) {
    if (entry.batch == 0 && entry.deaths > 0) return;
    const bool other = entry.batch != 0 && entry.suspect != 0 && entry.batch != entry.suspect;
    entry.deaths = other ? 1 : entry.deaths + 1;
    if (entry.batch != 0) entry.suspect = entry.batch;
}

}  // namespace

Result<std::unique_ptr<ReplayGuard>> ReplayGuard::begin(Disk& disk, const std::string& folder,
                                                        std::optional<Seq> skip) {
    const std::string path = folder + "/" + std::string(kName);
    const auto bytes = read_file(disk, path);
    Entry entry;
    entry.boot = crc32c(disk.boot());
    if (const auto found = bytes.ok() ? decode(*bytes) : std::nullopt;
        found && found->boot == entry.boot) {
        entry = *found;
        count(entry);
    }
    if (entry.deaths >= kDeathsMax && entry.suspect != 0 && skip != Seq{entry.suspect}) {
        return Status(
            Code::kInvalid,
            fmt::format("{}/{}, offset {}: {} starts have ended while they took in batch {}. "
                        "To start without it, at the cost of what it holds: --skip {}",
                        folder, segment_name(entry.segment), entry.position, entry.deaths,
                        entry.suspect, entry.suspect));
    }
    entry.batch = 0;
    std::unique_ptr<ReplayGuard> guard(new ReplayGuard(disk, path, entry));
    if (auto status = guard->open(); !status.ok() && status.code() != Code::kNoSpace) return status;
    return guard;
}

// Where the disk is full nobody counts, and the start goes on.
Status ReplayGuard::open() {
    auto file = disk_.open(path_, OpenMode::kTruncate);
    if (!file.ok()) return std::move(file).error();
    file_ = *std::move(file);
    auto status = write();
    if (!status.ok()) file_.reset();
    return status;
}

ReplayGuard::~ReplayGuard() {
    // Left behind it makes the next opening slower, and is removed by that one.
    (void)disk_.remove(path_);
}

Status ReplayGuard::on_batch(Seq seq, const Place& place) {
    if (entry_.deaths == 0) return {};  // a first time is not expected, and costs nothing
    entry_.batch = number(seq);
    entry_.segment = place.segment;
    entry_.position = place.position;
    return write();
}

Status ReplayGuard::on_taken() {
    if (entry_.deaths == 0) return {};
    entry_.batch = 0;
    return write();
}

Status ReplayGuard::write() {
    if (!file_) return {};
    return file_->write_at(0, encode(entry_));
}

}  // namespace zbridge::durable
