#include "plugins/durable/journal/remains.h"

#include <algorithm>
#include <cstring>

namespace zbridge::durable {

namespace {

bool all_zero(std::string_view bytes) {
    return bytes.empty() ||
           (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

// Calls `visit(position, sector, header)` for each sector from the gap on, until it says false.
template <class Visit>
Status for_each_sector(SegmentBytes& bytes, const Gap& gap, Visit visit) {
    for (uint64_t at = gap.position; at < bytes.bytes(); at += kSectorBytes) {
        const auto sector = bytes.view(at, kSectorBytes);
        if (!sector.ok()) return sector.error();
        std::optional<BatchHeader> header;
        if (sector->size() >= kBatchHeadBytes)
            header = decode_batch_header(sector->data(), bytes.store());
        const auto goes_on = visit(at, *sector, header);
        if (!goes_on.ok()) return goes_on.error();
        if (!*goes_on) break;
    }
    return {};
}

}  // namespace

Result<std::optional<BatchAhead>> look_ahead(SegmentBytes& bytes, const Gap& gap,
                                             std::optional<Seq> below) {
    std::optional<BatchAhead> ahead;
    auto status = for_each_sector(
        bytes, gap,
        [&](uint64_t at, std::string_view,
            const std::optional<BatchHeader>& header) -> Result<bool> {
            if (!header || header->segment != gap.segment || header->seq < gap.expected)
                return true;
            if (below && header->seq >= *below) return true;
            const auto batch = bytes.batch_at(at);
            if (!batch.ok()) return batch.error();
            if (batch->whole) ahead = {at, header->seq};
            return !ahead;
        });
    if (!status.ok()) return status;
    return ahead;
}

Result<HeaderWitness> find_witness(SegmentBytes& bytes, const Gap& gap) {
    HeaderWitness witness;
    auto status =
        for_each_sector(bytes, gap,
                        [&](uint64_t at, std::string_view,
                            const std::optional<BatchHeader>& header) -> Result<bool> {
                            if (!header || header->segment < gap.segment ||
                                header->seq <= gap.expected || header->synced < gap.expected)
                                return true;
                            if (!witness.first) witness.first = {at, header->seq};
                            witness.highest = std::max(witness.highest, header->seq);
                            return true;
                        });
    if (!status.ok()) return status;
    return witness;
}

Result<uint64_t> end_of_remains(SegmentBytes& bytes, const Gap& gap) {
    uint64_t end = gap.position;
    auto status = for_each_sector(bytes, gap,
                                  [&](uint64_t at, std::string_view sector,
                                      const std::optional<BatchHeader>& header) -> Result<bool> {
                                      if (header && header->segment < gap.segment) return false;
                                      if (!all_zero(sector)) end = at + sector.size();
                                      return true;
                                  });
    if (!status.ok()) return status;
    return end;
}

}  // namespace zbridge::durable
