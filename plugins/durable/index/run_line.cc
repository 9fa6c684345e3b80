#include "plugins/durable/index/run_line.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "bridge/base/check.h"

namespace zbridge::durable {

void RunLine::push_back(const Run& run) {
    tail_.push_back(run);
    end_ = run.end();
    newest_ms_ = run.stored_ms;
    if (empty()) return refill_head();
    if (tail_.size() == kBlockRuns) pack_tail();
}

void RunLine::pop_front() {
    head_at_++;
    if (empty()) refill_head();
}

void RunLine::refill_head() {
    head_.clear();
    head_at_ = 0;
    if (blocks_.empty()) return std::swap(head_, tail_);
    unpack_runs(blocks_.front(), head_);
    blocks_.pop_front();
}

void RunLine::pack_tail() {
    for (size_t at = 0; at < tail_.size(); at += kBlockRuns)
        blocks_.push_back(pack_runs(&tail_[at], std::min(kBlockRuns, tail_.size() - at)));
    tail_.clear();
}

std::vector<Run> RunLine::replace(const Run& run) {
    if (empty() || run.first >= end_) {
        push_back(run);
        return {};
    }
    // The parts that it lies in, or before.
    const auto ends_before = [&](const RunBlock& each) { return each.end <= run.first; };
    const auto begins_before = [&](const RunBlock& each) { return each.first < run.end(); };
    const auto first = std::partition_point(blocks_.begin(), blocks_.end(), ends_before);
    const auto end = std::partition_point(first, blocks_.end(), begins_before);
    const bool in_head = head_.back().end() > run.first;
    const bool in_tail = (!tail_.empty() && tail_.front().first < run.end()) ||
                         (!in_head && first == end && first == blocks_.end());
    std::vector<Run> all;
    if (in_head) all.assign(head_.begin() + static_cast<ptrdiff_t>(head_at_), head_.end());
    for (auto block = first; block != end; ++block)
        unpack_runs(*block, all);
    if (in_tail) all.insert(all.end(), tail_.begin(), tail_.end());

    const auto from = std::partition_point(all.begin(), all.end(),
                                           [&](const Run& each) { return each.first < run.first; });
    ZB_CHECK(from == all.begin() || (from - 1)->end() <= run.first, run.first);
    const auto to = std::partition_point(from, all.end(),
                                         [&](const Run& each) { return each.first < run.end(); });
    std::vector<Run> replaced(from, to);
    ZB_CHECK(replaced.empty() || replaced.back().end() <= run.end(), run.first);
    all.insert(all.erase(from, to), run);

    const bool to_the_end = in_tail || (end == blocks_.end() && tail_.empty());
    if (to_the_end) {
        end_ = all.back().end();
        newest_ms_ = all.back().stored_ms;
    }
    const auto at = blocks_.erase(first, end);
    if (in_tail) tail_.clear();
    if (in_head) {
        head_ = std::move(all);
        head_at_ = 0;
    } else if (in_tail) {
        tail_ = std::move(all);
        if (tail_.size() >= kBlockRuns) pack_tail();
    } else {
        std::vector<RunBlock> packed;
        for (size_t i = 0; i < all.size(); i += kBlockRuns)
            packed.push_back(pack_runs(&all[i], std::min(kBlockRuns, all.size() - i)));
        blocks_.insert(at, std::make_move_iterator(packed.begin()),
                       std::make_move_iterator(packed.end()));
    }
    return replaced;
}

template <class IsBefore, class BlockIsBefore>
std::optional<Run> RunLine::find(IsBefore is_before, BlockIsBefore block_is_before,
                                 UnpackedBlock& looked) const {
    const auto in = [&](auto begin, auto end) -> std::optional<Run> {
        const auto found = std::partition_point(begin, end, is_before);
        return found == end ? std::nullopt : std::optional<Run>(*found);
    };
    if (empty()) return std::nullopt;
    if (!is_before(head_.back()))
        return in(head_.begin() + static_cast<ptrdiff_t>(head_at_), head_.end());
    const auto block = std::partition_point(blocks_.begin(), blocks_.end(), block_is_before);
    if (block == blocks_.end()) return in(tail_.begin(), tail_.end());
    if (looked.block != &*block) {
        looked.runs.clear();
        unpack_runs(*block, looked.runs);
        looked.block = &*block;
    }
    return in(looked.runs.begin(), looked.runs.end());
}

std::optional<Run> RunLine::at_or_after(Offset offset, UnpackedBlock& looked) const {
    return find([&](const Run& each) { return each.end() <= offset; },
                [&](const RunBlock& each) { return each.end <= offset; }, looked);
}

std::optional<Run> RunLine::since(int64_t stored_ms, UnpackedBlock& looked) const {
    return find([&](const Run& each) { return each.stored_ms < stored_ms; },
                [&](const RunBlock& each) { return each.newest_ms < stored_ms; }, looked);
}

size_t RunLine::bytes() const {
    size_t bytes = (head_.capacity() + tail_.capacity()) * sizeof(Run);
    for (const RunBlock& each : blocks_)
        bytes += sizeof(RunBlock) + each.bytes.capacity();
    return bytes;
}

}  // namespace zbridge::durable
