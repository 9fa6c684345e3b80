// A group's messages, to those clients of an endpoint that have room for them: the one that has waited
// longest first.
//
// Flow:    engine -> on_ready() -> [give] -> Taker::take()
// Promise: what is leased is sent in the same turn: nothing is fetched ahead.
// Limits:  kTurn* of messages and bytes a turn, for all of them.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "bridge/net/reactor.h"
#include "bridge/plugin/engine.h"

namespace zbridge::protocol {

// A subscription, or a RECEIVE that waits.
class Taker {
 public:
    virtual ~Taker() = default;
    // It takes something now.
    virtual bool free() const = 0;
    // How much at most. REQUIRES: free().
    virtual plugin::Wanted wanted() const = 0;
    virtual void take(const std::vector<plugin::Delivery>& deliveries) = 0;

 private:
    friend class Dispenser;
    std::list<Taker*>::iterator place_;
    bool listed_ = false;  // among those that are free
};

class Dispenser final : public plugin::GroupListener {
 public:
    static constexpr uint64_t kTurnMessages = 4096;
    static constexpr uint64_t kTurnBytes = 4 << 20;

    // They outlive it.
    Dispenser(std::string name, GroupId group, plugin::Engine& engine, net::Reactor& reactor);

    // It may have become free, or ceased to be.
    void update(Taker& taker);
    // Before it goes.
    void remove(Taker& taker);

    void on_ready(GroupId group) override;
    // Behind what the engine has done in this turn: gives. True: there was something.
    bool before_writing();
    // Behind the writing.
    void on_turn_end();
    // To those that are free, now.
    void give();
    // What the taker holds already and asks for once more: at once, whoever waits. REQUIRES:
    // `taker` holds some of it.
    void give_again(Taker& taker);
    // Nothing more is given.
    void drain() { draining_ = true; }

    const std::string& name() const { return name_; }
    GroupId group() const { return group_; }
    uint64_t given() const { return given_; }

 private:
    Taker* next_free();

    std::string name_;
    GroupId group_;
    plugin::Engine& engine_;
    net::Reactor& reactor_;
    std::list<Taker*> free_;  // the one that has waited longest first
    bool dry_ = false;        // the group had nothing: until on_ready()
    bool draining_ = false;
    uint64_t gave_in_ = 0;  // the turn in which all that was there was given
    uint64_t given_ = 0;    // messages
    Timer again_;           // armed: there is more to be done than a turn may
};

}  // namespace zbridge::protocol
