// The runs of one topic, in order, packed but for the first and the last ones.
//
// Thread:  the reactor.
// Limits:  kBlockRuns a block: a look into one unpacks so many, or finds them where the last look
//          has left them.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "plugins/durable/index/run_block.h"

namespace zbridge::durable {

// The block that was looked into last, of all lines.
struct UnpackedBlock {
    const RunBlock* block = nullptr;  // null: none
    std::vector<Run> runs;
};

class alignas(64) RunLine {
 public:
    static constexpr size_t kBlockRuns = 64;

    bool empty() const { return head_at_ == head_.size(); }
    // REQUIRES: !empty().
    const Run& front() const { return head_[head_at_]; }
    // Of the last one; REQUIRES: likewise.
    Offset end() const { return end_; }
    int64_t newest_ms() const { return newest_ms_; }
    // What push_back() is about to write to comes into the processor's cache meanwhile.
    void expect_push() const { __builtin_prefetch(tail_.data() + tail_.size(), 1); }

    // REQUIRES: it begins at end(), or behind.
    void push_back(const Run& run);
    // REQUIRES: !empty().
    void pop_front();
    // Puts it in the place of those within it, which are returned.
    std::vector<Run> replace(const Run& run);

    // The first run that ends behind this offset.
    std::optional<Run> at_or_after(Offset offset, UnpackedBlock& looked) const;
    // The first run whose newest message is of this time or later.
    std::optional<Run> since(int64_t stored_ms, UnpackedBlock& looked) const;

    size_t bytes() const;  // about, of memory

 private:
    template <class IsBefore, class BlockIsBefore>
    std::optional<Run> find(IsBefore is_before, BlockIsBefore block_is_before,
                            UnpackedBlock& looked) const;
    void refill_head();
    void pack_tail();

    // What push_back() needs stands first, in as few lines of the cache as can be: there may be
    // thousands of these.
    Offset end_;
    int64_t newest_ms_ = 0;
    std::vector<Run> tail_;  // behind the blocks
    // Before the blocks; empty only if there is nothing at all.
    std::vector<Run> head_;
    size_t head_at_ = 0;
    std::deque<RunBlock> blocks_;
};

}  // namespace zbridge::durable
