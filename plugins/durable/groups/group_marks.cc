// Messages that are settled by name, not by a consumer: dead letters that were published again, or
// removed.
#include <algorithm>

#include "plugins/durable/groups/group.h"

namespace zbridge::durable {

zb_taken Group::mark(Offset offset, const zb_publication* publications, uint32_t count,
                     zb_receipt& receipt) {
    static constexpr std::string_view kFull =
        "too many dead letters here and there are done with: remove the oldest ones first";
    if (settled_.pages() >= kMarkPagesMax && !settled_.has_page(offset)) {
        receipt.reason = {kFull.data(), kFull.size()};
        return ZB_STORE_FULL;
    }
    const Offset cursor = std::max(cursor_, offset + 1);
    if (count > 0) {
        const std::string payload = write_acks({id_, cursor, {{offset, 1}}});
        Companion with{RecordType::kAcks, payload};
        with.again = true;
        const zb_taken taken = world_.topics->publish(publications, count, receipt, &with);
        if (taken != ZB_TAKEN) return taken;
        written_cursor_ = cursor;
    } else {
        acks_.add({offset, 1});
    }
    cursor_ = cursor;
    counters_.acked++;
    mark_settled({offset, 1});
    raise_floor();
    return ZB_TAKEN;
}

void Group::forget_below(Offset topic_floor) {
    if (topic_floor <= floor_) return;
    cursor_ = std::max(cursor_, topic_floor);
    mark_settled({floor_, topic_floor - floor_});
    raise_floor();
}

uint64_t Group::marked(Offset topic_floor) const {
    const Offset below = std::max(floor_, topic_floor);
    return below - topic_floor + settled_.count_from(below);
}

}  // namespace zbridge::durable
