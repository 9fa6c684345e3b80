// What the session holds and never came here, where it may be what a fetch was answered with: that
// is asked again, and until its answer is known none of it goes back.
//
// Flow:    WELCOME lists it -> add() -> RECEIVE, of the same attempt ... DELIVER -> came() -> take():
//          what is left goes back
// Limits:  what WELCOME lists bounds it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "place.hpp"

namespace zbridge::client::core {

class Doubts {
 public:
    void add(const Key& token) { by_group_[token.group].insert(token.place); }
    void came(uint32_t group, Place token) {
        const auto found = by_group_.find(group);
        if (found == by_group_.end()) return;
        found->second.erase(token);
        if (found->second.empty()) by_group_.erase(found);
    }
    // Of no fetch: those of all groups but these. They are in doubt no more.
    std::vector<Key> take(const std::set<uint32_t>& but_for) {
        std::vector<Key> found;
        for (auto each = by_group_.begin(); each != by_group_.end();) {
            if (but_for.count(each->first) > 0) {
                ++each;
                continue;
            }
            for (const Place& token : each->second)
                found.push_back({each->first, token});
            each = by_group_.erase(each);
        }
        return found;
    }
    void clear() { by_group_.clear(); }

    bool has(uint32_t group) const { return by_group_.count(group) > 0; }
    bool empty() const { return by_group_.empty(); }

 private:
    std::map<uint32_t, std::set<Place>> by_group_;
};

}  // namespace zbridge::client::core
