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
    if (before != nullptr && before->peer != nullptr) keep_unsent(*before);
    Client& client = clients_.open(peer, state);
    if (!client.resuming) deliver_kept(client);
    return client;
}

net::Take Service::accept(Client& client, const Message& message) {
    if (client.resuming) {
        clients_.end_silence(client);
        drop_kept(client, Refusal::kSuperseded, LateReason::kSuperseded);
    }
    if (client.lockstep) supersede_earlier(client);

    // A REQ's envelope is its own socket's: it is never data.
    const auto frames =
        read_request(message, options_.envelope_raw && client.peer->type() != SocketType::kReq);
    std::string key;
    if (!frames) {
        refuse(client, message, {.delimited = false}, Refusal::kNoEnvelope, Refusal::kNoEnvelope);
    } else if (draining_) {
        refuse(client, message, *frames, Refusal::kShuttingDown, Refusal::kShuttingDown);
    } else if (memory_.pressed()) {
        refuse(client, message, *frames, Refusal::kMemory, Refusal::kBusy);
    } else if (dedup_ != nullptr && repeat(client, message, *frames, key)) {
        counts_.dedup_repeats++;
    } else if (line_.size() >= options_.line_max && !pool_.any_free()) {
        refuse(client, message, *frames, Refusal::kBusy, Refusal::kBusy);
    } else {
        Request& request = admit(client, message, *frames);
        if (!key.empty()) request.entry = &dedup_->begin(std::move(key), request);
        line_.push_back(request);
        dispatch();
    }
    audit();
    return net::Take::kTaken;
}

// A REQ takes whatever comes as the answer to the newest of its requests, unless it correlates.
void Service::supersede_earlier(Client& client) {
    for (Request* earlier = client.requests.front(); earlier != nullptr;) {
        Request& request = *earlier;
        earlier = decltype(client.requests)::after(request);
        const bool dispatched = request.stage != Stage::kWaiting && request.stage != Stage::kJoined;
        if (dispatched && request.correlates()) continue;
        cancel(request, Refusal::kSuperseded, Fate::kSuperseded);
    }
}

// True: it repeats what runs or is stored, and has been dealt with. Else `key` is that of a new
// one, or empty.
bool Service::repeat(Client& client, const Message& message, const RequestFrames& frames,
                     std::string& key) {
    const auto found = dedup_key_(message.after(frames.envelope_bytes, frames.envelope_frames));
    if (!found) return false;
    // The user is part of it: nobody is given the reply to another's request.
    const std::string& user = client.peer->info().user;
    key = std::to_string(user.size()) + ' ' + user + *found;
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
        request.stage = Stage::kJoined;
        request.entry = entry;
        entry->joined.push_back(request);
        joined_++;
        Request& leader = *entry->leader;
        if (leader.stage == Stage::kAwaitingLate && leader.worker == nullptr)
            wait_for_return(leader);
    }
    return true;
}

// Counted as `why`, told as `said`.
void Service::refuse(Client& client, const Message& message, const RequestFrames& frames,
                     Refusal why, Refusal said) {
    counts_.refused.add(why);
    if (error_reply_.silent()) return;
    say(client, message.wire().part(0, frames.envelope_bytes), said, numbers_.take());
}

Request& Service::admit(Client& client, const Message& message, const RequestFrames& frames) {
    Request& request = table_.add(numbers_.take());
    request.wire = message.wire();
    request.envelope_bytes = frames.envelope_bytes;
    request.body_from = frames.body_from;
    request.delimited = frames.delimited;
    request.client = &client;
    client.requests.push_back(request);
    if (options_.timeout > Duration{}) deadlines_.push(request, clock_.now() + options_.timeout);
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

// What the socket of its connection, which ends, did not take any more is part of what it waits
// for. Of a source's peer the outbox is not ours.
void Service::keep_unsent(Client& client) {
    if (client.key.empty() || client.state == nullptr) return;
    for (const Message& unsent : client.peer->outbox().take_unfinished(memory_)) {
        keep(client, {{}, unsent.wire(), true});
    }
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
