// The index in memory: a line of runs a topic. Rebuilt from the log at each start.
//
// Limits:  kRunBytes a run: memory is that of batches, not of messages.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "plugins/durable/index/index.h"

namespace zbridge::durable {

class OrderedIndex final : public Index {
 public:
    static constexpr size_t kRunBytes = 40;

    void add(TopicId topic, const Run& run) override;
    std::optional<Run> at_or_after(TopicId topic, Offset offset) const override;
    std::optional<Run> first(TopicId topic) const override;
    std::optional<Run> since(TopicId topic, int64_t stored_ms) const override;
    void remove_first(TopicId topic) override;
    std::vector<Run> move(TopicId topic, const Run& run) override;
    Seq covered_seq() const override { return Seq{0}; }

    size_t runs() const { return runs_; }

 private:
    // A Run without air: segments are numbered from one on, a body's bytes are few enough.
    struct Packed {
        uint64_t first;
        int64_t stored_ms;
        uint32_t count, position, bytes;
        uint32_t segment, place, body_bytes;
    };
    static_assert(sizeof(Packed) == kRunBytes);
    using Line = std::deque<Packed>;

    static Packed pack(const Run& run);
    static Run unpack(const Packed& packed);
    const Line* line_of(TopicId topic) const;

    std::vector<Line> lines_;  // by topic
    size_t runs_ = 0;
};

}  // namespace zbridge::durable
