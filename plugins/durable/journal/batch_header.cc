#include "plugins/durable/journal/batch_header.h"

#include <cstring>

#include "bridge/base/crc32c.h"
#include "plugins/durable/journal/little_endian.h"

namespace zbridge::durable {

namespace {

uint32_t sum(const char* at, const StoreId& store) {
    return crc32c({at + 8, kBatchHeadBytes - 8}, crc32c(store.view()));
}

}  // namespace

void encode(const BatchHeader& header, const StoreId& store, char* at) {
    put_le(at, BatchHeader::kMagic);
    put_le(at + 8, header.segment);
    put_le(at + 16, number(header.seq));
    put_le(at + 24, number(header.synced));
    put_le(at + 32, header.prev_crc);
    put_le(at + 36, header.body_crc);
    put_le(at + 40, header.body_bytes);
    put_le(at + 44, header.records);
    put_le(at + 48, header.time_us);
    put_le(at + 56, header.flags);
    std::memset(at + 58, 0, 6);
    put_le(at + 4, sum(at, store));
}

std::optional<BatchHeader> decode_batch_header(const char* at, const StoreId& store) {
    if (get_le<uint32_t>(at) != BatchHeader::kMagic) return std::nullopt;
    if (get_le<uint32_t>(at + 4) != sum(at, store)) return std::nullopt;
    BatchHeader header;
    header.segment = get_le<uint64_t>(at + 8);
    header.seq = Seq{get_le<uint64_t>(at + 16)};
    header.synced = Seq{get_le<uint64_t>(at + 24)};
    header.prev_crc = get_le<uint32_t>(at + 32);
    header.body_crc = get_le<uint32_t>(at + 36);
    header.body_bytes = get_le<uint32_t>(at + 40);
    header.records = get_le<uint32_t>(at + 44);
    header.time_us = get_le<int64_t>(at + 48);
    header.flags = get_le<uint16_t>(at + 56);
    return header;
}

}  // namespace zbridge::durable
