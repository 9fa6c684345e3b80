// A log in memory whose appends are done when asked for, and whose newest batches can be read: for what
// stands above it, measured alone.
//
// Limits:  kept_bytes of batches, and the first kFirst; others cannot be read any more.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "plugins/durable/store.h"

namespace zbridge::bench {

class InstantStore final : public durable::Store {
 public:
    explicit InstantStore(size_t kept_bytes = 0) : kept_bytes_max_(kept_bytes) {}

    size_t body_bytes_max() const override { return 16 << 20; }
    durable::Seq next_seq() const override { return durable::Seq{next_}; }
    bool busy() const override { return done_ != nullptr; }
    durable::Place append(durable::BatchMemory batch, Done done) override {
        done_ = std::move(done);
        bytes_ += batch.body_bytes;
        next_++;
        // As many to a segment as a real one has room for.
        const durable::Place place{1 + appended_ / kSegmentBytes,
                                   static_cast<uint32_t>(appended_ % kSegmentBytes),
                                   static_cast<uint32_t>(batch.body_bytes)};
        appended_ += durable::BatchMemory::capacity_for(batch.body_bytes);
        if (kept_bytes_max_ > 0) keep(place, batch);
        return place;
    }
    bool read(durable::Place place, char* into, Done done) override {
        reads_.push_back({place, into, std::move(done)});
        return true;
    }
    std::vector<durable::SegmentInfo> segments() const override { return {}; }
    void drop(uint64_t) override {}
    bool takes(size_t) const override { return true; }
    void at_room(std::function<void()>) override {}
    bool full() const override { return false; }
    const Status& failure() const override { return failure_; }
    Status close() override { return {}; }

    void finish() {
        if (done_) std::exchange(done_, nullptr)({});
        for (Read& each : std::exchange(reads_, {}))
            each.done(give(each));
    }
    uint64_t bytes() const { return bytes_; }

 private:
    static constexpr uint64_t kSegmentBytes = 64 << 20;
    static constexpr size_t kFirst = 8;
    struct Kept {
        durable::Place place;
        std::string body;
    };
    struct Read {
        durable::Place place;
        char* into;
        Done done;
    };

    void keep(const durable::Place& place, const durable::BatchMemory& batch) {
        kept_.push_back({place, std::string(batch.body(), batch.body_bytes)});
        kept_bytes_ += batch.body_bytes;
        // The first ones stay: somebody may want the oldest message for ever.
        while (kept_bytes_ > kept_bytes_max_ && kept_.size() > kFirst) {
            kept_bytes_ -= kept_[kFirst].body.size();
            kept_.erase(kept_.begin() + kFirst);
        }
    }
    Status give(const Read& read) const {
        for (const Kept& each : kept_) {
            if (each.place.segment != read.place.segment ||
                each.place.position != read.place.position)
                continue;
            each.body.copy(read.into, each.body.size());
            return {};
        }
        return {Code::kIo, "it is not kept"};
    }

    size_t kept_bytes_max_;
    size_t kept_bytes_ = 0;
    std::deque<Kept> kept_;
    std::vector<Read> reads_;
    Done done_;
    uint64_t next_ = 1, appended_ = 0, bytes_ = 0;
    Status failure_;
};

}  // namespace zbridge::bench
