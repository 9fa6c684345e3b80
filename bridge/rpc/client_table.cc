#include "bridge/rpc/client_table.h"

#include <iterator>
#include <utility>

namespace zbridge::rpc {

namespace {

std::string key_of(EndpointId endpoint, std::string_view user, std::string_view identity) {
    // The user's length goes first, so that no user and identity run into another pair's.
    std::string key = std::to_string(endpoint.number()) + ' ' + std::to_string(user.size()) + ' ';
    return key.append(user).append(identity);
}

// Empty for an anonymous peer.
std::string key_of(const net::PeerInfo& peer) {
    return peer.identity.empty() ? std::string() : key_of(peer.endpoint, peer.user, peer.identity);
}

}  // namespace

ClientTable::ClientTable(const Clock& clock, Timers& timers, Duration resume_window,
                         std::function<void(Client&)> on_window_over,
                         std::function<void(Client&)> on_silence_over)
    : clock_(clock),
      resume_window_(resume_window),
      away_(clock, timers, std::move(on_window_over)),
      resuming_(clock, timers, [then = std::move(on_silence_over)](Client& client) {
          client.resuming = false;
          then(client);
      }) {}

Client& ClientTable::recover(const Trait& trait, bool lockstep) {
    const bool has_key = trait.kind == Trait::Kind::kIdentity;
    std::string key = has_key ? key_of(trait.endpoint, trait.user, trait.name) : std::string();
    if (const auto found = by_key_.find(key); has_key && found != by_key_.end()) {
        found->second->lockstep = lockstep;  // as it was last
        return *found->second;
    }
    Client& client = add(std::move(key));
    client.lockstep = lockstep;
    client.recovered = true;
    if (trait.kind == Trait::Kind::kProcess)
        returning_.expect_process(client, Returning::key_of(trait.endpoint, trait.name));
    if (trait.kind == Trait::Kind::kHost)
        returning_.expect_at(client, Returning::key_of(trait.endpoint, trait.name));
    away_.push(client, clock_.now() + resume_window_);
    return client;
}

Client* ClientTable::known(const net::Peer& peer) const {
    return peer.info().identity.empty() ? returning_.of_process(peer) : known(peer.info());
}

Client* ClientTable::known(const net::PeerInfo& peer) const {
    const auto found = by_key_.find(key_of(peer));
    return found == by_key_.end() ? nullptr : found->second;
}

Client& ClientTable::open(net::Peer& peer, ClientState* state) {
    Client* client = known(peer);
    if (client == nullptr) {
        client = &add(key_of(peer.info()));
    } else if (client->peer != nullptr) {
        end_silence(*client);
        detach(*client);  // the newest connection of a client speaks for it
    } else {
        away_.remove(*client);
    }
    attach(*client, peer, state);
    if (client->recovered && !client->waits()) end_return(*client);
    const bool is_back = client->waits() && (client->lockstep || client->recovered);
    if (is_back || returning_.add_candidate(*client)) {
        client->resuming = true;
        resuming_.push(*client, clock_.now() + kResumeSilence);
    }
    return *client;
}

Client& ClientTable::add(std::string key) {
    Client& client = clients_.emplace_back();
    client.self = std::prev(clients_.end());
    client.key = std::move(key);
    if (!client.key.empty()) by_key_.emplace(client.key, &client);
    return client;
}

Client* ClientTable::find(PeerId peer) const {
    const auto found = by_peer_.find(peer);
    return found == by_peer_.end() ? nullptr : found->second;
}

bool ClientTable::leave(Client& client) {
    end_silence(client);
    detach(client);
    if (!client.recovered) end_return(client);
    const bool anonymous = client.key.empty() && client.process.empty();
    if (anonymous || !client.waits() || away_.size() >= kAwayClientsMax) return false;
    away_.push(client, clock_.now() + resume_window_);
    return true;
}

void ClientTable::end_silence(Client& client) {
    if (!client.resuming) return;
    client.resuming = false;
    resuming_.remove(client);
}

void ClientTable::end_return(Client& client) {
    returning_.forget(client);
    client.recovered = false;
}

bool ClientTable::alone_in_process(const net::Peer& peer) const {
    const auto found = connections_.find(peer.info().process);
    return found != connections_.end() && found->second == 1;
}

void ClientTable::erase(Client& client) {
    ZB_CHECK(client.requests.empty() && client.sent.empty());
    end_return(client);
    if (client.peer != nullptr) {
        end_silence(client);
        detach(client);
    } else if (client.due_link.linked) {
        away_.remove(client);
    }
    if (!client.key.empty()) by_key_.erase(client.key);
    clients_.erase(client.self);
}

void ClientTable::attach(Client& client, net::Peer& peer, ClientState* state) {
    client.peer = &peer;
    client.lockstep = peer.type() == SocketType::kReq;
    client.zbp = peer.info().zbp;
    client.state = state;
    if (state != nullptr) state->client = &client;
    by_peer_.emplace(peer.id(), &client);
    if (!peer.info().process.empty()) connections_[peer.info().process]++;
}

void ClientTable::detach(Client& client) {
    by_peer_.erase(client.peer->id());
    const auto process = connections_.find(client.peer->info().process);
    if (process != connections_.end() && --process->second == 0) connections_.erase(process);
    if (client.state != nullptr) client.state->client = nullptr;
    client.state = nullptr;
    client.peer = nullptr;
}

}  // namespace zbridge::rpc
