#include "plugins/durable/journal/segment_digest.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <utility>

#include "bridge/base/crc32c.h"
#include "plugins/durable/journal/little_endian.h"
#include "plugins/durable/journal/segment_header.h"
#include "plugins/durable/record.h"

namespace zbridge::durable {

DigestHead DigestHead::of(const StoreId& store, const SealedSegment& sealed) {
    DigestHead head;
    head.store = store;
    head.segment = sealed.segment;
    head.first = sealed.begin.first;
    head.batches = static_cast<uint32_t>(number(sealed.end.first) - number(sealed.begin.first));
    head.prev_crc = sealed.begin.prev_crc;
    head.last_crc = sealed.end.prev_crc;
    head.end = sealed.end.prev_end;
    return head;
}

std::string encode(const DigestHead& head) {
    std::string bytes(DigestHead::kBytes, '\0');
    char* const at = bytes.data();
    put_le(at, DigestHead::kMagic);
    put_le(at + 8, DigestHead::kVersion);
    put_le(at + 12, head.batches);
    std::memcpy(at + 16, head.store.bytes.data(), StoreId::kBytes);
    put_le(at + 32, head.segment);
    put_le(at + 40, number(head.first));
    put_le(at + 48, head.prev_crc);
    put_le(at + 52, head.last_crc);
    put_le(at + 56, head.end);
    return bytes;
}

void put_digest_crc(std::string& head, uint32_t crc) {
    put_le(head.data() + 4, crc);
}

void append_digested(std::string& bytes, const BatchHeader& header, std::string_view short_body) {
    append_varint(bytes, header.body_bytes);
    append_varint(bytes, header.flags);
    append_varint(bytes, short_body.size());
    bytes.append(short_body);
}

Result<SegmentDigest> SegmentDigest::parse(std::string bytes, const StoreId& store) {
    const auto no = [](std::string why) { return Status(Code::kInvalid, std::move(why)); };
    if (bytes.size() < DigestHead::kBytes) return no("it is cut off");
    const char* const at = bytes.data();
    if (get_le<uint32_t>(at) != DigestHead::kMagic) return no("it is no digest");
    if (get_le<uint32_t>(at + 4) != crc32c(std::string_view(bytes).substr(8)))
        return no("it is damaged, or cut off");
    if (const auto version = get_le<uint32_t>(at + 8); version != DigestHead::kVersion)
        return no(fmt::format("it has the format {}, this zbridge knows {}", version,
                              DigestHead::kVersion));
    DigestHead head;
    head.batches = get_le<uint32_t>(at + 12);
    std::memcpy(head.store.bytes.data(), at + 16, StoreId::kBytes);
    head.segment = get_le<uint64_t>(at + 32);
    head.first = Seq{get_le<uint64_t>(at + 40)};
    head.prev_crc = get_le<uint32_t>(at + 48);
    head.last_crc = get_le<uint32_t>(at + 52);
    head.end = get_le<uint32_t>(at + 56);
    if (head.store != store) return no("it is of another store");
    SegmentDigest digest(std::move(bytes), head);
    if (!digest.is_sound()) return no("its batches are not those that its head tells of");
    return digest;
}

Result<SegmentDigest> SegmentDigest::load(Disk& disk, const std::string& path,
                                          const StoreId& store) {
    auto bytes = read_file(disk, path);
    if (!bytes.ok()) return std::move(bytes).error();
    return parse(*std::move(bytes), store);
}

void SegmentDigest::rewind() {
    at_ = DigestHead::kBytes;
    left_ = head_.batches;
    seq_ = head_.first;
    segment_ = head_.segment;
    position_ = kSegmentHeadBytes;
}

// Reads all of it once: then next() cannot fail.
bool SegmentDigest::is_sound() {
    uint32_t batches = 0;
    while (next())
        batches++;
    const bool sound = batches == head_.batches && at_ == bytes_.size() && position_ == head_.end;
    rewind();
    return sound;
}

std::optional<SegmentDigest::Batch> SegmentDigest::next() {
    if (left_ == 0) return std::nullopt;
    std::string_view rest = std::string_view(bytes_).substr(at_);
    const auto body_bytes = take_varint(rest);
    const auto flags = body_bytes ? take_varint(rest) : std::nullopt;
    const auto short_bytes = flags ? take_varint(rest) : std::nullopt;
    if (!short_bytes || *short_bytes > rest.size() || *flags > UINT16_MAX ||
        *body_bytes > UINT32_MAX || position_ > UINT32_MAX)
        return std::nullopt;
    const Batch batch{
        seq_,
        {segment_, static_cast<uint32_t>(position_), static_cast<uint32_t>(*body_bytes)},
        static_cast<uint16_t>(*flags),
        rest.substr(0, static_cast<size_t>(*short_bytes))};
    at_ = bytes_.size() - rest.size() + batch.body.size();
    left_--;
    seq_ = durable::next(seq_);
    position_ += BatchMemory::capacity_for(batch.place.body_bytes);
    return batch;
}

std::string digest_name(uint64_t segment) {
    return fmt::format("{:016x}.idx", segment);
}

std::optional<uint64_t> parse_digest_name(std::string_view name) {
    uint64_t segment = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), segment, 16);
    if (error != std::errc() || digest_name(segment) != name) return std::nullopt;
    return segment;
}

}  // namespace zbridge::durable
