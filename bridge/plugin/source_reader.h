// Reads a source on its own thread, hands its messages to the bridge, and tells it what became of
// them.
//
// Flow:    the source's read -> [reader] -> SourceTarget::take() -> intake; outcome() ->
//          on_outcomes
// Thread:  the reactor; read and on_outcomes run on the worker's, never at once.
// Promise: each delivered message gets one outcome, while the bridge lives.
// Limits:  `window` messages of the instance are without an outcome: it is not read then.
//          kReadBytesMax a read.
// Failure: a read that fails comes again after a pause, which grows; health shows its sentence
//          meanwhile. Outcomes that the source fails to take do not come again; health shows its
//          sentence until it takes others.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "bridge/plugin/worker.h"

namespace zbridge::plugin {

// Where a source's messages go.
class SourceTarget {
 public:
    virtual ~SourceTarget() = default;
    // False: not now; SourceReader::go_on() comes.
    virtual bool take(const LooseMessage& message, uint64_t cookie) = 0;
};

class SourceReader {
 public:
    static constexpr Duration kWait =
        std::chrono::milliseconds(50);  // of a read, for the first message
    static constexpr size_t kReadBytesMax = 4 << 20;

    SourceReader(Worker& worker, Timers& timers, const Clock& clock);
    void attach(SourceTarget& target) { target_ = &target; }

    void begin();
    // Its target has room again.
    void go_on();
    // No more reads; outcomes go on.
    void end() { ending_ = true; }
    // No read runs, and all that was delivered has an outcome that the source knows.
    bool idle() const { return !in_work_ && delivered_.empty() && outcomes_.empty() && open_ == 0; }

    void outcome(uint64_t cookie, bool accepted, std::string_view reason);
    const std::string& name() const { return worker_.instance.name(); }
    Instance& instance() { return worker_.instance; }
    size_t open() const { return open_; }

 private:
    struct Outcome {
        uint64_t cookie = 0;
        bool accepted = false;
        std::string reason;
    };
    struct Round;  // shared with the worker
    void send();
    void on_done(Round& round);
    void show_trouble() const;
    void forward();

    Worker& worker_;
    const Clock& clock_;
    SourceTarget* target_ = nullptr;
    std::deque<ReadCall::Delivered> delivered_;  // read, not taken yet
    std::vector<Outcome> outcomes_;              // that the source does not know yet
    size_t open_ = 0;                            // taken, without an outcome
    bool begun_ = false, ending_ = false, in_work_ = false;
    bool forwarding_ = false;
    std::string cannot_read_, cannot_take_;  // what the last read, the last outcomes ended with
    Backoff backoff_;
    Timer again_;
};

}  // namespace zbridge::plugin
