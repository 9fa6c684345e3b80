// Who consumes a group at one endpoint, as the bridge sees it: Consumers, who share it, or
// Broadcast, where each has all of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bridge/delivery/consumer.h"
#include "bridge/delivery/group_side.h"
#include "bridge/net/doorkeeper.h"
#include "bridge/net/peer.h"

namespace zbridge::delivery {

class GroupConsumers : public net::PeerHandler {
 public:
    // Before the first peer: what is held while nothing can be taken from peers.
    virtual void attach(net::Gate& gate) = 0;
    // Who decides which peers may come, where `before` (which may be null) did so.
    virtual net::Doorkeeper* doorkeeper(net::Doorkeeper* before) { return before; }

    // Behind what the engine has done in this turn: gives. True: there was something.
    virtual bool before_writing() = 0;
    // Behind the writing.
    virtual void on_turn_end() = 0;
    virtual void compact() = 0;
    virtual void drain() = 0;
    virtual void release() = 0;

    virtual const std::string& name() const = 0;
    virtual ConsumersCounters counters() const = 0;
    virtual size_t peers() const = 0;
    virtual size_t busy() const = 0;         // consumers that hold messages
    virtual uint64_t in_flight() const = 0;  // messages that they hold
    // Of workers and pullers, who settle what they hold by themselves.
    virtual bool holds_worker() const = 0;
    virtual bool idle() const = 0;
    // Of each, in the order of their connecting.
    virtual void each(const std::function<void(const Consumer&)>& visit) const = 0;
};

}  // namespace zbridge::delivery
