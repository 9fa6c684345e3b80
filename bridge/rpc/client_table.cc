#include "bridge/rpc/client_table.h"

#include <iterator>
#include <utility>

namespace zbridge::rpc {

namespace {

// Empty for an anonymous peer.
std::string key_of(const net::PeerInfo& peer) {
    if (peer.identity.empty()) return {};
    // The user's length goes first, so that no user and identity run into another pair's.
    return std::to_string(peer.endpoint.number()) + ' ' + std::to_string(peer.user.size()) + ' ' +
           peer.user + peer.identity;
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

Client* ClientTable::known(const net::Peer& peer) const {
    const auto found = by_key_.find(key_of(peer.info()));
    return found == by_key_.end() ? nullptr : found->second;
}

Client& ClientTable::open(net::Peer& peer, ClientState* state) {
    std::string key = key_of(peer.info());
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
        Client& client = *found->second;
        if (client.peer != nullptr) {
            end_silence(client);
            detach(client);  // the newest connection of a client speaks for it
        } else {
            away_.remove(client);
        }
        attach(client, peer, state);
        if (client.lockstep && !(client.requests.empty() && client.kept.empty())) {
            client.resuming = true;
            resuming_.push(client, clock_.now() + kResumeSilence);
        }
        return client;
    }
    Client& client = clients_.emplace_back();
    client.self = std::prev(clients_.end());
    client.key = std::move(key);
    if (!client.key.empty()) by_key_.emplace(client.key, &client);
    attach(client, peer, state);
    return client;
}

Client* ClientTable::find(PeerId peer) const {
    const auto found = by_peer_.find(peer);
    return found == by_peer_.end() ? nullptr : found->second;
}

bool ClientTable::leave(Client& client) {
    end_silence(client);
    detach(client);
    const bool waits = !client.requests.empty() || !client.kept.empty();
    if (client.key.empty() || !waits || away_.size() >= kAwayClientsMax) return false;
    away_.push(client, clock_.now() + resume_window_);
    return true;
}

void ClientTable::end_silence(Client& client) {
    if (!client.resuming) return;
    client.resuming = false;
    resuming_.remove(client);
}

void ClientTable::erase(Client& client) {
    ZB_CHECK(client.requests.empty());
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
    client.state = state;
    if (state != nullptr) state->client = &client;
    by_peer_.emplace(peer.id(), &client);
}

void ClientTable::detach(Client& client) {
    by_peer_.erase(client.peer->id());
    if (client.state != nullptr) client.state->client = nullptr;
    client.state = nullptr;
    client.peer = nullptr;
}

}  // namespace zbridge::rpc
