// A step that may block, on one route: its messages wait here, run on the instance's own thread,
// and come back in order.
//
// Flow:    pipeline -> [stage] -> on_stage_done() -> pipeline
// Thread:  the reactor; on_message runs on the worker's.
// Promise: order is kept, also when a message is held: those behind it wait.
// Limits:  line_messages and line_bytes (bodies and attributes) of the instance wait: has_room()
//          then says no. kBatchMax messages at a time; fewer once they have emitted
//          kBatchEmittedBytesMax.
#pragma once

#include <deque>
#include <vector>

#include "bridge/plugin/pipeline.h"
#include "bridge/plugin/room_waiters.h"
#include "bridge/plugin/settling.h"
#include "bridge/plugin/worker.h"

namespace zbridge::plugin {

// Whom a message came from, for as long as it is on its way.
struct PeerText {
    std::string user, identity, address;
    routing::PeerView view() const { return {user, identity, address}; }
};

struct Flight {
    Item item;
    PeerText peer;
    Ticket ticket = 0;
};

class StageListener {
 public:
    virtual ~StageListener() = default;
    // `emitted` go on behind it. Whatever kHeld is never told: the stage tries again itself.
    virtual void on_stage_done(Flight flight, Passed passed, std::vector<Item> emitted) = 0;
    // What is behind the stage has no room yet: no more of it now; go_on() comes.
    virtual bool stage_may_go_on() = 0;
};

class StepStage {
 public:
    static constexpr size_t kBatchMax = 64;
    static constexpr size_t kBatchEmittedBytesMax = 1 << 20;

    StepStage(Worker& worker, Pipeline& pipeline, Timers& timers, const Clock& clock,
              StageListener& listener);

    // If not, `waiting` is told when it is worth another try.
    bool has_room(RoomListener& waiting);
    void take(Flight flight);
    void go_on() { send(); }  // but not before a step has waited as long as it wanted
    // What waits holds no more memory than it needs; what the thread looks at stays where it is.
    void compact(MemoryBudget& memory) {
        for (Flight& flight : waiting_)
            flight.item.compact(memory);
    }
    size_t messages() const { return waiting_.size() + in_work_.size(); }
    bool idle() const { return messages() == 0; }

 private:
    struct Batch;
    void send();
    void on_done(Batch& batch);

    Worker& worker_;
    Pipeline& pipeline_;
    const Clock& clock_;
    StageListener& listener_;
    std::deque<Flight> waiting_;
    std::vector<Flight> in_work_;
    uint64_t bytes_ = 0;
    bool telling_ = false;  // the listener, of a batch
    RoomWaiters wait_for_room_;
    Timer again_;
};

}  // namespace zbridge::plugin
