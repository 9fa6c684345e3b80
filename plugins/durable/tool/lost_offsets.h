// Which messages a damaged journal has lost: where a topic's offsets jump over batches that are
// missing.
//
// Flow:    batches in their order -> take() -> ranges()
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
    struct Topic {
        std::string name;  // empty: the journal does not say any more
        uint64_t messages = 0, bytes = 0;
        Offset floor, next;
        bool seen = false;      // `next` is of what was there
        bool in_doubt = false;  // batches are missing since
        bool removed = false;
        std::vector<Range> lost;
    };

    // Batches are missing here.
    void on_hole();
    void take(const Msg& msg);
    void take(const TopicState& state);
    void take(const Floor& floor);
    // What retention has taken since is not lost.
    void end();

    const std::map<TopicId, Topic>& topics() const { return topics_; }

 private:
    Topic& topic(TopicId id);
    void jump(Topic& topic, Offset to);

    std::map<TopicId, Topic> topics_;
    bool hole_ = false;
};

}  // namespace zbridge::durable
