// Order per key: which message of each key is on its way, and which wait behind it.
//
// Promise: of a key one message at a time is on its way, and they go in the order of their offsets.
// Limits:  about 24 bytes for each that waits, and for each key of which one is on its way.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "plugins/durable/ids.h"

namespace zbridge::durable {

class KeyGate {
 public:
    // The message may go: it is its key's one from now on. No: another one is, or waits before it.
    bool enter(uint32_t key, Offset offset) {
        const auto busy = busy_.find(key);
        if (busy != busy_.end()) return busy->second == offset;
        const auto first = first_parked(key);
        if (first && *first < offset) return false;
        busy_.emplace(key, offset);
        return true;
    }
    void park(uint32_t key, Offset offset) { parked_.emplace(key, offset.number); }
    // It is settled, or gone. The one that goes next, if it waits: it is its key's one now.
    std::optional<Offset> leave(uint32_t key, Offset offset) {
        parked_.erase({key, offset.number});
        const auto busy = busy_.find(key);
        if (busy != busy_.end()) {
            if (busy->second != offset) return std::nullopt;
            busy_.erase(busy);
        }
        return let_next(key);
    }
    // Keys that have one waiting and none on its way: what leave() would have told.
    template <class Visit>
    void release_idle(Visit visit) {
        for (auto at = parked_.begin(); at != parked_.end();) {
            const uint32_t key = at->first;
            if (!busy_.contains(key)) visit(*let_next(key));
            at = parked_.upper_bound({key, UINT64_MAX});
        }
    }
    void clear() {
        busy_.clear();
        parked_.clear();
    }

 private:
    std::optional<Offset> first_parked(uint32_t key) const {
        const auto first = parked_.lower_bound({key, 0});
        if (first == parked_.end() || first->first != key) return std::nullopt;
        return Offset{first->second};
    }
    // REQUIRES: none of this key is on its way.
    std::optional<Offset> let_next(uint32_t key) {
        const auto next = first_parked(key);
        if (!next) return std::nullopt;
        parked_.erase({key, next->number});
        busy_.emplace(key, *next);
        return next;
    }

    absl::btree_map<uint32_t, Offset> busy_;                 // by key: which is on its way
    absl::btree_set<std::pair<uint32_t, uint64_t>> parked_;  // (key, offset)
};

}  // namespace zbridge::durable
