// Batches that were read from the log, for readers that are far behind.
//
// Flow:    load() -> Store::read() -> on_batch_loaded() -> find()
// Thread:  the reactor.
// Failure: a batch that the log cannot give any more is damaged(): told once by on_batch_damaged(),
//          and never read again.
// Limits:  bytes_max of batches; the one that was asked for longest ago goes first. Above it stay
//          those that are being read, and those that were read for somebody who has not come yet,
//          until kLoadsMax others are there. So each reader sees what it waited for.
//          kLoadsMax are read at once: beyond that load() says no, and on_batch_loaded() of another
//          is the time for another try.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/base/memory.h"
#include "plugins/durable/ids.h"
#include "plugins/durable/store.h"
#include "plugins/durable/topics/hot_ring.h"

namespace zbridge::durable {

class ColdCacheListener {
 public:
    virtual ~ColdCacheListener() = default;
    // For a reader of this topic.
    virtual void on_batch_loaded(TopicId topic) = 0;
    virtual void on_batch_damaged(const Place& place, const Status& why) = 0;
};

class ColdCache {
 public:
    static constexpr size_t kLoadsMax = 16;

    // All outlive it.
    ColdCache(Store& store, MemoryBudget& memory, size_t bytes_max, ColdCacheListener& listener)
        : store_(store), memory_(memory), bytes_max_(bytes_max), listener_(listener) {}
    ColdCache(const ColdCache&) = delete;
    ColdCache& operator=(const ColdCache&) = delete;

    // Null: it is not there. What is asked for stays longest.
    const Body* find(const Place& place);
    // Whether it was read ahead, and nobody has asked for it yet.
    bool is_ahead(const Place& place) const {
        const auto found = batches_.find(key_of(place));
        return found != batches_.end() && found->second->ahead;
    }
    bool has(const Place& place) const { return batches_.contains(key_of(place)); }
    bool damaged(const Place& place) const { return damaged_.contains(key_of(place)); }

    // Reads it, for a reader of this topic. False: as many as may be are being read.
    bool load(const Place& place, TopicId topic);
    // Likewise: it will be asked for soon. False too where half of the cache is such already.
    // REQUIRES: !has(place).
    bool load_ahead(const Place& place, TopicId topic);
    // This topic too is told when any batch is there.
    void wait(TopicId topic) { waiting_.insert(topic); }
    // Nothing is being read, but somebody waits: the log took no read.
    bool stuck() const { return loads_ == 0 && !waiting_.empty(); }
    void tell_waiting() { tell({}); }

    // What lies there is not what was written.
    void give_up(const Place& place, const Status& why);
    // Its batches are not there any more.
    void forget_segment(uint64_t segment);

    size_t loads() const { return loads_; }
    size_t bytes() const { return bytes_; }
    uint64_t damaged_batches() const { return damaged_count_; }

 private:
    using Key = std::pair<uint64_t, uint32_t>;  // segment, position
    struct Batch {
        Place place;
        Body body;
        bool loading = true;
        bool ahead = false;           // nobody has asked for it yet
        uint64_t fresh_until = 0;     // it stays until so many were read, or it is asked for
        std::vector<TopicId> topics;  // that wait for it
    };
    using Batches = std::list<Batch>;

    static Key key_of(const Place& place) { return {place.segment, place.position}; }
    void on_read(const Key& key, const Status& status);
    void tell(std::vector<TopicId> topics);
    bool stays(const Batch& batch) const {
        return batch.loading || batch.fresh_until > loads_done_;
    }
    void evict();
    void asked_for(Batch& batch);
    void remove(const Key& key);

    Store& store_;
    MemoryBudget& memory_;
    size_t bytes_max_;
    ColdCacheListener& listener_;
    Batches line_;  // the one asked for last is first
    std::map<Key, Batches::iterator> batches_;
    std::set<Key> damaged_;
    std::set<TopicId> waiting_;
    size_t bytes_ = 0;
    size_t ahead_bytes_ = 0;  // of them
    size_t loads_ = 0;
    uint64_t loads_done_ = 0;
    uint64_t damaged_count_ = 0;
};

}  // namespace zbridge::durable
