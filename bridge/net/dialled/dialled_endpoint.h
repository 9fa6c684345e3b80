// An endpoint that the bridge connects: one link an address, each a Peer while it is connected.
//
// Promise: the same seam as a bound endpoint: a handler cannot tell them apart.
// Limits:  PeerLimits, and beyond what waits for a peer Link's mailboxes. A message or subscription
//          above them is refused and counted, a frame above them ends the connection.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridge/net/dialled/dialler.h"
#include "bridge/net/endpoint.h"
#include "bridge/net/peer.h"

namespace zbridge::net {

class DialledPeer;

class DialledEndpoint final : public Gate, private Ready {
 public:
    static constexpr size_t kQuantumBytes = 256 * 1024;  // of each address in a turn
    static constexpr size_t kItemBytesLeast = 256;       // what a small message counts for

    struct Setup {
        EndpointId id;
        std::string name;
        SocketType socket = SocketType::kDealer;     // ours
        SocketType peer_type = SocketType::kDealer;  // what the application's is taken for
        PeerLimits limits;
        bool source = false;  // its peers are read no more at a planned stop
    };
    DialledEndpoint(Setup setup, PeerHandler& handler, Reactor& reactor,
                    ConnectionLimit& connections, Dialler& dialler);
    ~DialledEndpoint() override;

    // Before Dialler::start().
    void connect(const std::string& address);
    // Takes what the dialler's thread has brought: a quantum of each address, the rest in turns to
    // come.
    void take_news();
    // A planned stop: what has come from a source is taken, and then no more.
    void drain();

    void hold() override { held_ = true; }
    void release() override;
    bool held() const { return held_; }

    // As Endpoint::watch().
    void watch(Watch* watch);

    EndpointId id() const { return setup_.id; }
    const std::string& name() const { return setup_.name; }
    std::vector<const Peer*> peers() const;
    // Null: there is none.
    Peer* find(PeerId peer) const;
    // Nothing waits: neither what a source has sent nor what peers are to get.
    bool drained() const;
    uint64_t waiting_in() const;   // messages that came and are not taken
    uint64_t waiting_out() const;  // messages that libzmq has not taken, beside peers' outboxes
    // Messages that came from a peer that was not there any more, or were to go to one.
    uint64_t lost() const;
    RefusalCounts refusals() const;  // messages and subscriptions above the limits
    // Of addresses whose socket libzmq has made trouble with: "tcp://...: what".
    std::vector<std::string> troubles() const;

 private:
    friend class DialledPeer;
    struct Wire;
    void on_turn() override { take_news(); }
    void take(Wire& wire, Link::Incoming& incoming);
    void parse(Wire& wire, size_t& quantum);

    Setup setup_;
    PeerHandler& handler_;
    Reactor& reactor_;
    ConnectionLimit& connections_;
    Dialler& dialler_;
    std::vector<std::unique_ptr<Wire>> wires_;
    bool held_ = false;
    Watch* watch_ = nullptr;
    uint64_t lost_ = 0;
    RefusalCounts refusals_;
};

}  // namespace zbridge::net
