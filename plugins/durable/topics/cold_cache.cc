#include "plugins/durable/topics/cold_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace zbridge::durable {

const Body* ColdCache::find(const Place& place) {
    const auto found = batches_.find(key_of(place));
    if (found == batches_.end() || found->second->loading) return nullptr;
    line_.splice(line_.begin(), line_, found->second);
    asked_for(*found->second);
    found->second->fresh_until = 0;
    return &found->second->body;
}

bool ColdCache::load_ahead(const Place& place, TopicId topic) {
    if (ahead_bytes_ + place.body_bytes > bytes_max_ / 2 || !load(place, topic)) return false;
    line_.front().ahead = true;
    ahead_bytes_ += place.body_bytes;
    return true;
}

void ColdCache::asked_for(Batch& batch) {
    if (std::exchange(batch.ahead, false)) ahead_bytes_ -= batch.place.body_bytes;
}

bool ColdCache::load(const Place& place, TopicId topic) {
    const Key key = key_of(place);
    const auto found = batches_.find(key);
    if (found != batches_.end()) {
        asked_for(*found->second);
        auto& topics = found->second->topics;
        if (std::find(topics.begin(), topics.end(), topic) == topics.end()) topics.push_back(topic);
        return true;
    }
    if (loads_ == kLoadsMax) return false;
    const size_t bytes = BatchMemory::capacity_for(place.body_bytes);
    Body body{memory_.allocate(bytes), {}};
    char* const into = body.chunk->data();
    if (!store_.read(place, into, [this, key](const Status& status) { on_read(key, status); }))
        return false;
    body.chunk->commit(bytes);
    body.bytes = {into + BatchMemory::kHeadBytes, place.body_bytes};
    line_.push_front({place, std::move(body), true, false, 0, {topic}});
    batches_.emplace(key, line_.begin());
    bytes_ += place.body_bytes;
    loads_++;
    evict();
    return true;
}

void ColdCache::on_read(const Key& key, const Status& status) {
    loads_--;
    loads_done_++;
    const auto found = batches_.find(key);
    ZB_CHECK(found != batches_.end(), key.first, key.second);
    Batch& batch = *found->second;
    batch.loading = false;
    batch.fresh_until = loads_done_ + kLoadsMax;
    std::vector<TopicId> topics = std::move(batch.topics);
    batch.topics.clear();
    const Place place = batch.place;
    if (!status.ok()) give_up(place, status);
    tell(std::move(topics));
    evict();
}

// These, and those that wait for any.
void ColdCache::tell(std::vector<TopicId> topics) {
    std::copy(waiting_.begin(), waiting_.end(), std::back_inserter(topics));
    waiting_.clear();
    std::sort(topics.begin(), topics.end());
    topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
    for (const TopicId topic : topics)
        listener_.on_batch_loaded(topic);
}

void ColdCache::give_up(const Place& place, const Status& why) {
    if (!damaged_.insert(key_of(place)).second) return;
    damaged_count_++;
    remove(key_of(place));
    listener_.on_batch_damaged(place, why);
}

void ColdCache::forget_segment(uint64_t segment) {
    std::erase_if(damaged_, [&](const Key& key) { return key.first == segment; });
    for (auto each = batches_.lower_bound({segment, 0});
         each != batches_.end() && each->first.first == segment;) {
        const Key key = each->first;
        const bool loading = each->second->loading;
        ++each;
        if (!loading) remove(key);
    }
}

// Of what may go, the one that was asked for longest ago goes first.
void ColdCache::evict() {
    for (auto each = line_.end(); bytes_ > bytes_max_ && each != line_.begin();) {
        --each;
        if (stays(*each)) continue;
        const Key key = key_of(each->place);
        ++each;
        remove(key);
    }
}

void ColdCache::remove(const Key& key) {
    const auto found = batches_.find(key);
    if (found == batches_.end()) return;
    bytes_ -= found->second->place.body_bytes;
    asked_for(*found->second);
    line_.erase(found->second);
    batches_.erase(found);
}

}  // namespace zbridge::durable
