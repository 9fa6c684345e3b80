// What a consumer was given before, given once more: it does not know whether that came.
#include <algorithm>

#include "plugins/durable/groups/group.h"
#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

// False: none of it is open any more. What has to be read from the disk is waited for: all of it is
// there before any is given.
bool Group::give_once_more(Wanted& wanted) {
    const std::vector<LeasedRange> parts = open_of(*wanted.asked);
    bool waits = std::any_of(parts.begin(), parts.end(), [&](const LeasedRange& part) {
        return behind_.seek(part.range.first) == Reader::Found::kLater;
    });
    for (size_t i = 0; !waits && i < parts.size(); i++)
        waits = !lend_once_more(wanted, parts[i]);
    starving_ = starving_ || waits;
    return waits || wanted.count > 0;
}

std::vector<LeasedRange> Group::open_of(const zb_receive& asked) const {
    std::vector<LeasedRange> parts;
    for (uint32_t i = 0; i < asked.again_count; i++) {
        const auto token = Token::from_c(asked.again[i].token);
        if (!token || token->group != id_ || token->epoch != epoch_) continue;
        for (OffsetRange rest{token->offset, asked.again[i].count}; rest.count > 0;) {
            const auto part = leases_.first_of(rest);
            if (!part) break;
            const Offset end = part->range.end();
            if (part->lease.attempt == token->attempt && part->lease.grant == token->grant)
                parts.push_back(*part);
            rest = {end, rest.end() - end};
        }
    }
    return parts;
}

// Run by run, as it lies in memory, as long as there is room for more deliveries. False: it has to be
// read first, after all.
bool Group::lend_once_more(Wanted& wanted, const LeasedRange& part) {
    for (Offset at = part.range.first; at < part.range.end();) {
        const Reader::Found found = behind_.seek(at);
        if (found == Reader::Found::kLater) return false;
        if (found == Reader::Found::kEnd || wanted.count == wanted.deliveries_max) return true;
        zb_run run = behind_.front();
        const Offset first{run.first_offset};
        if (first >= part.range.end()) return true;
        const auto left =
            static_cast<uint32_t>(std::min<uint64_t>(part.range.end() - first, UINT32_MAX));
        ZB_CHECK(cut_back(run, left, UINT64_MAX), run.first_offset);
        LeasedRange its{{first, run.count}, part.lease, run.bytes};
        leases_.remove(its.range);
        its.lease.until = wanted.until;
        leases_.add(its);
        hand_out(wanted, run, its.lease);
        at = its.range.end();
    }
    return true;
}

}  // namespace zbridge::durable
