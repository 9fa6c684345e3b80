#include "plugins/durable/journal/appender.h"

#include <cstring>

#include "bridge/base/crc32c.h"
#include "plugins/durable/journal/segment_file.h"

namespace zbridge::durable {

void Appender::begin(std::unique_ptr<File> file, uint32_t prev_crc, bool fresh) {
    if (fresh) digest_.begin();
    file_ = std::move(file);
    prev_crc_ = prev_crc;
}

Appender::Outcome Appender::append(Task task) {
    if (!failure_.ok()) return {failure_, {}, {}, {}};
    Outcome outcome = try_append(task);
    failure_ = outcome.status;
    return outcome;
}

Appender::Outcome Appender::try_append(Task& task) {
    Outcome outcome;
    if (task.roll) {
        outcome.status = roll(*task.roll);
        if (!outcome.status.ok()) return outcome;
        outcome.rolled_after = prev_crc_;
        outcome.digested = digest_.end();
        digest_.begin();
    }
    BatchHeader& header = task.header;
    char* const at = task.memory.data;
    const size_t used = kBatchHeadBytes + task.memory.body_bytes;
    header.prev_crc = prev_crc_;
    header.body_crc = crc32c({at + kBatchHeadBytes, task.memory.body_bytes});
    header.body_bytes = static_cast<uint32_t>(task.memory.body_bytes);
    encode(header, store_, at);
    std::memset(at + used, 0, header.padded_bytes() - used);
    outcome.status = file_->write_direct(task.position, {at, header.padded_bytes()});
    if (!outcome.status.ok()) return outcome;
    prev_crc_ = header.body_crc;
    unsynced_ = true;
    digest_.take(header, {at + kBatchHeadBytes, task.memory.body_bytes});
    if (!task.memory.sync) return outcome;

    const Instant start = clock_.now();
    outcome.status = file_->sync_data();
    outcome.sync_time = clock_.now() - start;
    unsynced_ = !outcome.status.ok();
    return outcome;
}

// The old segment is synced before the new one exists: that there is a later one proves all of it.
Status Appender::roll(Task::Roll& roll) {
    if (unsynced_) {
        if (auto status = file_->sync_data(); !status.ok()) return status;
        unsynced_ = false;
    }
    roll.header.prev_crc = prev_crc_;
    auto file = begin_segment(disk_, folder_, roll.source, roll.header);
    if (!file.ok()) return std::move(file).error();
    file_ = *std::move(file);
    return {};
}

}  // namespace zbridge::durable
