// What of a topic's runs is no longer there, or need not be: messages that newer ones of the same key
// have replaced.
//
// Flow:    a newer one is committed -> bury() -> [the cleaner copies the rest] -> put() -> remove()
// Promise: what is buried within runs below the limit does not count as alive (Segments): so that the
//          cleaner comes for it. The limit is where groups have not read yet, or ids are remembered.
// Limits:  an entry for each run that has such messages.
#pragma once

#include <cstdint>
#include <map>

#include "plugins/durable/index/index.h"
#include "plugins/durable/topics/segments.h"

namespace zbridge::durable {

class Holes {
 public:
    Holes() = default;
    ~Holes() = default;
    Holes(const Holes&) = delete;
    Holes& operator=(const Holes&) = delete;

    // Of this run's offsets so many have no message any more. REQUIRES: nothing of it is known.
    void put(const Run& run, uint64_t gone, Segments& segments);
    // So many messages of it are replaced.
    void bury(const Run& run, uint32_t messages, uint64_t bytes, Segments& segments);
    // The run is no more.
    void remove(const Run& run, Segments& segments);
    // Nothing is to be removed any more; what is gone stays so.
    void unearth(Segments& segments);
    // What stands from here on is not to be removed.
    void set_limit(Offset limit, Segments& segments);

    Offset limit() const { return limit_; }
    uint64_t messages_of(const Run& run) const { return run.count - gone(run); }
    bool has_gaps(const Run& run) const { return gone(run) > 0; }
    // None of its messages is needed.
    bool is_dead(const Run& run) const;

 private:
    struct Hole {
        Offset end;              // of the run
        uint64_t gone = 0;       // offsets without a message
        uint64_t buried = 0;     // messages that are replaced
        uint64_t bytes = 0;      // of these
        uint64_t bytes_max = 0;  // of the run
        bool operator==(const Hole&) const = default;
    };

    uint64_t gone(const Run& run) const;
    Hole& of(const Run& run);

    std::map<Offset, Hole> holes_;  // by the run's first offset
    Offset limit_{UINT64_MAX};
};

}  // namespace zbridge::durable
