#include "bridge/rpc/returning.h"

#include <utility>

#include "bridge/net/address.h"

namespace zbridge::rpc {

std::string Returning::key_of(EndpointId endpoint, std::string_view name) {
    return std::to_string(endpoint.number()) + ' ' + std::string(name);
}

std::string Returning::host_of(const net::PeerInfo& peer) {
    // On ipc the address is the process.
    return peer.address.starts_with("ipc:") ? peer.address : net::host_of(peer.address);
}

void Returning::expect_process(Client& client, std::string key) {
    client.process = std::move(key);
    const bool is_new = processes_.emplace(client.process, &client).second;
    ZB_CHECK(is_new, client.process);
}

void Returning::expect_at(Client& client, const std::string& key) {
    Host& host = hosts_[key];
    host.name = key;
    client.host = &host;
    host.waiting.push_back(client);
}

Client* Returning::of_process(const net::Peer& peer) const {
    const net::PeerInfo& info = peer.info();
    if (processes_.empty() || info.process.empty() || !info.identity.empty()) return nullptr;
    const auto found = processes_.find(key_of(info.endpoint, info.process));
    if (found == processes_.end()) return nullptr;
    const bool same_kind = found->second->lockstep == (info.type == SocketType::kReq);
    return same_kind ? found->second : nullptr;
}

bool Returning::add_candidate(Client& client) {
    if (hosts_.empty() || !client.lockstep || !client.key.empty() || !client.process.empty())
        return false;
    const net::PeerInfo& info = client.peer->info();
    const auto found = hosts_.find(key_of(info.endpoint, host_of(info)));
    if (found == hosts_.end() || found->second.candidates.size() >= kCandidatesMax) return false;
    client.host = &found->second;
    client.host->candidates.push_back(client);
    return true;
}

void Returning::forget(Client& client) {
    if (!client.process.empty()) processes_.erase(std::exchange(client.process, {}));
    if (client.host == nullptr) return;
    Host& host = *std::exchange(client.host, nullptr);
    if (!client.recovered) return host.candidates.remove(client);
    host.waiting.remove(client);
    if (!host.waiting.empty()) return;
    while (Client* candidate = host.candidates.front()) {
        host.candidates.remove(*candidate);
        candidate->host = nullptr;
    }
    hosts_.erase(host.name);
}

}  // namespace zbridge::rpc
