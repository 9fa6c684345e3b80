// The line of batches before the log: one fills, full ones wait, one is in flight.
//
// Flow:    make_room() -> writer() ... -> turn_end() -> Store::append() -> done
//          -> [the next one goes on its way] -> on_batch_committed()
// Thread:  the reactor.
// Promise: batches are committed, and told, in their order; effects of one are told whole before
//          those of the next. No callback comes within make_room().
// Failure: after one append that failed on_commits_failed() once; nothing is committed any more,
//          what is still written goes nowhere.
// Limits:  with kWaitingBytesMax behind the one in flight has_room() says no; and so it does where
//          the log has no file yet for what would come: what was taken is not to wait for a disk
//          that may be full. Who goes on is taken all the same: notes have limits of their own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "plugins/durable/store.h"
#include "plugins/durable/topics/batch_writer.h"

namespace zbridge::durable {

class CommitsListener {
 public:
    virtual ~CommitsListener() = default;
    // `place`: none, if it had no records.
    virtual void on_batch_committed(Batch& batch, const std::optional<Place>& place) = 0;
    // `lost`: the answers that nobody gets any more.
    virtual void on_commits_failed(const Status& why, std::vector<Answer> lost) = 0;
    // After has_room() has said no.
    virtual void on_commits_room() = 0;
};

class Commits {
 public:
    static constexpr size_t kWaitingBytesMax = 4 << 20;
    // Of the log's room, for what is taken all the same; a quarter of a small log's segment.
    static constexpr size_t kMarginMax = 1 << 20;

    // All outlive it.
    // `body_bytes_max`: of a batch of more than one message.
    Commits(Store& store, ChunkPool& pool, size_t body_bytes_max, CommitsListener& listener)
        : store_(store),
          writer_(pool, body_bytes_max),
          margin_(std::min(kMarginMax, body_bytes_max / 4)),
          listener_(listener) {
        store_.at_room([this] { tell_room(); });
    }
    Commits(const Commits&) = delete;
    Commits& operator=(const Commits&) = delete;

    // Whether more may wait. False: on_commits_room() comes.
    bool has_room() {
        const bool few = !in_flight_ || waiting_bytes() < kWaitingBytesMax;
        if (few && store_.takes(waiting_bytes() + margin_)) return true;
        room_wanted_ = true;
        return false;
    }
    // Who waits for room is to ask again.
    void tell_room();
    // The writer then has room for them: perhaps in a new batch.
    void make_room(size_t bytes) {
        if (!writer_.has_room(bytes)) begin_next(bytes);
    }
    BatchWriter& writer() { return writer_; }
    const BatchWriter& writer() const { return writer_; }
    Batch& filling() { return writer_.batch(); }
    const Batch& filling() const { return writer_.batch(); }
    void turn_end() { advance(); }

    bool failed() const { return failed_; }
    bool idle() const {
        return !in_flight_ && ready_.empty() && writer_.batch().empty() &&
               writer_.body_bytes() == 0;
    }
    size_t waiting_bytes() const { return ready_bytes_ + writer_.body_bytes(); }

 private:
    struct InFlight {
        Batch batch;
        Place place;
    };

    void begin_next(size_t bytes);
    void advance();
    void close();
    void append_front();
    void on_done(const Status& status);
    void fail(const Status& why);

    Store& store_;
    BatchWriter writer_;
    size_t margin_;
    CommitsListener& listener_;
    std::deque<Batch> ready_;
    size_t ready_bytes_ = 0;
    std::optional<InFlight> in_flight_;
    bool telling_ = false;  // effects of a batch are being told: those of the next wait
    bool room_wanted_ = false;
    bool failed_ = false;
};

}  // namespace zbridge::durable
