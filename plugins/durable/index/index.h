// The index: where the messages of each topic lie in the log.
//
// Flow:    a batch is committed -> add() one run a topic; a reader: at_or_after(); retention:
//          first(), remove_first(); a start in time: since()
// Thread:  the reactor. An implementation whose work blocks does it elsewhere and answers from
//          memory.
// Promise: runs of a topic do not overlap, and rise.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plugins/durable/ids.h"
#include "plugins/durable/store.h"

namespace zbridge::durable {

// The messages of one topic in one batch: records from `position` of its body on, those of other
// topics between them.
struct Run {
    Offset first;
    uint32_t count = 0;
    uint32_t position = 0;  // of the first record, in the body
    uint32_t bytes = 0;     // of these messages, as they were published, and of their attributes
    Place place;
    int64_t stored_ms = 0;  // of the newest one; never less than of the run before

    Offset end() const { return first + count; }
};

class Index {
 public:
    virtual ~Index() = default;

    // REQUIRES: run.first is not below the end of the topic's last run.
    virtual void add(TopicId topic, const Run& run) = 0;
    // The run that has this offset; where it is not kept, the first one behind it.
    virtual std::optional<Run> at_or_after(TopicId topic, Offset offset) const = 0;
    virtual std::optional<Run> first(TopicId topic) const = 0;
    // The first run with a message that was stored at this time or later.
    virtual std::optional<Run> since(TopicId topic, int64_t stored_ms) const = 0;
    // REQUIRES: there is one.
    virtual void remove_first(TopicId topic) = 0;
    // The same messages lie elsewhere: runs that are within it go, and are returned. A gap of the
    // topic may be filled so.
    virtual std::vector<Run> move(TopicId topic, const Run& run) = 0;
};

}  // namespace zbridge::durable
