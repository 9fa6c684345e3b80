// A consumer of a group: one connection, of one kind (PULL, worker, puller), and what it holds.
//
// Flow:    Consumers: free() -> wanted() -> [the engine leases] -> take() -> say() -> settled
//          leave(): what it held is lost, what was never sent is released
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>

#include "bridge/net/peer.h"
#include "bridge/plugin/engine.h"

namespace zbridge::delivery {

class Consumer : public net::PeerState {
 public:
    explicit Consumer(net::Peer& at) : peer(at) {}

    // It takes a message now.
    virtual bool free() const = 0;
    // How much at most is leased to it at a time. REQUIRES: free().
    virtual plugin::Wanted wanted() const = 0;
    virtual void take(const plugin::Delivery& delivery) = 0;
    virtual net::Take say(const Message& message) = 0;
    // After the writing of a turn.
    virtual void on_written() {}
    // Its connection has ended.
    virtual void leave() = 0;
    // The bridge ends: what it holds goes back to the group.
    virtual void release() = 0;
    virtual void compact(MemoryBudget&) {}

    virtual size_t held() const = 0;               // messages that it was given and has not settled
    virtual uint32_t credit() const { return 1; }  // how many it may hold; 0: as many as it takes

    net::Peer& peer;
    // Of Consumers alone.
    std::list<Consumer*>::iterator place, free_place;
    bool listed = false;     // among those that are free
    bool unwritten = false;  // a PULL, with messages that are to be written
};

}  // namespace zbridge::delivery
