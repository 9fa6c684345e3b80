// The workers of a service: who is free, and since when; who holds what.
//
// A worker is free while it holds less than its credit: a REP or REQ one request, others the
// endpoint's credit. The one that has been free longest is next. A worker that is too slow stays
// busy; it gets nothing until it replies or leaves, and is disconnected kOverdueTimes an attempt's
// time after it was given the request.
#pragma once

#include <functional>
#include <optional>

#include "bridge/model/corr.h"
#include "bridge/rpc/due_line.h"
#include "bridge/rpc/worker.h"

namespace zbridge::rpc {

class WorkerPool {
 public:
    static constexpr int kOverdueTimes = 10;

    // `credit` of DEALER and ROUTER workers; a part of a session has none until it says so. attempt_timeout 0: a worker may hold a request for
    // ever.
    WorkerPool(const Clock& clock, Timers& timers, uint32_t credit, Duration attempt_timeout,
               std::function<void()> on_freed);

    // Makes the peer's state. It is given nothing for `hold_back`, unless it speaks before.
    void open(net::Peer& peer, Duration hold_back);
    // It is gone: whatever it holds is the caller's now.
    std::vector<Hold> close(Worker& worker);

    bool any_free();
    // REQUIRES: any_free().
    Worker& longest_free();

    void give(Worker& worker, const Hold& hold);
    // Of one that says its own. Less than it holds: it is given nothing until it holds less.
    void set_credit(Worker& worker, uint32_t credit);
    // Its reply has come: takes the hold out. None: it does not hold this attempt.
    std::optional<Hold> take_back(Worker& worker, const Corr& corr);
    // It shows that it has dropped whatever it held: that is the caller's now.
    std::vector<Hold> drop_all(Worker& worker);
    // The reply is not waited for any more; the worker stays busy.
    void give_up(Worker& worker, uint64_t number, uint8_t attempt, Fate fate);
    // It does not answer in time, but is still waited for.
    void watch(Worker& worker, uint64_t number, uint8_t attempt);
    // It has sent a reply or, a REQ, asked: it is not held back any more.
    void has_spoken(Worker& worker);
    // Its outbox is empty.
    void has_room(Worker& worker);

    size_t size() const { return all_.size(); }
    size_t free() const { return free_.size(); }
    size_t room() const { return room_; }  // how many requests all of them can be given now
    const Worker* first() const { return all_.front(); }  // in the order of their connecting
    static const Worker* next(const Worker& worker) { return worker.all_link.after; }
    void check_invariants() const;

 private:
    static bool can_take(const Worker& worker);
    void update(Worker& worker);
    void watch(Worker& worker, const Hold& hold);
    void on_overdue(Worker& worker);

    const Clock& clock_;
    Timers& timers_;
    uint32_t credit_;
    size_t room_ = 0;
    Duration overdue_after_;  // 0: never
    std::function<void()> on_freed_;
    LinkedList<Worker, &Worker::all_link> all_;
    LinkedList<Worker, &Worker::free_link> free_;  // the longest free first
    DueLine<Worker, &Worker::held_back_link, &Worker::held_back_due> held_back_;
};

}  // namespace zbridge::rpc
