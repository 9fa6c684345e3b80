// The one loop: what is ready is run, what is due is fired, what waits is written; then it waits
// for more.
//
// Thread:  everything here is called on the thread that calls run(), but stop(), which any thread
//          may call.
// Order:   a turn is events -> ready ones in the order they became so -> due timers -> what is to be
//          written is decided -> writing -> turn ends.
// Limits:  kEventsMax events a turn; each ready one does a bounded piece of work and comes again if
//          there is more.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/memory.h"
#include "bridge/base/timers.h"
#include "bridge/net/net.h"

namespace zbridge::net {

// Something with a socket that is woken when it is ready.
class Ready {
 public:
    virtual ~Ready() = default;
    // One bounded piece of work.
    virtual void on_turn() = 0;
    // Writes what was queued in this turn.
    virtual void on_flush() {}

 private:
    friend class Reactor;
    uint64_t token_ = 0;
    bool queued_ = false;  // in ready_
    bool dirty_ = false;   // in dirty_
 protected:
    bool readable_ = false;
    bool writable_ = false;
    bool ended_ = false;
};

class Reactor {
 public:
    static constexpr size_t kEventsMax = 256;

    Reactor(Net& net, Clock& clock, MemoryBudget& memory)
        : net_(net), clock_(clock), memory_(memory) {}

    Net& net() { return net_; }
    MemoryBudget& memory() { return memory_; }
    Timers& timers() { return timers_; }
    Instant now() const { return now_; }  // of this turn
    uint64_t turn_number() const { return turn_; }
    const Clock& clock() const { return clock_; }

    // Watches a socket; forget() before the object goes. An error: it is not watched, and there is
    // nothing to forget.
    Status add(Socket socket, Ready& ready);
    void forget(Ready& ready);
    // The same for one without a socket.
    void drop(Ready& ready);
    // Have on_turn() called in this turn or the next.
    void make_ready(Ready& ready);
    // Have on_flush() called at the end of this turn.
    void make_dirty(Ready& ready);
    // Destroys it at the end of the turn, when nobody up the stack uses it any more.
    void bury(std::unique_ptr<Ready> dead) { graveyard_.push_back(std::move(dead)); }
    // Called in every turn when all that came in has been looked at, before the writing.
    void before_writing(std::function<void()> then) { before_writing_.push_back(std::move(then)); }
    // Called at the end of every turn, in the order given.
    void at_turn_end(std::function<void()> then) { turn_ends_.push_back(std::move(then)); }

    // The next turn looks for so long for what comes before it sleeps: something is about to.
    void look_for(Duration most) { look_ = most; }

    // Memory to read into with at least `bytes` free: shared by all who read small pieces.
    ChunkRef& read_chunk(size_t bytes);

    void run();
    void turn(bool may_wait);
    void stop() {
        stopping_ = true;
        net_.wake();
    }
    bool idle() const { return ready_.empty(); }

 private:
    struct Slot {
        Ready* ready = nullptr;
        uint32_t generation = 0;
    };
    void take_events(bool may_wait);

    Net& net_;
    Clock& clock_;
    MemoryBudget& memory_;
    Timers timers_;
    Instant now_{};
    Duration look_{};
    uint64_t turn_ = 0;
    std::vector<Slot> slots_;
    std::vector<uint32_t> free_slots_;
    std::vector<Ready*> ready_, running_, dirty_, flushing_;
    std::vector<std::unique_ptr<Ready>> graveyard_;
    std::vector<std::function<void()>> before_writing_, turn_ends_;
    ChunkRef read_chunk_;
    std::atomic<bool> stopping_ = false;
};

}  // namespace zbridge::net
