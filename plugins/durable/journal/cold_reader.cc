#include "plugins/durable/journal/cold_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "bridge/base/crc32c.h"

namespace zbridge::durable {

std::optional<BatchHeader> ColdReader::head_of(const Place& place) {
    const auto file = file_of(place.segment);
    if (!file.ok()) return std::nullopt;
    char head[kBatchHeadBytes];
    const auto got = (*file)->read_into(place.position, head, kBatchHeadBytes);
    if (!got.ok() || *got < kBatchHeadBytes) return std::nullopt;
    const auto header = decode_batch_header(head, store_);
    return header && header->segment == place.segment ? header : std::nullopt;
}

Status ColdReader::read(const Place& place, char* into) {
    const auto bad = [&](const std::string& why) {
        return Status(Code::kIo, fmt::format("{}/{}, offset {}: {}", folder_,
                                             segment_name(place.segment), place.position, why));
    };
    auto file = file_of(place.segment);
    if (!file.ok()) return bad(file.error().message());
    const size_t bytes = BatchMemory::capacity_for(place.body_bytes);
    const auto got = bytes >= kDirectBytesMin ? (*file)->read_direct(place.position, into, bytes)
                                              : (*file)->read_into(place.position, into, bytes);
    if (!got.ok()) return bad(got.error().message());
    const auto header = *got < kBatchHeadBytes ? std::nullopt : decode_batch_header(into, store_);
    if (!header || header->segment != place.segment || header->body_bytes != place.body_bytes)
        return bad("the batch that should stand here does not");
    const std::string_view body(into + kBatchHeadBytes, place.body_bytes);
    if (*got < kBatchHeadBytes + body.size() || crc32c(body) != header->body_crc)
        return bad("the batch is damaged");
    return {};
}

void ColdReader::forget(uint64_t segment) {
    open_.remove_if([&](const Open& each) { return each.segment == segment; });
}

Result<File*> ColdReader::file_of(uint64_t segment) {
    const auto found = std::find_if(open_.begin(), open_.end(),
                                    [&](const Open& each) { return each.segment == segment; });
    if (found != open_.end()) {
        open_.splice(open_.begin(), open_, found);
        return open_.front().file.get();
    }
    auto file = disk_.open(folder_ + "/" + segment_name(segment), OpenMode::kRead);
    if (!file.ok()) return std::move(file).error();
    if (open_.size() == kOpenFilesMax) open_.pop_back();
    open_.push_front({segment, *std::move(file)});
    return open_.front().file.get();
}

}  // namespace zbridge::durable
