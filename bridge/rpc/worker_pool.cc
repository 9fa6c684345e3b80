#include "bridge/rpc/worker_pool.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace zbridge::rpc {

namespace {

auto find_hold(std::vector<Hold>& holds, uint64_t number, uint8_t attempt) {
    return std::find_if(holds.begin(), holds.end(), [&](const Hold& hold) {
        return hold.number == number && hold.attempt == attempt;
    });
}

}  // namespace

WorkerPool::WorkerPool(const Clock& clock, Timers& timers, uint32_t credit,
                       Duration attempt_timeout, std::function<void()> on_freed)
    : clock_(clock),
      timers_(timers),
      credit_(std::max<uint32_t>(credit, 1)),
      overdue_after_(attempt_timeout * kOverdueTimes),
      on_freed_(std::move(on_freed)),
      held_back_(clock, timers, [this](Worker& worker) {
          worker.held_back = false;
          update(worker);
          on_freed_();
      }) {}

void WorkerPool::open(net::Peer& peer, Duration hold_back) {
    auto made = std::make_unique<Worker>(peer, timers_,
                                         [this, &peer] { on_overdue(peer.state<Worker>()); });
    Worker& worker = *made;
    peer.set_state(std::move(made));
    const bool one_at_a_time = peer.type() == SocketType::kRep || peer.type() == SocketType::kReq;
    worker.credit = one_at_a_time ? 1 : peer.info().zbp ? 0 : credit_;
    worker.ready = !worker.asks();
    all_.push_back(worker);
    if (hold_back > Duration{} && !worker.asks()) {
        worker.held_back = true;
        held_back_.push(worker, clock_.now() + hold_back);
    }
    update(worker);
}

std::vector<Hold> WorkerPool::close(Worker& worker) {
    worker.ending = true;
    worker.overdue.cancel();
    if (worker.held_back) held_back_.remove(worker);
    worker.held_back = false;
    update(worker);
    all_.remove(worker);
    return std::exchange(worker.holds, {});
}

bool WorkerPool::any_free() {
    while (!free_.empty() && !free_.front()->peer.has_room()) {
        free_.front()->full = true;
        update(*free_.front());
    }
    return !free_.empty();
}

Worker& WorkerPool::longest_free() {
    ZB_CHECK(!free_.empty());
    return *free_.front();
}

void WorkerPool::give(Worker& worker, const Hold& hold) {
    ZB_CHECK(can_take(worker), worker.peer.id());
    worker.holds.push_back(hold);
    free_.remove(worker);  // to the end, if it can take another
    update(worker);
}

void WorkerPool::set_credit(Worker& worker, uint32_t credit) {
    worker.credit = credit;
    update(worker);
}

std::optional<Hold> WorkerPool::take_back(Worker& worker, const Corr& corr) {
    const auto at = find_hold(worker.holds, corr.number, corr.attempt);
    if (at == worker.holds.end() || at->epoch != corr.epoch) return std::nullopt;
    const Hold hold = *at;
    worker.holds.erase(at);
    worker.answered++;
    update(worker);
    return hold;
}

std::vector<Hold> WorkerPool::drop_all(Worker& worker) {
    auto holds = std::exchange(worker.holds, {});
    update(worker);
    return holds;
}

void WorkerPool::give_up(Worker& worker, uint64_t number, uint8_t attempt, Fate fate) {
    const auto at = find_hold(worker.holds, number, attempt);
    ZB_CHECK(at != worker.holds.end(), number, int{attempt});
    at->fate = fate;
    watch(worker, *at);
}

void WorkerPool::watch(Worker& worker, uint64_t number, uint8_t attempt) {
    const auto at = find_hold(worker.holds, number, attempt);
    ZB_CHECK(at != worker.holds.end(), number, int{attempt});
    watch(worker, *at);
}

void WorkerPool::watch(Worker& worker, const Hold& hold) {
    if (overdue_after_ == Duration{}) return;
    const Instant due = hold.since + overdue_after_;
    if (!worker.overdue.armed() || due < worker.overdue.due()) worker.overdue.arm(due);
}

// It may have been armed for a hold that is gone: the oldest that is left decides.
void WorkerPool::on_overdue(Worker& worker) {
    if (worker.holds.empty() || worker.ending) return;
    const auto oldest =
        std::min_element(worker.holds.begin(), worker.holds.end(),
                         [](const Hold& a, const Hold& b) { return a.since < b.since; });
    const Instant due = oldest->since + overdue_after_;
    if (due > clock_.now()) return worker.overdue.arm(due);
    worker.ending = true;
    update(worker);
    worker.peer.close(Refusal::kTimeout);
}

void WorkerPool::has_spoken(Worker& worker) {
    if (worker.asks()) worker.ready = true;
    if (worker.held_back) {
        worker.held_back = false;
        held_back_.remove(worker);
    }
    update(worker);
}

void WorkerPool::has_room(Worker& worker) {
    worker.full = false;
    update(worker);
}

bool WorkerPool::can_take(const Worker& worker) {
    return worker.ready && !worker.held_back && !worker.full && !worker.ending &&
           worker.holds.size() < worker.credit;
}

void WorkerPool::update(Worker& worker) {
    room_ -= worker.room;
    worker.room = can_take(worker) ? worker.credit - worker.holds.size() : 0;
    room_ += worker.room;
    const bool listed = free_.holds(worker);
    if (can_take(worker) == listed) return;
    if (listed) {
        free_.remove(worker);
    } else {
        free_.push_back(worker);
    }
}

void WorkerPool::check_invariants() const {
    size_t free = 0, room = 0;
    for (const Worker* worker = first(); worker != nullptr; worker = next(*worker)) {
        ZB_CHECK(worker->holds.size() <= worker->credit || worker->peer.info().zbp,
                 worker->peer.id(), worker->holds.size());
        ZB_CHECK(free_.holds(*worker) == can_take(*worker), worker->peer.id());
        if (can_take(*worker)) free++;
        room += worker->room;
    }
    ZB_CHECK(free == free_.size() && room == room_, free, free_.size(), room, room_);
}

}  // namespace zbridge::rpc
