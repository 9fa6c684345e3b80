// The index in memory: a line of runs a topic. Rebuilt from the log at each start.
//
// Limits:  memory is that of batches, not of messages: of batches of one message each about 4 bytes
//          a run (run_block.h), so 10 million of them take less than 64 MiB.
#pragma once

#include <cstddef>
#include <vector>

#include "plugins/durable/index/index.h"
#include "plugins/durable/index/run_line.h"

namespace zbridge::durable {

class OrderedIndex final : public Index {
 public:
    void add(TopicId topic, const Run& run) override;
    std::optional<Run> at_or_after(TopicId topic, Offset offset) const override;
    std::optional<Run> first(TopicId topic) const override;
    std::optional<Run> since(TopicId topic, int64_t stored_ms) const override;
    void remove_first(TopicId topic) override;
    std::vector<Run> move(TopicId topic, const Run& run) override;

    // An add() comes soon, or very soon: what it needs is brought into the processor's cache.
    void expect(TopicId topic) const {
        if (topic.number() < lines_.size()) __builtin_prefetch(&lines_[topic.number()], 1);
    }
    void expect_soon(TopicId topic) const {
        if (topic.number() < lines_.size()) lines_[topic.number()].expect_push();
    }

    size_t runs() const { return runs_; }
    size_t bytes() const;  // about, of memory

 private:
    const RunLine* line_of(TopicId topic) const;
    RunLine& line_to_change(TopicId topic);

    std::vector<RunLine> lines_;  // by topic
    size_t runs_ = 0;
    mutable UnpackedBlock looked_;  // until something changes
};

}  // namespace zbridge::durable
