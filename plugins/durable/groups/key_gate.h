// Order per key: which message of each key is on its way, and which wait behind it.
//
// Promise: of a key one message at a time is on its way, and they go in the order of their offsets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "plugins/durable/ids.h"

namespace zbridge::durable {

class KeyGate {
 public:
    // The message may go: it is its key's one from now on. No: another one is, or waits before it.
    bool enter(uint32_t key, Offset offset) {
        Key& its = keys_[key];
        if (its.busy) return *its.busy == offset;
        if (!its.parked.empty() && *its.parked.begin() < offset) return false;
        its.busy = offset;
        return true;
    }
    void park(uint32_t key, Offset offset) { keys_[key].parked.insert(offset); }
    // It is settled, or gone. The one that goes next, if it waits: it is its key's one now.
    std::optional<Offset> leave(uint32_t key, Offset offset) {
        const auto found = keys_.find(key);
        if (found == keys_.end()) return std::nullopt;
        Key& its = found->second;
        its.parked.erase(offset);
        if (its.busy && *its.busy == offset) its.busy.reset();
        return next_of(found);
    }
    // Keys that have one waiting and none on its way: what leave() would have told.
    template <class Visit>
    void release_idle(Visit visit) {
        for (auto at = keys_.begin(); at != keys_.end();) {
            const auto key = at++;
            if (const auto next = next_of(key)) visit(*next);
        }
    }
    void clear() { keys_.clear(); }
    size_t keys() const { return keys_.size(); }

 private:
    struct Key {
        std::optional<Offset> busy;
        std::set<Offset> parked;
    };
    using Keys = std::map<uint32_t, Key>;

    std::optional<Offset> next_of(Keys::iterator at) {
        Key& its = at->second;
        if (its.busy) return std::nullopt;
        if (its.parked.empty()) {
            keys_.erase(at);
            return std::nullopt;
        }
        its.busy = *its.parked.begin();
        its.parked.erase(its.parked.begin());
        return its.busy;
    }

    Keys keys_;
};

}  // namespace zbridge::durable
