// An endpoint that the bridge connects: one link an address, each a Peer while it is connected.
//
// Promise: the same seam as a bound endpoint: a handler cannot tell them apart.
// Limits:  of what waits for a peer: PeerLimits, as anywhere; and beyond it Link's mailboxes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridge/net/dialled/dialler.h"
#include "bridge/net/endpoint.h"
#include "bridge/net/peer.h"

namespace zbridge::net {

class DialledPeer;

class DialledEndpoint final : public Gate {
 public:
    struct Setup {
        EndpointId id;
        std::string name;
        SocketType socket = SocketType::kDealer;     // ours
        SocketType peer_type = SocketType::kDealer;  // what the application's is taken for
        PeerLimits limits;
    };
    DialledEndpoint(Setup setup, PeerHandler& handler, Reactor& reactor,
                    ConnectionLimit& connections, Dialler& dialler);
    ~DialledEndpoint() override;

    // Before Dialler::start().
    void connect(const std::string& address);
    // Takes what the dialler's thread has brought.
    void take_news();

    void hold() override { held_ = true; }
    void release() override;
    bool held() const { return held_; }

    const std::string& name() const { return setup_.name; }
    std::vector<const Peer*> peers() const;
    bool drained() const;
    // Messages that came while their peer was not there: of one that we disconnected.
    uint64_t lost() const { return lost_; }

 private:
    friend class DialledPeer;
    struct Wire;
    void take(Wire& wire, Link::Incoming& incoming);
    void parse(Wire& wire);

    Setup setup_;
    PeerHandler& handler_;
    Reactor& reactor_;
    ConnectionLimit& connections_;
    Dialler& dialler_;
    std::vector<std::unique_ptr<Wire>> wires_;
    bool held_ = false;
    uint64_t lost_ = 0;
};

}  // namespace zbridge::net
