#include "plugins/durable/groups/reader.h"

#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

namespace {

Offset end_of(const zb_run& run) {
    return {run.first_offset + run.count};
}

}  // namespace

Reader::Found Reader::seek(Offset offset) {
    if (at_ == runs_.size() || offset < known_from_) drop();
    while (at_ < runs_.size() && end_of(runs_[at_]) <= offset)
        at_++;
    if (at_ == runs_.size()) {
        drop();
        runs_.resize(kRunsMax);
        uint32_t count = 0;
        const zb_taken taken =
            topics_->read(topic_, offset, kAheadBytes, runs_.data(), kRunsMax, count);
        runs_.resize(count);
        if (count == 0) return taken == ZB_LATER ? Found::kLater : Found::kEnd;
        for (const zb_run& each : runs_) {
            auto* const chunk = static_cast<Chunk*>(each.chunk);
            if (kept_.empty() || kept_.back().get() != chunk) kept_.emplace_back(chunk);
        }
    }
    zb_run& run = runs_[at_];
    known_from_ = offset;
    if (run.first_offset < offset.number &&
        !cut_front(run, static_cast<uint32_t>(offset.number - run.first_offset))) {
        drop();  // the store has looked at it: it cannot be
        return Found::kEnd;
    }
    return Found::kHere;
}

void Reader::drop() {
    runs_.clear();
    kept_.clear();
    at_ = 0;
}

}  // namespace zbridge::durable
