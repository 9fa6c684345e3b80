// The consumers of a group at one endpoint: PULLs, workers and pullers share its messages.
//
// Flow:    engine -> on_ready() -> [give: to the one with free credit that has waited longest]
//          -> the peer -> say(), or its bytes are written -> settle()
// Promise: what is leased is sent in the same turn: nothing is fetched ahead. A busy consumer gets
//          nothing, nor does one whose connection takes nothing. What one held when it went is lost
//          and goes to another; what it was not sent goes back as if it had not been given.
// Limits:  kTurn* of messages and bytes a turn for all of them; those of each kind: Pull, Worker,
//          Puller.
// Ending:  drain(): nothing more is given, what is held is waited for. release(): it goes back.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/delivery/group_consumers.h"
#include "bridge/delivery/group_side.h"
#include "bridge/model/room_listener.h"

namespace zbridge::delivery {

class Puller;

class Consumers final : public GroupConsumers, public plugin::GroupListener, public RoomListener {
 public:
    static constexpr uint64_t kTurnMessages = 4096;
    static constexpr uint64_t kTurnBytes = 4 << 20;

    struct Setup {
        std::string name;
        GroupId group;
        ConsumersOptions options{};
        std::optional<TopicId> replies{};
        // After an unclean start: workers that connect before then may be busy from before.
        Instant return_until{};
    };
    // They outlive it.
    Consumers(Setup setup, plugin::Engine& engine, net::Reactor& reactor);

    ~Consumers() override;

    void attach(net::Gate& gate) override { gate_ = &gate; }

    void on_opened(net::Peer& peer) override;
    net::Take on_message(net::Peer& peer, const Message& message) override;
    void on_writable(net::Peer& peer) override;
    void on_closed(net::Peer& peer) override;

    void on_ready(GroupId group) override;
    void on_room() override;

    bool before_writing() override;
    void on_turn_end() override;
    void compact() override;

    void drain() override { draining_ = true; }
    void release() override;

    const std::string& name() const override { return setup_.name; }
    ConsumersCounters counters() const override { return side_.counters; }
    size_t peers() const override { return consumers_.size(); }
    size_t busy() const override;
    uint64_t in_flight() const override;
    bool holds_worker() const override;
    bool idle() const override { return in_flight() == 0; }
    void each(const std::function<void(const Consumer&)>& visit) const override;

 private:
    bool by_verbs(SocketType type) const;
    std::unique_ptr<Consumer> make(net::Peer& peer);
    void give();
    Consumer* next_free();
    void update(Consumer& consumer);
    net::Take hold_for_room();
    net::Take hold();
    void let_go();

    Setup setup_;
    net::Reactor& reactor_;
    net::Gate* gate_ = nullptr;
    GroupSide side_;
    std::list<Consumer*> consumers_, free_;  // free_: the one that has waited longest first
    std::vector<Consumer*> unwritten_;       // PULLs with messages that are to be written
    std::map<PeerId, Puller*> pullers_;
    bool dry_ = false;      // the group had nothing: until on_ready()
    bool holding_ = false;  // our endpoint
    bool draining_ = false;
    uint64_t gave_in_ = 0;  // the turn in which all that was there was given
    Timer again_;           // armed: there is more to be done than a turn may
};

}  // namespace zbridge::delivery
