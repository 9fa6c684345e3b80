#include "plugins/durable/journal/segment_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "bridge/base/crc32c.h"
#include "plugins/durable/journal/little_endian.h"

namespace zbridge::durable {

std::string encode(const SegmentHeader& header) {
    std::string bytes(kSegmentHeadBytes, '\0');
    char* const at = bytes.data();
    put_le(at, SegmentHeader::kMagic);
    put_le(at + 8, SegmentHeader::kVersion);
    std::memcpy(at + 16, header.store.bytes.data(), StoreId::kBytes);
    put_le(at + 32, header.segment);
    put_le(at + 40, number(header.first));
    put_le(at + 48, header.prev_crc);
    put_le(at + 52, header.prev_end);
    put_le(at + 56, header.created_us);
    put_le(at + 64, header.reused_from);
    put_le(at + 72, header.file_bytes);
    put_le(at + 4, crc32c(std::string_view(bytes).substr(8)));
    return bytes;
}

SegmentHead decode_segment_head(std::string_view bytes) {
    SegmentHead head;
    const bool zero = std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
    const bool ours = bytes.size() >= 4 && get_le<uint32_t>(bytes.data()) == SegmentHeader::kMagic;
    const char* const at = bytes.data();
    const bool summed = bytes.size() >= kSegmentHeadBytes &&
                        get_le<uint32_t>(at + 4) == crc32c(bytes.substr(8, kSegmentHeadBytes - 8));
    if (!ours || !summed) {
        head.kind =
            ours || zero || summed ? SegmentHead::Kind::kDamaged : SegmentHead::Kind::kForeign;
        return head;
    }
    head.version = get_le<uint32_t>(at + 8);
    if (head.version != SegmentHeader::kVersion) {
        head.kind = SegmentHead::Kind::kNewer;
        return head;
    }
    head.kind = SegmentHead::Kind::kWhole;
    std::memcpy(head.header.store.bytes.data(), at + 16, StoreId::kBytes);
    head.header.segment = get_le<uint64_t>(at + 32);
    head.header.first = Seq{get_le<uint64_t>(at + 40)};
    head.header.prev_crc = get_le<uint32_t>(at + 48);
    head.header.prev_end = get_le<uint32_t>(at + 52);
    head.header.created_us = get_le<int64_t>(at + 56);
    head.header.reused_from = get_le<uint64_t>(at + 64);
    head.header.file_bytes = get_le<uint64_t>(at + 72);
    return head;
}

std::string segment_name(uint64_t segment) {
    return fmt::format("{:016x}.seg", segment);
}

std::optional<uint64_t> parse_segment_name(std::string_view name) {
    uint64_t segment = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), segment, 16);
    if (error != std::errc() || segment_name(segment) != name) return std::nullopt;
    return segment;
}

}  // namespace zbridge::durable
