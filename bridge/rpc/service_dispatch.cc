// The second step of a service: a waiting request goes to the worker that has been free longest;
// and what is done when that worker is lost, or too slow.
#include <algorithm>

#include "bridge/rpc/service.h"

namespace zbridge::rpc {

void Service::dispatch() {
    while (!paused_ && pool_.any_free()) {
        if (!ready_.empty()) {
            give(*ready_.front(), pool_.longest_free());
        } else if (line_.empty()) {
            return;
        } else if (!needs_mark(*line_.front())) {
            give(*line_.front(), pool_.longest_free());
        } else if (marks_ < pool_.room()) {
            mark(*line_.front());
        } else {
            return;  // those whose marks are being stored will have all there is
        }
    }
}

void Service::resume() {
    paused_ = false;
    dispatch();
    audit();
}

void Service::give(Request& request, Worker& worker) {
    leave_stage(request);
    request.attempt++;
    request.stage = Stage::kWithWorker;
    request.worker = &worker;
    request.cause = Refusal::kTimeout;
    if (request.attempt > 1) {
        counts_.retried++;
        // Not waited for: it only keeps the attempts of several lives apart.
        if (request.noted && !is_once())
            (void)journal_->note_dispatch(request.number, request.attempt);
    }

    const Corr corr{Corr::Kind::kRequest, request.attempt, request.epoch, request.number};
    const Slice head = head_for_worker(memory_, worker.envelope, corr, request.delimited);
    const uint64_t position = worker.peer.send(head, request.wire.from(request.body_from));

    const Instant now = clock_.now();
    pool_.give(worker,
               {request.epoch, request.number, request.attempt, Fate::kOpen, position, now});
    if (attempt_timeout_ > Duration{}) attempts_.push(request, now + attempt_timeout_);
}

void Service::on_worker_opened(net::Peer& peer) {
    const bool may_be_busy = !life_.clean_start && clock_.now() < life_.started + kReturnTime;
    pool_.open(peer, may_be_busy ? options_.resume_grace : Duration{});
    dispatch();
    audit();
}

void Service::on_worker_closed(Worker& worker) {
    const uint64_t written = worker.peer.outbox().written();
    for (const Hold& hold : pool_.close(worker)) {
        lose(worker, hold, hold.position < written);
    }
    dispatch();
    audit();
}

// The worker is gone, or shows that it has dropped what it held. `sent`: a byte of it has left for
// it.
void Service::lose(Worker& worker, const Hold& hold, bool sent) {
    Request* request = table_.find(hold.number);
    if (request == nullptr || request->worker != &worker || request->attempt != hold.attempt) {
        return;
    }
    leave_stage(*request);
    request->worker = nullptr;
    if (sent) {
        on_worker_lost(*request);
    } else {
        on_never_sent(*request);
    }
}

// As if it had not been tried.
void Service::on_never_sent(Request& request) {
    counts_.returned++;
    if (request.attempt > 1) counts_.retried--;
    request.attempt--;
    request.cause = request.attempt == 0 ? Refusal::kNoWorker : Refusal::kWorkerLost;
    give_again(request);
}

void Service::on_worker_lost(Request& request) {
    request.cause = Refusal::kWorkerLost;
    const Instant now = clock_.now();
    if (options_.execute == ServiceOptions::Execute::kAtMostOnce) {
        request.stage = Stage::kAwaitingLate;
        wait_for_return(request);
    } else if (is_asked(request) && options_.retry_on_worker_lost && may_retry(request)) {
        request.stage = Stage::kInGrace;
        graces_.push(request, now + options_.resume_grace);
    } else {
        tell_all(request, Refusal::kWorkerLost);
        remove(request, Fate::kEnded);
    }
}

// Without a deadline that ends the waiting, a lost worker has as long to come back as a client
// would have. REQUIRES: kAwaitingLate, of a worker that is lost.
void Service::wait_for_return(Request& request) {
    if (options_.timeout > Duration{} || request.stage_link.linked) return;
    graces_.push(request, clock_.now() + options_.resume_window);
}

void Service::on_attempt_timeout(Request& request) {
    request.cause = Refusal::kTimeout;
    request.stage = Stage::kAwaitingLate;
    pool_.watch(*request.worker, request.number, request.attempt);

    // One that is past its deadline is about to be ended by that.
    const bool is_over = request.has_deadline() && request.deadline <= clock_.now();
    if (options_.execute == ServiceOptions::Execute::kAtLeastOnce && is_asked(request) &&
        !is_over) {
        if (options_.retry_on_timeout && may_retry(request)) {
            pool_.give_up(*request.worker, request.number, request.attempt, Fate::kPassedOn);
            request.worker = nullptr;
            give_again(request);
            dispatch();
        } else {
            tell_all(request, Refusal::kTimeout);
            leave(request, Fate::kEnded);
        }
    }
    audit();
}

void Service::on_grace_over(Request& request) {
    if (request.stage == Stage::kInGrace) {
        give_again(request);
        dispatch();
    } else {
        tell_all(request, request.cause);
        leave(request, Fate::kEnded);
    }
    audit();
}

// To the next worker, if somebody still waits for it.
void Service::give_again(Request& request) {
    request.stage = Stage::kWaiting;
    line_of(request).put_back(request);
    if (request.marked) marks_++;
    if (!is_asked(request)) remove(request, Fate::kEnded);
}

bool Service::may_retry(const Request& request) const {
    return request.attempt <= options_.retry_times;
}

}  // namespace zbridge::rpc
