// A log of batches in memory, for tests of what stands above it: appends and reads are done when the
// test says so, and can fail. What was done is there for the next life.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/base/check.h"
#include "plugins/durable/store.h"

namespace zbridge::durable {

class FakeStore final : public Store {
 public:
    struct Batch {
        Seq seq{};
        Place place;
        std::string body;
        bool sync = false;
    };

    explicit FakeStore(uint64_t segment_bytes = 64 << 20) : segment_bytes_(segment_bytes) {}

    size_t body_bytes_max() const override { return body_bytes_max_; }
    Seq next_seq() const override { return Seq{next_seq_}; }
    bool busy() const override { return append_ != nullptr; }
    Place append(BatchMemory batch, Done done) override {
        ZB_CHECK(!busy() && batch.body_bytes <= body_bytes_max_, batch.body_bytes);
        const size_t bytes = BatchMemory::capacity_for(batch.body_bytes);
        if (position_ + bytes > segment_bytes_) {
            segment_++;
            position_ = 0;
        }
        in_flight_ = {
            Seq{next_seq_},
            {segment_, static_cast<uint32_t>(position_), static_cast<uint32_t>(batch.body_bytes)},
            {},
            batch.sync};
        memory_ = batch;
        position_ += bytes;
        next_seq_++;
        append_ = std::move(done);
        return in_flight_.place;
    }
    bool read(Place place, char* into, Done done) override {
        if (reads_.size() == reads_max_) return false;
        reads_.push_back({place, into, std::move(done)});
        return true;
    }
    std::vector<SegmentInfo> segments() const override {
        std::map<uint64_t, SegmentInfo> found;
        for (const Batch& each : batches_) {
            auto& info = found[each.place.segment];
            if (info.bytes == 0) info = {each.place.segment, each.seq, each.seq, 0, false};
            info.last = each.seq;
            info.bytes += BatchMemory::capacity_for(each.body.size());
            info.sealed = each.place.segment < segment_;
        }
        std::vector<SegmentInfo> all;
        for (const auto& [segment, info] : found)
            all.push_back(info);
        return all;
    }
    void drop(uint64_t segment) override {
        dropped_.push_back(segment);
        std::erase_if(batches_, [&](const Batch& each) { return each.place.segment == segment; });
    }
    bool takes(size_t) const override { return takes_; }
    void at_room(std::function<void()> told) override { at_room_ = std::move(told); }
    bool full() const override { return full_; }
    const Status& failure() const override { return failure_; }
    Status close() override { return failure_; }

    // What the test decides.
    bool finish() {  // false: nothing is in flight
        if (append_ == nullptr) return false;
        Done done = std::exchange(append_, nullptr);
        if (!failure_.ok()) {
            done(failure_);
            return true;
        }
        in_flight_.body.assign(memory_.body(), memory_.body_bytes);
        batches_.push_back(in_flight_);
        done({});
        return true;
    }
    void finish_all() {
        while (finish()) {
        }
    }
    bool finish_read(const Status& with = {}) {
        if (reads_.empty()) return false;
        Read read = std::move(reads_.front());
        reads_.pop_front();
        Status status = with;
        if (status.ok()) {
            status = {Code::kIo, "there is no such batch"};
            for (const Batch& each : batches_) {
                if (each.place.segment != read.place.segment ||
                    each.place.position != read.place.position)
                    continue;
                each.body.copy(read.into + BatchMemory::kHeadBytes, each.body.size());
                status = {};
            }
        }
        read.done(status);
        return true;
    }
    void fail(const Status& with) { failure_ = with; }
    // The process dies: what is in flight is lost, or there by chance.
    void crash(bool keeps_in_flight) {
        if (append_ != nullptr && keeps_in_flight) {
            in_flight_.body.assign(memory_.body(), memory_.body_bytes);
            batches_.push_back(in_flight_);
        } else if (append_ != nullptr) {
            next_seq_--;
        }
        append_ = nullptr;
        reads_.clear();
        segment_++;
        position_ = 0;
    }

    const std::deque<Batch>& batches() const { return batches_; }
    const std::vector<uint64_t>& dropped() const { return dropped_; }
    size_t reads() const { return reads_.size(); }

    bool takes_ = true;
    std::function<void()> at_room_;
    bool full_ = false;
    size_t reads_max_ = 100;
    size_t body_bytes_max_ = 32 << 20;

 private:
    struct Read {
        Place place;
        char* into = nullptr;
        Done done;
    };

    uint64_t segment_bytes_;
    uint64_t segment_ = 1, position_ = 0;
    uint64_t next_seq_ = 1;
    std::deque<Batch> batches_;
    std::vector<uint64_t> dropped_;
    Batch in_flight_;
    BatchMemory memory_;
    Done append_;
    std::deque<Read> reads_;
    Status failure_;
};

}  // namespace zbridge::durable
