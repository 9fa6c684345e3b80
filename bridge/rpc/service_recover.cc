// The start of a service after a life before: what was asked, who may have it, who waits for it.
//
// A stored reply goes to its client when that is back. A request that no worker can have goes into
// the line. One in doubt waits for the worker's reply: at_least_once for resume_grace, then it goes
// to another; at_most_once until its deadline.
#include <algorithm>
#include <map>
#include <utility>

#include "bridge/rpc/service.h"

namespace zbridge::rpc {

struct Service::Pending {
    uint64_t number = 0;
    const Recovered& from;
    const RequestNote& note;
    // A worker of a life before may have it.
    bool in_doubt() const { return note.dispatched || from.attempt > 0 || !note.told_of_dispatch; }
};

namespace {

using Trait = ClientTable::Trait;

// Which clients can be told from all others.
class Traits {
 public:
    Traits(const std::map<uint64_t, Recovered>& recovered, const RequestJournal& journal)
        : journal_(journal) {
        for (const auto& [number, each] : recovered) {
            if (each.replied_us) continue;
            processes_[process_of(each.request)]++;
            correlations_[correlation_of(each.request)]++;
        }
    }

    std::optional<Trait> of(const RequestNote& note) const {
        const auto endpoint = journal_.endpoint_named(note.endpoint);
        if (!endpoint) return std::nullopt;
        using Kind = Trait::Kind;
        if (!note.identity.empty())
            return Trait{Kind::kIdentity, *endpoint, note.identity, note.user};
        if (!note.process.empty() && processes_.at(process_of(note)) == 1)
            return Trait{Kind::kProcess, *endpoint, note.process, {}};
        if (!note.host.empty() && correlations_.at(correlation_of(note)) == 1)
            return Trait{Kind::kHost, *endpoint, note.host, {}};
        return std::nullopt;
    }

 private:
    static std::string process_of(const RequestNote& note) {
        return std::string(note.endpoint) + ' ' + std::string(note.process);
    }
    static std::string correlation_of(const RequestNote& note) {
        return std::string(note.endpoint) + ' ' + std::string(note.host) + ' ' +
               std::string(note.wire.substr(0, note.envelope_bytes));
    }

    const RequestJournal& journal_;
    std::map<std::string, uint64_t> processes_, correlations_;  // how many are pending
};

}  // namespace

void Service::recover() {
    const auto recovered = journal_->take(options_.name);
    const Traits traits(recovered, *journal_);
    for (const auto& [number, each] : recovered) {
        const Pending pending{number, each, each.request};
        std::string key;
        if (dedup_ != nullptr) {
            const Slice body = memory_.copy(pending.note.wire.substr(pending.note.envelope_bytes));
            key = dedup_key(Message(body, message_end(body.bytes(), 0).frames), pending.note.user);
        }
        if (each.replied_us) {
            recover_ended(pending, key);
            continue;
        }
        counts_.accepted++;
        counts_.recovered++;
        const auto trait = traits.of(pending.note);
        Client& client =
            trait ? clients_.recover(*trait, pending.note.type == SocketType::kReq) : nobody_;
        if (trait) client.zbp = pending.note.zbp;
        if (client.lockstep) {  // a REQ that asked again has its answer, or does not want it
            supersede_earlier(client);
            drop_kept(client, Refusal::kSuperseded, LateReason::kSuperseded);
        }
        if (each.reply) {
            recover_reply(pending, key, client);
        } else {
            recover_request(pending, key, client);
        }
    }
    audit();
}

// Its client has been told all: it is known for the sake of repeats.
void Service::recover_ended(const Pending& pending, const std::string& key) {
    const auto& reply = pending.from.reply;
    if (reply) {
        if (!store_recovered(pending, key, {memory_.copy(reply->wire), 0, reply->body}))
            journal_->close(pending.number);
        return;
    }
    const bool leads = !key.empty() && !pending.note.joined && dedup_->find(key) == nullptr;
    const Duration left = leads ? left_of_window(*pending.from.replied_us) : Duration{};
    if (left == Duration{}) return journal_->close(pending.number);
    Request& request = add_recovered(pending);
    request.told = true;
    request.stage = Stage::kAwaitingLate;
    request.in_doubt = true;
    request.entry = &dedup_->begin(key, request);
    dedup_->recover_lingering(*request.entry, left);
}

void Service::recover_reply(const Pending& pending, const std::string& key, Client& client) {
    const ReplyNote& note = *pending.from.reply;
    const ReplyFrames reply{memory_.copy(note.wire), 0, note.body};
    Request& request = add_recovered(pending);
    request.client = &client;
    client.requests.push_back(request);
    asked_++;
    store_recovered(pending, key, reply);
    settle_now(request, reply);
}

// For repeats, as long as its window is not over.
bool Service::store_recovered(const Pending& pending, const std::string& key,
                              const ReplyFrames& reply) {
    if (key.empty() || pending.note.joined || dedup_->find(key) != nullptr) return false;
    const Duration left = left_of_window(pending.from.reply->at_us);
    if (left == Duration{}) return false;
    journal_->need(pending.number, RequestJournal::Need::kRepeats);
    dedup_->recover(key, reply, pending.number, left);
    return true;
}

void Service::recover_request(const Pending& pending, const std::string& key, Client& client) {
    Request& request = add_recovered(pending);
    request.client = &client;
    client.requests.push_back(request);
    asked_++;
    if (options_.timeout > Duration{}) {
        const int64_t deadline_us = pending.note.deadline_us;
        const Duration left =
            deadline_us == 0 ? options_.timeout : left_of(deadline_us, options_.timeout);
        deadlines_.insert(request, clock_.now() + left);
    } else if (pending.note.deadline_us != 0) {
        own_deadlines_.add(request,
                           clock_.now() + left_of(pending.note.deadline_us, Duration::max()));
    }
    if (!repeats(request, pending, key)) resume(request, pending);
}

Request& Service::add_recovered(const Pending& pending) {
    Request& request = table_.add(pending.number);
    request.epoch = pending.note.epoch;
    request.noted = true;
    request.attempt = pending.in_doubt() ? std::max<uint8_t>(pending.from.attempt, 1) : 0;
    request.delimited = pending.note.delimited;
    request.wire = memory_.copy(pending.note.wire);
    request.envelope_bytes = pending.note.envelope_bytes;
    request.body_from = pending.note.body_from;
    return request;
}

// True: it repeats another one, and has been dealt with.
bool Service::repeats(Request& request, const Pending& pending, const std::string& key) {
    DedupEntry* entry = key.empty() ? nullptr : dedup_->find(key);
    if (entry == nullptr && pending.note.joined) {
        tell(request, Refusal::kUnresumable);  // what it waited for is not known any more
        remove(request, Fate::kEnded);
        return true;
    }
    if (entry == nullptr) {
        if (!key.empty()) request.entry = &dedup_->begin(key, request);
        return false;
    }
    if (entry->leader != nullptr) {
        join(request, *entry);
    } else {
        settle_now(request, dedup_->stored(*entry));
    }
    return true;
}

void Service::resume(Request& request, const Pending& pending) {
    request.in_doubt = pending.in_doubt();
    if (!request.in_doubt) return line_.push_back(request);
    request.cause = Refusal::kWorkerLost;
    if (!is_once() && request.attempt == UINT8_MAX) {  // its corr has no room for another
        tell_all(request, Refusal::kWorkerLost);
        return remove(request, Fate::kEnded);
    }
    if (is_once()) {
        request.stage = Stage::kAwaitingLate;
        wait_for_return(request);
    } else {
        request.stage = Stage::kInGrace;
        graces_.push(request, clock_.now() + options_.resume_grace);
    }
}

// By the wall clock, which may have been moved meanwhile.
Duration Service::left_of(int64_t until_us, Duration at_most) const {
    return std::clamp(Duration(std::chrono::microseconds(until_us - clock_.wall_us())), Duration{},
                      at_most);
}

Duration Service::left_of_window(int64_t since_us) const {
    const Duration window = options_.dedup->window;
    return left_of(since_us + std::chrono::duration_cast<std::chrono::microseconds>(window).count(),
                   window);
}

// It could not be told from another.
void Service::give_up_on(Client& client) {
    clients_.end_silence(client);
    clients_.end_return(client);
    while (Request* request = client.requests.front()) {
        client.requests.remove(*request);
        nobody_.requests.push_back(*request);
        request->client = &nobody_;
    }
    for (const Answer& answer : std::exchange(client.kept, {})) {
        if (!answer.counted) kept_--;
        drop_unresumable(answer);
    }
}

}  // namespace zbridge::rpc
