// The messages that a session was delivered and has not settled, as ranges of tokens.
//
// Limits:  as many ranges as messages, in the worst case: credit bounds those.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "bridge/model/ids.h"
#include "bridge/protocol/command.h"

namespace zbridge::protocol {

class Held {
 public:
    // What is the same of a range's messages.
    struct From {
        uint64_t taker = 0;    // which subscription's credit it counts for; 0: none's
        uint64_t written = 0;  // the connection's position at which all of it has left
        uint64_t attempt = 0;  // of the RECEIVE that it was given to; 0: it had none
    };

    void add(GroupId group, TokenRange range, From from);
    // Takes these out, as far as they are here; `visit(From, TokenRange)` is told of each part.
    template <class Visit>
    void remove(GroupId group, TokenRange range, Visit visit);
    // All of it, in order: visit(GroupId, TokenRange, From).
    template <class Visit>
    void each(Visit visit) const {
        for (const auto& [key, entry] : ranges_)
            visit(key.first, TokenRange{key.second, entry.count}, entry.from);
    }
    void clear() {
        ranges_.clear();
        messages_ = 0;
    }

    uint64_t messages() const { return messages_; }
    bool empty() const { return ranges_.empty(); }

 private:
    struct Entry {
        uint32_t count = 0;
        From from;
    };
    using Key = std::pair<GroupId, LeaseToken>;

    std::map<Key, Entry> ranges_;  // they do not overlap
    uint64_t messages_ = 0;
};

// REQUIRES: none of them is here.
inline void Held::add(GroupId group, TokenRange range, From from) {
    messages_ += range.count;
    ranges_.emplace(Key{group, range.first}, Entry{range.count, from});
}

template <class Visit>
void Held::remove(GroupId group, TokenRange range, Visit visit) {
    const uint64_t begin = range.first.low;
    const uint64_t end = begin + range.count < begin ? UINT64_MAX : begin + range.count;
    auto at = ranges_.upper_bound(Key{group, range.first});
    if (at != ranges_.begin()) at--;
    while (at != ranges_.end() && at->first.first <= group) {
        const auto [its_group, first] = at->first;
        const Entry entry = at->second;
        const uint64_t its_end = first.low + entry.count;
        if (its_group == group && first.high == range.first.high && first.low >= end) break;
        const bool meets = its_group == group && first.high == range.first.high &&
                           first.low < end && its_end > begin;
        if (!meets) {
            if (its_group == group && first.high > range.first.high) break;
            at++;
            continue;
        }
        at = ranges_.erase(at);
        const uint64_t from = std::max(first.low, begin), to = std::min(its_end, end);
        const auto part = [&, high = first.high](uint64_t a, uint64_t b) {
            return TokenRange{LeaseToken{high, a}, static_cast<uint32_t>(b - a)};
        };
        if (first.low < from)
            ranges_.emplace(Key{group, first},
                            Entry{static_cast<uint32_t>(from - first.low), entry.from});
        if (to < its_end)
            ranges_.emplace(Key{group, LeaseToken{first.high, to}},
                            Entry{static_cast<uint32_t>(its_end - to), entry.from});
        messages_ -= to - from;
        visit(entry.from, part(from, to));
    }
}

}  // namespace zbridge::protocol
