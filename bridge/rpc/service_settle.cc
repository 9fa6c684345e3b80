// The last step of a service: a worker's message is matched by its corr, and each request ends
// once: with the reply, or with an error when its time is up.
#include <string>
#include <utility>

#include "bridge/rpc/service.h"

namespace zbridge::rpc {

void Service::on_worker_message(Worker& worker, const Message& message) {
    if (!worker.asks()) {
        on_reply(worker, read_worker(message.wire(), 0));
    } else if (const auto envelope = find_envelope(message, message.frames());
               envelope && envelope->bytes <= kWorkerEnvelopeBytesMax) {
        worker.envelope = message.wire().bytes().substr(0, envelope->bytes);
        const WorkerFrames frames = read_worker(message.wire(), envelope->bytes);
        if (!frames.corr && !worker.holds.empty()) counts_.refused.add(Refusal::kMalformed);
        // Before it is given more: what it answers is its reply, whatever else it held it has
        // dropped.
        if (frames.corr) on_reply(worker, frames);
        for (const Hold& hold : pool_.drop_all(worker)) {
            lose(worker, hold, true);
        }
        pool_.has_spoken(worker);
    } else {
        counts_.refused.add(Refusal::kMalformed);
    }
    dispatch();
    audit();
}

void Service::on_reply(Worker& worker, const WorkerFrames& frames) {
    if (!frames.corr) {
        counts_.refused.add(Refusal::kMalformed);  // and the worker stays as busy as it was
        return;
    }
    const Corr& corr = *frames.corr;
    std::optional<Hold> hold;
    if (corr.kind == Corr::Kind::kRequest) hold = pool_.take_back(worker, corr);
    pool_.has_spoken(worker);
    if (!hold) restart_clocks(worker);

    Request* request = find(corr);
    if (request != nullptr && request->worker == &worker && request->attempt == corr.attempt) {
        request->worker = nullptr;  // the worker does not hold it any more
    }
    if (frames.error) return on_error(corr, hold, request, *frames.error);
    if (!frames.reply) {
        counts_.refused.add(Refusal::kMalformed);
        const bool was_current = hold && hold->fate == Fate::kOpen;
        if (request == nullptr || !was_current) return;  // another may do better
        tell_all(*request, Refusal::kMalformed);
        return remove(*request, Fate::kEnded);
    }
    if (request == nullptr) return counts_.late.add(late_reason(corr, hold));
    if (request->stage == Stage::kReplying) return counts_.late.add(LateReason::kDuplicate);
    const bool in_time = hold && hold->fate == Fate::kOpen && request->stage == Stage::kWithWorker;
    if (!in_time && is_asked(*request)) counts_.settled_late++;
    settle(*request, *frames.reply);
}

// It was busy with something older, and comes to what it holds only now.
void Service::restart_clocks(Worker& worker) {
    const Instant now = clock_.now();
    for (Hold& hold : worker.holds) {
        Request* request = table_.find(hold.number);
        if (hold.fate != Fate::kOpen || request == nullptr ||
            request->stage != Stage::kWithWorker) {
            continue;
        }
        hold.since = now;
        if (attempt_timeout_ == Duration{}) continue;
        attempts_.remove(*request);
        attempts_.push(*request, now + attempt_timeout_);
    }
}

Request* Service::find(const Corr& corr) const {
    if (corr.kind != Corr::Kind::kRequest) return nullptr;
    Request* request = table_.find(corr.number);
    if (request == nullptr || request->epoch != corr.epoch) return nullptr;
    const bool was_given =
        corr.attempt > 0 && (corr.attempt <= request->attempt || request->in_doubt);
    return was_given ? request : nullptr;
}

LateReason Service::late_reason(const Corr& corr, const std::optional<Hold>& hold) const {
    if (corr.kind != Corr::Kind::kRequest || corr.epoch > life_.epoch) return LateReason::kUnknown;
    if (corr.epoch < life_.epoch && !hold) return LateReason::kEarlierLife;
    if (corr.epoch == life_.epoch && !numbers_.taken(corr.number)) return LateReason::kUnknown;
    if (table_.find(corr.number) != nullptr) return LateReason::kUnknown;
    if (!hold) return LateReason::kEnded;
    switch (hold->fate) {
        case Fate::kPassedOn:
            return LateReason::kOtherAttempt;
        case Fate::kAnswered:
            return LateReason::kDuplicate;
        case Fate::kClientGone:
            return LateReason::kUndeliverable;
        case Fate::kSuperseded:
            return LateReason::kSuperseded;
        case Fate::kOpen:
        case Fate::kEnded:
            break;
    }
    return LateReason::kEnded;
}

void Service::settle(Request& request, const ReplyFrames& reply) {
    if (request.noted && hold_reply(request, reply)) return;
    settle_now(request, reply);
}

void Service::settle_now(Request& request, const ReplyFrames& reply) {
    const uint64_t number = request.noted ? request.number : 0;
    if (number != 0) share_notes(request);
    if (request.client != nullptr) answer(request, reply);
    if (DedupEntry* entry = request.entry) {
        while (Request* joined = entry->joined.front()) {
            if (joined->noted) share_notes(*joined);
            answer(*joined, reply);
            remove_joined(*joined);
        }
        request.entry = nullptr;
        dedup_->store(*entry, reply, number);
    }
    remove(request, Fate::kAnswered);
}

void Service::answer(Request& request, const ReplyFrames& reply) {
    Client& client = *request.client;
    unask(request);
    deliver(client, answer_of(request, reply));
}

Answer Service::answer_of(const Request& request, const ReplyFrames& reply) {
    Answer answer{.correlates = request.correlates(), .number = request.answer_number};
    const bool bare =
        request.envelope_bytes == reply.body - reply.delimiter && !request.correlates();
    if (!request.delimited) {
        answer.rest = reply.wire.from(reply.body);
    } else if (bare) {
        answer.rest = reply.wire.from(reply.delimiter);  // the reply's own empty frame serves
    } else {
        answer.head = request.wire.part(0, request.envelope_bytes);
        answer.rest = reply.wire.from(reply.body);
    }
    return answer;
}

void Service::on_deadline(Request& request) {
    counts_.timed_out++;
    tell(request, request.stage == Stage::kJoined ? request.entry->leader->cause : request.cause);
    leave(request, Fate::kEnded);
    audit();
}

// Cancelled first, told then: an error is never followed by a reply.
void Service::tell(Request& request, Refusal why, std::string_view text) {
    Client& client = *request.client;
    unask(request);
    counts_.ended.add(why);
    say(client, request.wire.part(0, request.envelope_bytes), why, request.number, text);
}

void Service::tell_all(Request& request, Refusal why, std::string_view text) {
    while (request.entry != nullptr && !request.entry->joined.empty()) {
        Request& joined = *request.entry->joined.front();
        tell(joined, why, text);
        remove_joined(joined);
    }
    if (request.client != nullptr) tell(request, why, text);
}

void Service::cancel(Request& request, Refusal why, Fate fate) {
    unask(request);
    counts_.ended.add(why);
    // When the bridge ends it is not the client that goes: the next life may see it again.
    if (draining_ && why == Refusal::kClientGone) request.noted = false;
    leave(request, fate);
}

bool Service::is_asked(const Request& request) {
    const bool leads = request.entry != nullptr && request.entry->leader == &request;
    return request.client != nullptr || (leads && !request.entry->joined.empty());
}

// Its client does not wait for it any more.
void Service::unask(Request& request) {
    request.client->requests.remove(request);
    request.client = nullptr;
    if (request.deadline_link.linked) deadlines_.remove(request);
    if (request.own_deadline) own_deadlines_.remove(request);
    asked_--;
}

// After unask(): the request ends, unless others wait for it too, or for repeats a reply is still
// worth having.
void Service::leave(Request& request, Fate fate) {
    if (request.stage == Stage::kJoined) {
        Request& leader = *request.entry->leader;
        remove_joined(request);
        if (!is_asked(leader)) leave(leader, fate);
    } else if (is_asked(request)) {
        return;
    } else if (request.entry != nullptr && !request.is_undispatched()) {
        if (request.noted && !std::exchange(request.told, true))
            (void)journal_->note_told(request.number);  // refused: told again after a restart
        dedup_->linger(*request.entry);
    } else {
        remove(request, fate);
    }
}

void Service::leave_stage(Request& request) {
    if (!request.stage_link.linked) return;
    switch (request.stage) {
        case Stage::kWaiting:
            line_of(request).remove(request);
            if (request.marked) marks_--;
            return;
        case Stage::kNoting:
        case Stage::kMarking:
            if (request.marked) marks_--;
            return noting_.remove(request);
        case Stage::kReplying:
            return noting_.remove(request);
        case Stage::kWithWorker:
            return attempts_.remove(request);
        case Stage::kInGrace:
        case Stage::kAwaitingLate:
            return graces_.remove(request);
        case Stage::kJoined:
            return request.entry->joined.remove(request);
    }
}

void Service::remove_joined(Request& request) {
    leave_stage(request);
    joined_--;
    close_notes(request);
    table_.remove(request);
}

// REQUIRES: nobody waits for it. A worker that holds it stays busy, and its reply is counted as
// `fate` says.
void Service::remove(Request& request, Fate fate) {
    leave_stage(request);
    if (request.entry != nullptr) dedup_->erase(*request.entry);
    if (request.worker != nullptr) {
        pool_.give_up(*request.worker, request.number, request.attempt, fate);
    }
    close_notes(request);
    table_.remove(request);
}

}  // namespace zbridge::rpc
