// What of the log is still needed: runs of topics, open notes, and the newest snapshot, by segment.
//
// Promise: a segment goes only when nothing in it, nor in one before it, is needed, and when all
//          topics are written again in a later one: so what is left always tells the whole.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

#include "bridge/base/check.h"
#include "plugins/durable/store.h"

namespace zbridge::durable {

class Segments {
 public:
    // `bytes`: about as they lie on the disk.
    void use(uint64_t segment, uint64_t bytes = 0) {
        uses_[segment]++;
        live_bytes_ += bytes;
    }
    void release(uint64_t segment, uint64_t bytes = 0) {
        const auto found = uses_.find(segment);
        ZB_CHECK(found != uses_.end() && bytes <= live_bytes_, segment, bytes, live_bytes_);
        if (--found->second == 0) uses_.erase(found);
        live_bytes_ -= bytes;
    }
    // Of what release() was not told yet, but nobody needs any more.
    void bury(uint64_t bytes) { buried_bytes_ += bytes; }
    void unearth(uint64_t bytes) {
        ZB_CHECK(bytes <= buried_bytes_, bytes, buried_bytes_);
        buried_bytes_ -= bytes;
    }
    // All topics are written in it and behind it.
    void snapshot_in(uint64_t segment) { snapshot_ = segment; }
    uint64_t snapshot() const { return snapshot_; }
    uint64_t live_bytes() const { return live_bytes_ - buried_bytes_; }
    // Those below it are not needed.
    uint64_t needed_from() const {
        return uses_.empty() ? snapshot_ : std::min(snapshot_, uses_.begin()->first);
    }

 private:
    std::map<uint64_t, uint64_t> uses_;  // only those that are used
    uint64_t live_bytes_ = 0;
    uint64_t buried_bytes_ = 0;
    uint64_t snapshot_ = 0;
};

}  // namespace zbridge::durable
