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
    if (is_ours(corr)) hold = pool_.take_back(worker, corr.number, corr.attempt);
    pool_.has_spoken(worker);
    if (!hold) restart_clocks(worker);

    Request* request = find(corr);
    if (request != nullptr && request->worker == &worker && request->attempt == corr.attempt) {
        request->worker = nullptr;  // the worker does not hold it any more
    }
    if (!frames.reply) {
        counts_.refused.add(Refusal::kMalformed);
        const bool was_current = hold && hold->fate == Fate::kOpen;
        if (request == nullptr || !was_current) return;  // another may do better
        tell_all(*request, Refusal::kMalformed);
        return remove(*request, Fate::kEnded);
    }
    if (request == nullptr) return counts_.late.add(late_reason(corr, hold));
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

bool Service::is_ours(const Corr& corr) const {
    return corr.kind == Corr::Kind::kRequest && corr.epoch == life_.epoch;
}

Request* Service::find(const Corr& corr) const {
    if (!is_ours(corr)) return nullptr;
    Request* request = table_.find(corr.number);
    const bool was_given =
        request != nullptr && corr.attempt > 0 && corr.attempt <= request->attempt;
    return was_given ? request : nullptr;
}

LateReason Service::late_reason(const Corr& corr, const std::optional<Hold>& hold) const {
    if (corr.kind != Corr::Kind::kRequest || corr.epoch > life_.epoch) return LateReason::kUnknown;
    if (corr.epoch < life_.epoch) return LateReason::kEarlierLife;
    if (!numbers_.taken(corr.number) || table_.find(corr.number) != nullptr) {
        return LateReason::kUnknown;
    }
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
    if (request.client != nullptr) answer(request, reply);
    if (DedupEntry* entry = request.entry) {
        while (Request* joined = entry->joined.front()) {
            answer(*joined, reply);
            remove_joined(*joined);
        }
        request.entry = nullptr;
        dedup_->store(*entry, reply);
    }
    remove(request, Fate::kAnswered);
}

void Service::answer(Request& request, const ReplyFrames& reply) {
    Client& client = *request.client;
    unask(request);
    const bool bare =
        request.envelope_bytes == reply.body - reply.delimiter && !request.correlates();
    if (!request.delimited) {
        deliver(client, {}, reply.wire.from(reply.body), false);
    } else if (bare) {
        // The reply's own empty frame serves.
        deliver(client, {}, reply.wire.from(reply.delimiter), false);
    } else {
        deliver(client, request.wire.part(0, request.envelope_bytes), reply.wire.from(reply.body),
                false);
    }
}

void Service::on_deadline(Request& request) {
    counts_.timed_out++;
    tell(request, request.stage == Stage::kJoined ? request.entry->leader->cause : request.cause);
    leave(request, Fate::kEnded);
    audit();
}

// Cancelled first, told then: an error is never followed by a reply.
void Service::tell(Request& request, Refusal why) {
    Client& client = *request.client;
    unask(request);
    counts_.ended.add(why);
    say(client, request.wire.part(0, request.envelope_bytes), why, request.number);
}

void Service::tell_all(Request& request, Refusal why) {
    while (request.entry != nullptr && !request.entry->joined.empty()) {
        Request& joined = *request.entry->joined.front();
        tell(joined, why);
        remove_joined(joined);
    }
    if (request.client != nullptr) tell(request, why);
}

void Service::cancel(Request& request, Refusal why, Fate fate) {
    unask(request);
    counts_.ended.add(why);
    leave(request, fate);
}

void Service::say(Client& client, const Slice& envelope, Refusal why, uint64_t number) {
    if (error_reply_.silent()) return;
    const std::string id = std::to_string(life_.epoch.number()) + '-' + std::to_string(number);
    deliver(client, envelope, error_reply_.render(memory_, why, id), true);
}

// `counted`: an error; its request has been counted as ended.
void Service::deliver(Client& client, const Slice& head, const Slice& rest, bool counted) {
    if (client.peer == nullptr || client.resuming) return keep(client, {head, rest, counted});
    if (!client.peer->has_room()) {
        client.peer->counters().dropped++;
        if (!counted) counts_.ended.add(Refusal::kOutboxFull);
        return;
    }
    client.peer->send(head, rest);
    if (!counted) counts_.answered++;
}

void Service::keep(Client& client, KeptAnswer answer) {
    if (client.kept.size() >= kKeptAnswersMax) {
        drop_kept_answer(client.kept.front(), Refusal::kOutboxFull, LateReason::kUndeliverable);
        client.kept.erase(client.kept.begin());
    }
    if (!answer.counted) kept_++;
    client.kept.push_back(std::move(answer));
}

void Service::deliver_kept(Client& client) {
    for (KeptAnswer& answer : std::exchange(client.kept, {})) {
        if (!answer.counted) kept_--;
        deliver(client, answer.head, answer.rest, answer.counted);
    }
    audit();
}

void Service::drop_kept(Client& client, Refusal why, LateReason reason) {
    for (const KeptAnswer& answer : std::exchange(client.kept, {})) {
        drop_kept_answer(answer, why, reason);
    }
}

void Service::drop_kept_answer(const KeptAnswer& answer, Refusal why, LateReason reason) {
    if (answer.counted) {
        counts_.dropped_gone++;
        return;
    }
    kept_--;
    counts_.ended.add(why);
    counts_.late.add(reason);
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
    } else if (request.entry != nullptr && request.stage != Stage::kWaiting) {
        dedup_->linger(*request.entry);
    } else {
        remove(request, fate);
    }
}

void Service::leave_stage(Request& request) {
    if (!request.stage_link.linked) return;
    switch (request.stage) {
        case Stage::kWaiting:
            return line_.remove(request);
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
    table_.remove(request);
}

}  // namespace zbridge::rpc
