// A straight target: the PULL peers of an endpoint share its messages, its SUB peers each get all
// that they asked for.
//
// Flow:    intake -> can_take() -> [deliver] -> the outbox of the PULL that has waited longest, of
//          each SUB that matches
// Promise: nobody gets a message twice. What a lost PULL had not been written goes back to the
//          front of the line; a PULL that is away, or takes nothing, gets nothing. A stalled SUB
//          never holds the others, unless the route says `on_full: block`.
// Limits:  the line (LineOptions); each peer's outbox (PeerLimits); kQuantum* a PULL's share before
//          the next one's turn. While memory is pressed, who is full is whoever has to wait at all.
//
// Which messages wait for a PULL: where only PULLs are accepted, all of them. Where SUBs are too,
// those of a PUSH, REQ or DEALER while no SUB is there, and all once a PULL has been there; a PUB's
// go to who is there, as with ZeroMQ.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "bridge/delivery/line.h"
#include "bridge/delivery/options.h"
#include "bridge/delivery/subscriptions.h"
#include "bridge/model/room_listener.h"
#include "bridge/net/peer.h"
#include "bridge/net/reactor.h"

namespace zbridge::delivery {

// Who must know what the SUB peers ask for: it is carried through to publishers. The same prefix
// may be wanted twice: by SUBs, and (the empty one) by PULLs; it is then no longer wanted twice as
// well.
class DemandListener {
 public:
    virtual ~DemandListener() = default;
    virtual void on_demand(std::string_view prefix, bool wanted) = 0;
};

struct OutletCounters {
    uint64_t taken = 0;           // messages offered and accepted
    uint64_t to_pulls = 0;        // messages given to a PULL
    uint64_t to_subs = 0;         // copies given to SUBs
    uint64_t returned = 0;        // messages that a lost PULL gave back to the line
    uint64_t dropped_line = 0;    // messages dropped because the line was full
    uint64_t dropped_peer = 0;    // copies dropped because a SUB's outbox was full
    uint64_t dropped_memory = 0;  // of either, because memory was pressed
    uint64_t lost_with_peer = 0;  // copies that waited for a SUB when it went
    uint64_t nobody = 0;          // messages that no peer was there for, or had asked for
    uint64_t disconnected = 0;    // SUBs disconnected by on_full: disconnect
};

class Outlet final : public net::PeerHandler {
 public:
    static constexpr uint64_t kQuantumBytes = 64 * 1024;  // to one PULL before it is another's turn
    static constexpr uint32_t kQuantumMessages = 64;      // likewise
    static constexpr uint64_t kFlushBytes =
        128 * 1024;  // what gathers for a SUB before it is written
    static constexpr uint64_t kBusyLineBytes =
        512 * 1024;  // of the line while PULLs are there but busy

    Outlet(std::string name, SocketTypes accepts, LineOptions line, net::Reactor& reactor);

    // Whether every target of this message has room under the route's on_full; if not, `waiting` is
    // told when it is worth another try. `from_pub`: the message's source is a PUB or XPUB.
    bool can_take(const Message& message, std::optional<OnFull> on_full, bool from_pub,
                  RoomListener& waiting);
    // REQUIRES: can_take() said yes in this very call of the source.
    // False if a full line has dropped this message, as the route says.
    bool deliver(const Message& message, std::optional<OnFull> on_full, bool from_pub);

    void listen_for_demand(DemandListener& listener) { demand_listeners_.push_back(&listener); }
    // What is wanted now: for a listener that comes late.
    void each_demand(const std::function<void(std::string_view)>& visit) const;

    void on_opened(net::Peer& peer) override;
    net::Take on_message(net::Peer& peer, const Message& message) override;
    void on_subscription(net::Peer& peer, const net::Subscription& subscription) override;
    void on_writable(net::Peer& peer) override;
    void on_closed(net::Peer& peer) override;

    // After the writing of a turn: tells those who wait if there is room.
    void on_turn_end();
    // Copies what waits out of sparsely used memory.
    void compact();

    const std::string& name() const { return name_; }
    const Line& line() const { return line_; }
    const OutletCounters& counters() const { return counters_; }
    size_t pulls() const { return pulls_; }
    size_t subs() const { return subs_.size(); }
    const Subscriptions& subscriptions() const { return subscriptions_; }
    // Nothing waits here, neither in the line nor for any peer.
    bool drained() const { return waiting_messages() == 0; }
    uint64_t waiting_messages() const;

 private:
    struct State;
    bool uses_line(bool from_pub) const;
    bool line_has_room(OnFull on_full) const;
    net::Peer* next_pull();
    void give(net::Peer& pull, const Message& message);
    bool give_or_line(const Message& message, OnFull on_full);
    void publish(const Message& message, OnFull on_full);
    void offer(net::Peer& sub, const Message& message, OnFull on_full);
    void pump();
    void want(std::string_view prefix, bool wanted);
    bool pulls_want() const { return only_pulls_ || pulls_ > 0; }

    std::string name_;
    SocketTypes accepts_;
    net::Reactor& reactor_;
    Line line_;
    std::list<net::Peer*> free_pulls_;  // the one that has waited longest first
    size_t pulls_ = 0;
    bool only_pulls_ = false;  // no SUB is accepted here
    bool pull_was_here_ = false;
    std::list<net::Peer*> pull_peers_, subs_;
    Subscriptions subscriptions_;
    std::vector<RoomListener*> waiting_for_line_, waiting_for_subs_;
    std::vector<net::Peer*> full_subs_;  // for which somebody waits
    bool sub_moved_ = false;             // one of them has gone, or wants less
    std::vector<DemandListener*> demand_listeners_;
    uint64_t stamp_ =
        0;  // of the message being published: a SUB with two matching prefixes gets it once
    OutletCounters counters_;
};

}  // namespace zbridge::delivery
