// The first step of a service: what a client asks becomes a request in the line, or is refused.
#include <utility>

#include "bridge/rpc/service.h"

namespace zbridge::rpc {

void Service::client_opened(net::Peer& peer) {
    if (clients_.find(peer.id()) == nullptr) open_client(peer, nullptr);
}

net::Take Service::submit(net::Peer& peer, const Message& message) {
    Client* client = clients_.find(peer.id());
    if (client == nullptr) client = &open_client(peer, nullptr);
    return accept(*client, message);
}

void Service::client_closed(net::Peer& peer) {
    if (Client* client = clients_.find(peer.id())) close_client(*client);
}

Client& Service::open_client(net::Peer& peer, ClientState* state) {
    // The newest connection of a client opens before the old one closes, and takes all over.
    Client* before = clients_.known(peer);
    if (before != nullptr && before->peer != nullptr) {
        if (before->key.empty()) {
            give_up_on(*before);  // of one process, and now there are two of them
        } else {
            keep_unsent(*before);
        }
    }
    Client& client = clients_.open(peer, state);
    if (!client.resuming) deliver_kept(client);
    return client;
}

net::Take Service::accept(Client& client, const Message& message, Duration timeout) {
    if (client.resuming || client.host != nullptr) on_spoken(client);
    if (client.lockstep) {
        supersede_earlier(client);
        forget_sent(client);  // it has them, or does not want them any more
    }

    // A REQ's envelope is its own socket's: it is never data. Nor is a session's.
    const bool has_envelope = client.lockstep || client.zbp;
    auto frames = read_request(message, options_.envelope_raw && !has_envelope);
    if (frames) frames->timeout = timeout;
    std::string key;
    if (!frames) {
        refuse(client, message, {.delimited = false}, Refusal::kNoEnvelope, Refusal::kNoEnvelope);
    } else if (draining_) {
        refuse(client, message, *frames, Refusal::kShuttingDown, Refusal::kShuttingDown);
    } else if (options_.reply_durable && journal_ != nullptr && journal_->failed()) {
        refuse(client, message, *frames, Refusal::kStoreFailed, Refusal::kStoreFailed);
    } else if (memory_.pressed()) {
        refuse(client, message, *frames, Refusal::kMemory, Refusal::kBusy);
    } else if (dedup_ != nullptr && repeat(client, message, *frames, key)) {
        counts_.dedup_repeats++;
    } else if (is_full()) {
        refuse(client, message, *frames, Refusal::kBusy, Refusal::kBusy);
    } else {
        Request& request = admit(client, message, *frames);
        if (!key.empty()) request.entry = &dedup_->begin(std::move(key), request);
        begin(request);
        dispatch();
    }
    audit();
    return net::Take::kTaken;
}

// What is on its way through the store will have a worker, or stand in the line.
bool Service::is_full() {
    const size_t waiting = line_.size() + ready_.size() + noting_.size();
    if (waiting < options_.line_max) return false;
    return paused_ || !pool_.any_free() ||
           (journal_ != nullptr && waiting >= options_.line_max + pool_.room());
}

// It is back and does not wait: what it waited for before has no claim on it. But one that is no
// REQ may wait and speak; then what names its request finds it.
void Service::on_spoken(Client& client) {
    const bool of_life_before = client.recovered;
    clients_.end_silence(client);
    clients_.end_return(client);
    if (client.lockstep) return drop_kept(client, Refusal::kSuperseded, LateReason::kSuperseded);
    for (Request* each = client.requests.front(); each != nullptr && of_life_before;) {
        Request& request = *each;
        each = decltype(client.requests)::after(request);
        if (!request.correlates()) cancel(request, Refusal::kSuperseded, Fate::kSuperseded);
    }
    for (Answer& answer : std::exchange(client.kept, {})) {
        if (!answer.correlates) {
            drop(answer, Refusal::kSuperseded, LateReason::kSuperseded);
        } else {
            if (!answer.counted) kept_--;
            deliver(client, std::move(answer));
        }
    }
}

// A REQ takes whatever comes as the answer to the newest of its requests, unless it correlates.
void Service::supersede_earlier(Client& client) {
    for (Request* earlier = client.requests.front(); earlier != nullptr;) {
        Request& request = *earlier;
        earlier = decltype(client.requests)::after(request);
        const bool dispatched = !request.is_undispatched() && request.stage != Stage::kJoined;
        if (dispatched && request.correlates()) continue;
        cancel(request, Refusal::kSuperseded, Fate::kSuperseded);
    }
}

// True: it repeats what runs or is stored, and has been dealt with. Else `key` is that of a new
// one, or empty.
bool Service::repeat(Client& client, const Message& message, const RequestFrames& frames,
                     std::string& key) {
    key = dedup_key(message.after(frames.envelope_bytes, frames.envelope_frames),
                    client.peer->info().user);
    if (key.empty()) return false;
    DedupEntry* entry = dedup_->find(key);
    if (entry == nullptr) return false;

    if (entry->leader != nullptr && joined_ >= options_.line_max) {
        refuse(client, message, frames, Refusal::kBusy, Refusal::kBusy);
        return true;
    }
    Request& request = admit(client, message, frames);
    if (entry->leader == nullptr) {
        answer(request, dedup_->stored(*entry));
        table_.remove(request);
    } else {
        join(request, *entry);
        if (!note_joined(request)) {
            tell(request, Refusal::kStoreFull);
            leave(request, Fate::kEnded);
        }
    }
    return true;
}

// Its key within its user: nobody is given the reply to another's request. Empty: it has none.
std::string Service::dedup_key(const Message& body, std::string_view user) const {
    const auto found = dedup_key_(body);
    if (!found) return {};
    return std::to_string(user.size()) + ' ' + std::string(user) + *found;
}

void Service::join(Request& request, DedupEntry& entry) {
    request.stage = Stage::kJoined;
    request.entry = &entry;
    entry.joined.push_back(request);
    joined_++;
    Request& leader = *entry.leader;
    if (leader.stage == Stage::kAwaitingLate && leader.worker == nullptr) wait_for_return(leader);
}

// Counted as `why`, told as `said`.
void Service::refuse(Client& client, const Message& message, const RequestFrames& frames,
                     Refusal why, Refusal said) {
    counts_.refused.add(why);
    if (error_reply_.silent() && !client.zbp) return;
    say(client, message.wire().part(0, frames.envelope_bytes), said, numbers_.take());
}

Request& Service::admit(Client& client, const Message& message, const RequestFrames& frames) {
    Request& request = table_.add(numbers_.take());
    request.epoch = life_.epoch;
    request.wire = message.wire();
    request.envelope_bytes = frames.envelope_bytes;
    request.body_from = frames.body_from;
    request.delimited = frames.delimited;
    request.client = &client;
    client.requests.push_back(request);
    const bool asks_less = frames.timeout > Duration{} &&
                           (options_.timeout == Duration{} || frames.timeout < options_.timeout);
    if (asks_less) {
        own_deadlines_.add(request, clock_.now() + frames.timeout);
    } else if (options_.timeout > Duration{}) {
        deadlines_.push(request, clock_.now() + options_.timeout);
    }
    asked_++;
    counts_.accepted++;
    return request;
}

void Service::close_client(Client& client) {
    keep_unsent(client);
    // Nobody comes back for those of an anonymous one.
    if (client.state != nullptr) counts_.dropped_gone += client.peer->outbox().messages();
    if (!clients_.leave(client)) forget_client(client);
    audit();
}

void Service::forget_client(Client& client) {
    while (Request* request = client.requests.front()) {
        cancel(*request, Refusal::kClientGone, Fate::kClientGone);
    }
    drop_kept(client, Refusal::kClientGone, LateReason::kUndeliverable);
    clients_.erase(client);
    audit();
}

}  // namespace zbridge::rpc
