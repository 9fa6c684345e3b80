// The clients of an endpoint with `protocol: zbp`: ZBP/1, as docs/PROTOCOL.md has it.
//
// Flow:    net -> on_message() -> Session -> the engine -> before_writing(): receipts and deliveries -> net
// Promise: one session of each name; what a lost one held is kept for its return, or lost.
// Holding: when the engine has no room the whole endpoint is held, as an intake does.
// Ending:  drain(): they are told, and have until the drain's end to settle what they hold. release():
//          it goes back.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/model/room_listener.h"
#include "bridge/net/peer.h"
#include "bridge/protocol/check_line.h"
#include "bridge/protocol/commons.h"
#include "bridge/protocol/departed.h"
#include "bridge/protocol/dispenser.h"
#include "bridge/protocol/readers.h"
#include "bridge/protocol/session.h"

namespace zbridge::protocol {

class Sessions final : public net::PeerHandler, public RoomListener {
 public:
    // `engine`: null where there are no topics. They outlive it.
    Sessions(SessionsSetup setup, plugin::Engine* engine, net::Reactor& reactor);

    // Before the first peer: what is held while nothing can be taken from them.
    void attach(net::Gate& gate) { gate_ = &gate; }

    void on_opened(net::Peer& peer) override;
    net::Take on_message(net::Peer& peer, const Message& message) override;
    void on_writable(net::Peer& peer) override;
    void on_closed(net::Peer& peer) override;
    void on_room() override { let_go(); }

    // Behind what the engine has done in this turn. True: something was delivered.
    bool before_writing();
    void on_turn_end();
    void compact();

    void drain();
    void release();
    // Nothing is held, and nobody waits for the disk.
    bool idle() const;
    bool holds() const;

    const SessionsCounters& counters() const { return commons_.counters; }
    const RefusalCounts& refusals() const { return commons_.refusals; }
    size_t departed() const { return departed_.size(); }
    // In the order of their connecting.
    void each(const std::function<void(const Session&)>& visit) const;

 private:
    Dispenser* dispenser(std::string_view group);
    Readers* readers(TopicId topic);
    CheckLine& check_line(std::string_view topic);
    std::optional<Joined> join(Session& session, bool resume);
    void depart(Session& session, std::vector<HeldRange> held);
    void lose(const std::vector<HeldRange>& held);
    net::Take hold_for_room();
    net::Take hold();
    void let_go();

    Commons commons_;
    net::Gate* gate_ = nullptr;
    std::map<GroupId, std::unique_ptr<Dispenser>> dispensers_;
    std::map<TopicId, std::unique_ptr<Readers>> readers_;
    std::map<std::string, std::unique_ptr<CheckLine>, std::less<>> check_lines_;  // by topic
    Departed departed_;
    std::map<PeerId, Session*> sessions_;
    std::map<std::string, Session*, std::less<>> by_name_;
    std::vector<Session*> published_;  // they wait for receipts
    std::vector<Session*> relayed_;    // they are to look at the end of the turn
    bool holding_ = false;             // our endpoint
    Timer again_;                      // armed: it had room after all
};

}  // namespace zbridge::protocol
