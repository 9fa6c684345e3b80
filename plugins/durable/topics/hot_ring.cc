#include "plugins/durable/topics/hot_ring.h"

#include <algorithm>

namespace zbridge::durable {

void HotRing::add(const Place& place, Body body) {
    ZB_CHECK(batches_.empty() || before(batches_.back().place, place), place.segment,
             place.position);
    bytes_ += BatchMemory::capacity_for(body.bytes.size());
    batches_.push_back({place, std::move(body)});
    while (bytes_ > bytes_max_ && batches_.size() > 1) {
        Body& oldest = batches_.front().body;
        bytes_ -= BatchMemory::capacity_for(oldest.bytes.size());
        ChunkRef chunk = std::move(oldest.chunk);
        batches_.pop_front();
        pool_.give_back(std::move(chunk));
    }
}

const Body* HotRing::find(const Place& place) const {
    const auto found =
        std::partition_point(batches_.begin(), batches_.end(),
                             [&](const Batch& each) { return before(each.place, place); });
    if (found == batches_.end() || before(place, found->place)) return nullptr;
    return &found->body;
}

}  // namespace zbridge::durable
