// The messages that wait for a sink, and the batches that it works on.
//
// Flow:    intake -> [line] -> the sink's own thread -> on_settled()
// Thread:  the reactor; on_batch runs on the worker's.
// Promise: in order; what is to be retried comes again before those behind it. A message is settled
//          when the sink has it, or never will.
// Limits:  line_messages and line_bytes (bodies and attributes) of the instance wait: has_room()
//          then says no. A batch: what the sink asks for, at most kBatchMessagesMax.
#pragma once

#include <deque>
#include <vector>

#include "bridge/plugin/room_waiters.h"
#include "bridge/plugin/settling.h"
#include "bridge/plugin/worker.h"

namespace zbridge::plugin {

class SinkLine {
 public:
    static constexpr uint32_t kBatchMessages = 256;  // where the sink does not say
    static constexpr uint32_t kBatchMessagesMax = 10'000;
    static constexpr uint64_t kBatchBytes = 1 << 20;  // likewise

    SinkLine(Worker& worker, Timers& timers, const Clock& clock);

    const std::string& name() const { return worker_.instance.name(); }
    // If not, `waiting` is told when it is worth another try.
    bool has_room(RoomListener& waiting);
    void take(Message message, Attributes attributes, Ticket ticket, Settling& settling);

    // What waits holds no more memory than it needs; what the sink looks at stays where it is.
    void compact(MemoryBudget& memory);

    size_t messages() const { return waiting_.size() + in_work_.size(); }
    uint64_t bytes() const { return bytes_; }
    bool idle() const { return waiting_.empty() && in_work_.empty(); }

 private:
    struct Waiting {
        Message message;
        Attributes attributes;
        Ticket ticket = 0;
        Settling* settling = nullptr;
        uint64_t bytes = 0;  // of line_bytes
    };
    struct Batch;  // shared with the worker
    void send();
    void on_done(Batch& batch);

    Worker& worker_;
    const Clock& clock_;
    std::deque<Waiting> waiting_;
    std::vector<Waiting> in_work_;
    uint64_t bytes_ = 0;
    RoomWaiters wait_for_room_;
    Backoff backoff_;
    Timer again_;
    bool failing_ = false;
};

}  // namespace zbridge::plugin
