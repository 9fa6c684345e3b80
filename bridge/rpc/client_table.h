// The clients of a service: who is connected, who is away and may come back.
//
// A client with a routing id that leaves while it waits for answers is kept for resume_window. When
// the same routing id and user come back on the same endpoint, it is the same client. A REQ gets
// what was kept only after it stayed silent for kResumeSilence: one that was reopened asks again at
// once, and would take an old answer for the new one. So does every client of a life before of the
// bridge; one without a routing id may be known again too (returning.h).
// Limits:  kAwayClientsMax are kept; beyond it one that leaves is treated as anonymous.
#pragma once

#include <functional>
#include <list>
#include <string>
#include <unordered_map>

#include "bridge/rpc/client.h"
#include "bridge/rpc/due_line.h"
#include "bridge/rpc/returning.h"

namespace zbridge::rpc {

class ClientTable {
 public:
    static constexpr size_t kAwayClientsMax = 100'000;
    static constexpr Duration kResumeSilence = std::chrono::milliseconds(200);

    ClientTable(const Clock& clock, Timers& timers, Duration resume_window,
                std::function<void(Client&)> on_window_over,
                std::function<void(Client&)> on_silence_over);

    // How a client of a life before is known again.
    struct Trait {
        enum class Kind : uint8_t { kIdentity, kProcess, kHost };
        Kind kind = Kind::kIdentity;
        EndpointId endpoint;
        std::string_view name;  // the routing id, PeerInfo::process, Returning::host_of()
        std::string_view user;  // of a routing id
    };
    // It is away from now on. The same routing id: the same client.
    Client& recover(const Trait& trait, bool lockstep);

    // The client that a new connection will speak for; null: it is a new one.
    Client* known(const net::Peer& peer) const;
    // The one with this routing id; null: there is none.
    Client* known(const net::PeerInfo& peer) const;
    // The client of a new connection: a new one, or the one that is back. One that is connected
    // still is not spoken for by its old connection any more.
    Client& open(net::Peer& peer, ClientState* state);
    // The client of a connection; null if it has none, or a newer connection speaks for it.
    Client* find(PeerId peer) const;
    // Its connection is gone. False: it is not to be waited for; erase() it.
    bool leave(Client& client);
    // It has spoken: what it waited for before has no claim on its silence.
    void end_silence(Client& client);
    // From now on it is known by nothing but its connection and, if it has one, its routing id; and
    // is no candidate.
    void end_return(Client& client);
    // Nobody else of its process is connected.
    bool alone_in_process(const net::Peer& peer) const;
    // REQUIRES: no requests, and nothing sent that is waited for.
    void erase(Client& client);

    template <class Visit>
    void for_each(Visit visit) {
        for (Client& client : clients_)
            visit(client);
    }
    size_t size() const { return clients_.size(); }
    size_t away() const { return away_.size(); }

 private:
    Client& add(std::string key);
    void attach(Client& client, net::Peer& peer, ClientState* state);
    void detach(Client& client);

    const Clock& clock_;
    Duration resume_window_;
    std::list<Client> clients_;
    std::unordered_map<PeerId, Client*> by_peer_;
    std::unordered_map<std::string, Client*> by_key_;
    std::unordered_map<std::string, uint32_t> connections_;  // by process
    Returning returning_;
    DueLine<Client, &Client::due_link, &Client::due> away_;
    DueLine<Client, &Client::due_link, &Client::due> resuming_;
};

}  // namespace zbridge::rpc
