// Which messages a damaged journal has lost: offsets of a topic that are neither there nor were
// skipped, where batches are missing.
//
// Flow:    batches in their order -> take() -> end() -> topics()
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "plugins/durable/ids.h"
#include "plugins/durable/topics/payload.h"

namespace zbridge::durable {

class LostOffsets {
 public:
    struct Range {
        Offset from, to;  // one past the last
    };
    using Ranges = std::map<uint64_t, uint64_t>;  // apart from each other: from -> to
    struct Topic {
        std::string name;       // empty: the journal does not say any more
        uint64_t messages = 0;  // that are there, from the floor on
        uint64_t bytes = 0;     // of them and of what is below it
        Offset floor, next;
        bool removed = false;
        std::vector<Range> lost;

        bool seen = false;      // `next` is of what was there
        bool in_doubt = false;  // batches are missing since
        Ranges present, skipped;
    };

    // Batches are missing here.
    void on_hole();
    void take(const Msg& msg);
    void take(const Moved& moved);
    void take(const TopicState& state);
    void take(const Floor& floor);
    void end();

    const std::map<TopicId, Topic>& topics() const { return topics_; }

 private:
    static void jump(Topic& topic, Offset to);
    static void end(Topic& topic, bool hole);

    std::map<TopicId, Topic> topics_;
    bool hole_ = false;
};

}  // namespace zbridge::durable
