// What became of one message: where it was stored, what groups settled of it and when, and how it
// stands now; nothing is changed.
//
//   trace   {id}     {id, copies: [{kind, topic, offset, id, stored_ms, ...}],
//                     events: [{at_ms, batch, segment, what, copy, group, ...}],
//                     now: [{copy, group, state, ...}], left_out}
//
// `id`: a receipt's, or a producer's: then of all messages that have it.
//
// Flow:    begin() -> twice through the log, on a helper's thread (trace_search.h) -> the times of the
//          batches, on the readers' -> what is in memory -> the answer
// Thread:  the reactor.
// Promise: what was committed before it was asked, and is still in the log, is told, in its order. A
//          delivery is no record: who had a message before, and has it no more, nobody knows.
// Failure: ZB_INVALID, ZB_NOT_FOUND, ZB_FULL, ZB_FAILED with a sentence.
// Limits:  kTracesMax at once: a further one is refused, ZB_FULL. As TraceSearch has them; kStatesMax
//          of `now`. What is beyond is counted in left_out.
#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "plugins/durable/admin/listener.h"
#include "plugins/durable/admin/trace_search.h"
#include "plugins/durable/admin/values.h"
#include "plugins/durable/groups/groups.h"
#include "plugins/durable/log.h"

namespace zbridge::durable {

class Traces {
 public:
    static constexpr size_t kTracesMax = 2;
    static constexpr size_t kStatesMax = 1'000;

    // All outlive it, but for what the log's threads still work on.
    Traces(Topics& topics, const Groups& groups, Log& log, const Clock& clock,
           AdminListener& listener)
        : topics_(topics), groups_(groups), log_(log), clock_(clock), listener_(listener) {}
    Traces(const Traces&) = delete;
    Traces& operator=(const Traces&) = delete;

    void begin(const Request& request, uint64_t cookie);
    // Those that are still looking are refused, instead of looking on.
    void stop() { stopped_ = true; }

 private:
    struct Trace {
        uint64_t cookie = 0;
        std::string id;
        TraceSearch search;
    };
    using Shared = std::shared_ptr<Trace>;
    // Of a copy, in one group.
    struct State {
        size_t copy = 0;
        const Group* group = nullptr;
    };

    void on_copies(const Shared& trace, const Status& status);
    void on_events(const Shared& trace, const Status& status);
    void end(const Shared& trace, zb_result result, std::string_view body);
    std::vector<TracedGroup> traced_groups() const;
    bool goes_on() const { return !stopped_; }
    int64_t now_ms() const { return clock_.wall_us() / 1000; }

    // describe_trace.cc
    std::string answer(const Trace& trace, const Journal::Heads& heads) const;
    void write_copy(const TracedCopy& copy, ValueWriter& writer) const;
    void write_event(const TracedEvent& event, const std::optional<BatchHeader>& head,
                     const TracedCopy& copy, ValueWriter& writer) const;
    void write_state(const State& state, const TracedCopy& copy, ValueWriter& writer) const;
    void write_where(const State& state, const TracedCopy& copy, ValueWriter& writer) const;
    std::vector<State> states(const Trace& trace, uint64_t& left_out) const;
    std::string topic_name(TopicId topic) const;

    Topics& topics_;
    const Groups& groups_;
    Log& log_;
    const Clock& clock_;
    AdminListener& listener_;
    std::list<Shared> traces_;
    bool stopped_ = false;
};

}  // namespace zbridge::durable
