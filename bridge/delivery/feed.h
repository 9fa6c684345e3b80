// The SUB peers of an endpoint that reads topics: each has a cursor of its own in each topic, placed
// at its first subscription.
//
// Flow:    engine -> on_visible() -> [feed] -> peers that have all before it
//          a peer that lags: read() from its cursor -> [feed] -> the peer, until it has caught up
// Promise: a peer gets every message of its prefixes from its cursor on, once, in order, as long as
//          it is connected and retention has them. Slow ones stop nobody: they lag.
// Last:    with FeedStart::last a peer is given, for each prefix it asks for, the newest message of
//          each first frame, and then what comes. They are found by reading the topic once.
// Lost:    what retention has removed before a peer's cursor came to it: counted.
// Limits:  a peer's own (waiting_bytes, waiting_messages); above them it lags, and costs no memory.
//          kPumpBytes of a topic to a peer that lags, before it is another's turn.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bridge/delivery/newest.h"
#include "bridge/delivery/subscriptions.h"
#include "bridge/net/peer.h"
#include "bridge/net/reactor.h"
#include "bridge/plugin/engine.h"

namespace zbridge::delivery {

struct FeedStart {
    uint32_t where = ZB_START_LATEST;
    int64_t value = 0;  // ms since 1970, or an offset
    bool last = false;
};

struct FeedCounters {
    uint64_t to_subs = 0;            // copies given to SUBs
    uint64_t fell_behind = 0;        // times that one began to lag
    uint64_t lost_to_retention = 0;  // messages that were gone before a peer came to them
    uint64_t missing = 0;            // offsets without a message that can be read: damaged
};

class Feed final : public net::PeerHandler, public plugin::TopicListener {
 public:
    static constexpr uint64_t kPumpBytes = 256 * 1024;

    // They outlive it.
    Feed(std::string name, plugin::Engine& engine, net::Reactor& reactor);

    // Before the first peer.
    void add(TopicId topic, FeedStart start);

    void on_opened(net::Peer& peer) override;
    net::Take on_message(net::Peer& peer, const Message& message) override;
    void on_subscription(net::Peer& peer, const net::Subscription& subscription) override;
    void on_writable(net::Peer& peer) override;
    void on_closed(net::Peer& peer) override;

    void on_visible(TopicId topic, std::span<const plugin::Run> runs) override;
    void on_loaded(TopicId topic) override;

    // Gives those that lag their turn.
    void on_turn_end();
    void compact();

    const std::string& name() const { return name_; }
    const FeedCounters& counters() const { return counters_; }
    size_t subs() const { return subs_.size(); }
    size_t lagging() const { return lagging_.size(); }
    // The furthest that a peer is behind, in messages.
    uint64_t lag() const;
    uint64_t waiting_messages() const;  // that peers have been given and have not taken
    const Subscriptions& subscriptions() const { return subscriptions_; }

 private:
    struct Topic {
        TopicId id;
        FeedStart start;
        uint64_t head = 0;  // one past what has been made visible
        // Of FeedStart::last: made of what stands before `read`.
        std::unique_ptr<Newest> newest = {};
        uint64_t read = 0;
        bool waits = false;  // for on_loaded()
    };
    struct Cursor {
        uint64_t next = 0;
        bool at_head = false;            // it gets what becomes visible; else it reads
        bool waits = false;              // for on_loaded()
        std::deque<uint64_t> newest;     // to be given before anything else
        std::set<std::string> prefixes;  // whose newest ones are not looked for yet
    };
    struct State;
    void place_cursors(net::Peer& peer, State& state);
    void begin_to_lag(net::Peer& peer, Cursor& cursor, uint64_t offset);
    void end_to_lag(State& state);
    bool has_caught_up(const State& state) const;
    void give_run(size_t topic, const plugin::Run& run);
    void give_each(size_t topic, const plugin::Run& run);
    // Reads what `last` begins with, a piece a turn. True: there is more to be read.
    bool read_newest(Topic& topic);
    static void note_newest(Topic& topic, const plugin::Run& run);
    void look_for_newest(const Topic& topic, Cursor& cursor);
    enum class Given : uint8_t { kAll, kTurnOver, kLater };
    Given give_newest(net::Peer& peer, size_t topic);
    void fall_behind(net::Peer& peer, Cursor& cursor, uint64_t offset);
    bool takes_more(net::Peer& peer) const;
    bool pump(net::Peer& peer, size_t topic);
    bool pump_run(net::Peer& peer, size_t topic, const plugin::Run& run);
    void skip_to(Cursor& cursor, size_t topic, uint64_t offset, uint64_t replaced);
    bool is_subscribed(const net::Peer& peer, std::string_view first_frame) const;

    std::string name_;
    plugin::Engine& engine_;
    net::Reactor& reactor_;
    std::vector<Topic> topics_;
    std::list<net::Peer*> subs_;
    std::list<net::Peer*> lagging_;  // those of them that have a cursor behind a head
    Subscriptions subscriptions_;
    // Of the message being given: a SUB with two matching prefixes gets it once.
    uint64_t stamp_ = 0;
    Timer again_;  // armed: somebody lags and has had its turn
    FeedCounters counters_;
};

}  // namespace zbridge::delivery
