// The consumers of a group with `mode: broadcast` at one endpoint: each has a name, its routing id,
// and under it a cursor of its own, which the engine keeps.
//
// Flow:    handshake -> why_not(): the name is joined -> on_opened(): Consumers of that name
// Promise: each name is given every message from where it stood, over its own and our restarts.
// Failure: a peer without a name, or with one too many for the group, is refused: denied, and why.
// Limits:  as many names as the group's `max_consumers`, and the engine, say. Of a name that is not
//          connected nothing is kept here.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "bridge/delivery/consumers.h"

namespace zbridge::delivery {

class Broadcast final : public GroupConsumers, public net::Doorkeeper {
 public:
    // `setup`: of the group, for each of its names. They outlive it.
    Broadcast(Consumers::Setup setup, plugin::Engine& engine, net::Reactor& reactor)
        : setup_(std::move(setup)), engine_(engine), reactor_(reactor) {}
    ~Broadcast() override;

    void attach(net::Gate& gate) override { gate_ = &gate; }
    net::Doorkeeper* doorkeeper(net::Doorkeeper* before) override {
        before_ = before;
        return this;
    }
    std::string why_not(const net::Introduction& peer, std::string& user) override;

    void on_opened(net::Peer& peer) override;
    net::Take on_message(net::Peer& peer, const Message& message) override;
    void on_writable(net::Peer& peer) override;
    void on_closed(net::Peer& peer) override;

    bool before_writing() override;
    void on_turn_end() override;
    void compact() override;
    void drain() override;
    void release() override;

    const std::string& name() const override { return setup_.name; }
    ConsumersCounters counters() const override;
    size_t peers() const override { return of_peer_.size(); }
    size_t busy() const override;
    uint64_t in_flight() const override;
    bool holds_worker() const override;
    bool idle() const override { return in_flight() == 0; }
    void each(const std::function<void(const Consumer&)>& visit) const override;

 private:
    Consumers& of(const net::Peer& peer) { return *consumers_.at(of_peer_.at(peer.id())); }

    Consumers::Setup setup_;
    plugin::Engine& engine_;
    net::Reactor& reactor_;
    net::Gate* gate_ = nullptr;
    net::Doorkeeper* before_ = nullptr;
    std::map<GroupId, std::unique_ptr<Consumers>> consumers_;  // by what their names have joined
    std::map<PeerId, GroupId> of_peer_;
    ConsumersCounters gone_;  // of consumers that are not here any more
    bool draining_ = false;
};

}  // namespace zbridge::delivery
