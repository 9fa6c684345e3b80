#include "bridge/delivery/feed.h"

#include <algorithm>

namespace zbridge::delivery {

struct Feed::State final : net::PeerState {
    std::list<net::Peer*>::iterator place;
    bool placed = false;          // its cursors are: it has subscribed
    bool gets_all = false;        // it has the empty prefix
    bool has_run = false;         // it was given the run of give_run() as a whole
    std::vector<Cursor> cursors;  // beside topics_
    bool lags = false;            // it stands in lagging_
    std::list<net::Peer*>::iterator lagging_place;
    uint64_t stamp = 0;
};

Feed::Feed(std::string name, plugin::Engine& engine, net::Reactor& reactor)
    : name_(std::move(name)), engine_(engine), reactor_(reactor), again_(reactor.timers(), [] {}) {}

void Feed::add(TopicId topic, FeedStart start) {
    const plugin::Engine::Bounds bounds = engine_.bounds(topic);
    topics_.push_back({topic, start, bounds.head});
    if (start.last) {
        topics_.back().newest = std::make_unique<Newest>();
        topics_.back().read = bounds.floor;
        again_.arm(reactor_.now());
    }
    engine_.listen(topic, *this);
}

void Feed::on_opened(net::Peer& peer) {
    auto state = std::make_unique<State>();
    state->cursors.resize(topics_.size());
    subs_.push_back(&peer);
    state->place = std::prev(subs_.end());
    peer.set_state(std::move(state));
}

net::Take Feed::on_message(net::Peer& peer, const Message&) {
    peer.close(Refusal::kMalformed);  // a SUB has nothing to say
    return net::Take::kTaken;
}

void Feed::on_subscription(net::Peer& peer, const net::Subscription& subscription) {
    State& state = peer.state<State>();
    if (subscription.add) {
        subscriptions_.add(subscription.prefix, peer);
        if (!state.placed) {
            // Its other prefixes may be on their way: what it lags is given at the turn's end.
            place_cursors(peer, state);
            again_.arm(reactor_.now());
        }
    } else {
        subscriptions_.remove(subscription.prefix, peer);
    }
    if (subscription.prefix.empty()) state.gets_all = subscription.add;
    for (size_t i = 0; i < topics_.size(); i++) {
        if (!topics_[i].newest) continue;
        Cursor& cursor = state.cursors[i];
        if (!subscription.add) {
            cursor.prefixes.erase(std::string(subscription.prefix));
            continue;
        }
        // What comes meanwhile waits behind them.
        begin_to_lag(peer, cursor, cursor.at_head ? topics_[i].head : cursor.next);
        cursor.prefixes.emplace(subscription.prefix);
        again_.arm(reactor_.now());
    }
}

void Feed::place_cursors(net::Peer& peer, State& state) {
    state.placed = true;
    for (size_t i = 0; i < topics_.size(); i++) {
        const Topic& topic = topics_[i];
        Cursor& cursor = state.cursors[i];
        const uint64_t from =
            topic.start.where == ZB_START_LATEST
                ? topic.head
                : engine_.position(topic.id, topic.start.where, topic.start.value);
        cursor.next = from;
        cursor.at_head = from >= topic.head;
        if (!cursor.at_head) begin_to_lag(peer, cursor, from);
    }
}

// It reads from there on, a piece a turn.
void Feed::begin_to_lag(net::Peer& peer, Cursor& cursor, uint64_t offset) {
    cursor.at_head = false;
    cursor.next = offset;
    State& state = peer.state<State>();
    if (std::exchange(state.lags, true)) return;
    state.lagging_place = lagging_.insert(lagging_.end(), &peer);
}

void Feed::end_to_lag(State& state) {
    if (std::exchange(state.lags, false)) lagging_.erase(state.lagging_place);
}

bool Feed::has_caught_up(const State& state) const {
    return std::all_of(state.cursors.begin(), state.cursors.end(),
                       [](const Cursor& each) { return each.at_head; });
}

void Feed::on_visible(TopicId id, std::span<const plugin::Run> runs) {
    for (size_t topic = 0; topic < topics_.size(); topic++) {
        if (topics_[topic].id != id) continue;
        for (const plugin::Run& run : runs) {
            give_run(topic, run);
            topics_[topic].head = run.first_offset + run.messages;
            note_newest(topics_[topic], run);
        }
    }
}

// To those that get all of it at once, to the others message by message.
void Feed::give_run(size_t topic, const plugin::Run& run) {
    bool by_message = false;
    for (net::Peer* peer : subs_) {
        State& state = peer->state<State>();
        Cursor& cursor = state.cursors[topic];
        if (!cursor.at_head) continue;
        state.has_run = false;
        if (!takes_more(*peer)) {
            fall_behind(*peer, cursor, run.first_offset);
        } else if (state.gets_all && peer->has_room_for(run.wire.size(), run.messages)) {
            state.has_run = true;
            peer->send_run(run.wire, run.messages);
            counters_.to_subs += run.messages;
        } else {
            by_message = true;
        }
    }
    if (by_message) give_each(topic, run);
}

void Feed::give_each(size_t topic, const plugin::Run& run) {
    size_t at = 0;
    for (uint32_t i = 0; i < run.messages; i++) {
        const MessageEnd message = message_end(run.wire.bytes(), at);
        const Slice wire = run.wire.part(at, message.end - at);
        const uint64_t offset = run.first_offset + i;
        stamp_++;
        subscriptions_.match(frame_at(wire.bytes(), 0).body,
                             [&](const std::vector<net::Peer*>& peers) {
                                 for (net::Peer* peer : peers) {
                                     State& state = peer->state<State>();
                                     Cursor& cursor = state.cursors[topic];
                                     if (!cursor.at_head || state.has_run) continue;
                                     if (std::exchange(state.stamp, stamp_) == stamp_) continue;
                                     if (!takes_more(*peer)) {
                                         fall_behind(*peer, cursor, offset);
                                         continue;
                                     }
                                     peer->send_run(wire, 1);
                                     counters_.to_subs++;
                                 }
                             });
        at = message.end;
    }
}

void Feed::fall_behind(net::Peer& peer, Cursor& cursor, uint64_t offset) {
    begin_to_lag(peer, cursor, offset);
    counters_.fell_behind++;
}

// Nobody is full who just reads: what was queued in this turn only is written first.
bool Feed::takes_more(net::Peer& peer) const {
    if (!peer.has_room() && !peer.blocked()) peer.flush();
    return peer.has_room() && !(reactor_.memory().pressed() && peer.blocked());
}

bool Feed::is_subscribed(const net::Peer& peer, std::string_view first_frame) const {
    bool found = false;
    subscriptions_.match(first_frame, [&](const std::vector<net::Peer*>& peers) {
        if (!found) found = Subscriptions::has(peers, peer);
    });
    return found;
}

// Of a run that follows what was read.
void Feed::note_newest(Topic& topic, const plugin::Run& run) {
    if (!topic.newest || run.first_offset > topic.read) return;
    size_t at = 0;
    for (uint64_t offset = run.first_offset; offset < run.first_offset + run.messages; offset++) {
        if (offset >= topic.read) topic.newest->add(frame_at(run.wire.bytes(), at).body, offset);
        at = message_end(run.wire.bytes(), at).end;
    }
    topic.read = std::max(topic.read, run.first_offset + run.messages);
}

bool Feed::read_newest(Topic& topic) {
    if (!topic.newest || topic.waits || topic.read >= topic.head) return false;
    const std::vector<plugin::Run>* runs = engine_.read(topic.id, topic.read, kPumpBytes);
    if (runs == nullptr) {
        topic.waits = true;
        return false;
    }
    for (const plugin::Run& run : *runs) {
        topic.read = std::max(topic.read, run.first_offset);  // retention has taken what was there
        note_newest(topic, run);
    }
    return true;
}

void Feed::look_for_newest(const Topic& topic, Cursor& cursor) {
    std::vector<uint64_t> offsets(cursor.newest.begin(), cursor.newest.end());
    for (const std::string& prefix : std::exchange(cursor.prefixes, {})) {
        // Those from the cursor on come by themselves.
        const std::vector<uint64_t> its = topic.newest->of(prefix, cursor.next);
        offsets.insert(offsets.end(), its.begin(), its.end());
    }
    std::sort(offsets.begin(), offsets.end());
    offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
    cursor.newest.assign(offsets.begin(), offsets.end());
}

// Unless it is kAll the peer is not to be given anything else yet.
Feed::Given Feed::give_newest(net::Peer& peer, size_t topic) {
    Cursor& cursor = peer.state<State>().cursors[topic];
    if (topics_[topic].read < topics_[topic].head) return Given::kLater;
    if (!cursor.prefixes.empty()) look_for_newest(topics_[topic], cursor);
    for (uint64_t bytes = 0; !cursor.newest.empty(); cursor.newest.pop_front()) {
        if (!takes_more(peer)) return Given::kLater;
        if (bytes >= kPumpBytes) return Given::kTurnOver;
        const uint64_t offset = cursor.newest.front();
        const std::vector<plugin::Run>* runs = engine_.read(topics_[topic].id, offset, 1);
        if (runs == nullptr) {
            cursor.waits = true;
            return Given::kLater;
        }
        if (runs->empty() || runs->front().first_offset > offset) continue;  // it is not kept
        const plugin::Run& run = runs->front();
        size_t at = 0;
        for (uint64_t before = run.first_offset; before < offset; before++)
            at = message_end(run.wire.bytes(), at).end;
        const Slice wire = run.wire.part(at, message_end(run.wire.bytes(), at).end - at);
        peer.send_run(wire, 1);
        bytes += wire.size();
        counters_.to_subs++;
    }
    return Given::kAll;
}

// Gives a peer what it lags, up to its room and its turn. True: there is more for it.
bool Feed::pump(net::Peer& peer, size_t topic) {
    State& state = peer.state<State>();
    Cursor& cursor = state.cursors[topic];
    if (cursor.at_head || cursor.waits || peer.blocked() || !takes_more(peer)) return false;
    const Given newest = topics_[topic].newest ? give_newest(peer, topic) : Given::kAll;
    if (newest != Given::kAll) return newest == Given::kTurnOver;
    const std::vector<plugin::Run>* runs = engine_.read(topics_[topic].id, cursor.next, kPumpBytes);
    if (runs == nullptr) {
        cursor.waits = true;
        return false;
    }
    for (const plugin::Run& run : *runs) {
        if (!pump_run(peer, topic, run)) return false;
    }
    // Of what is left up to the head nothing can be had: it was purged, or is damaged.
    if (runs->empty() && cursor.next < topics_[topic].head)
        skip_to(cursor, topic, topics_[topic].head, 0);
    if (cursor.next >= topics_[topic].head) {
        cursor.at_head = true;
        return false;
    }
    return true;
}

// False: the peer takes no more now; its cursor stands behind what it was given.
bool Feed::pump_run(net::Peer& peer, size_t topic, const plugin::Run& run) {
    State& state = peer.state<State>();
    Cursor& cursor = state.cursors[topic];
    if (run.first_offset > cursor.next) skip_to(cursor, topic, run.first_offset, run.replaced);
    const uint64_t end = run.first_offset + run.messages;
    size_t at = 0;
    for (uint64_t offset = run.first_offset; offset < cursor.next && offset < end; offset++)
        at = message_end(run.wire.bytes(), at).end;
    if (cursor.next >= end) return true;
    const Slice rest = run.wire.from(at);
    const uint64_t messages = end - cursor.next;
    if (state.gets_all && takes_more(peer) && peer.has_room_for(rest.size(), messages)) {
        peer.send_run(rest, static_cast<uint32_t>(messages));
        counters_.to_subs += messages;
        cursor.next = end;
        return true;
    }
    for (size_t from = 0; cursor.next < end; cursor.next++) {
        const size_t to = message_end(rest.bytes(), from).end;
        const Slice wire = rest.part(from, to - from);
        from = to;
        if (!state.gets_all && !is_subscribed(peer, frame_at(wire.bytes(), 0).body)) continue;
        if (!takes_more(peer)) return false;
        peer.send_run(wire, 1);
        counters_.to_subs++;
    }
    return true;
}

// What is not there any more went with retention, up to the floor; above it, otherwise. What newer
// messages have replaced is nothing that a reader has missed.
void Feed::skip_to(Cursor& cursor, size_t topic, uint64_t offset, uint64_t replaced) {
    const uint64_t floor = engine_.bounds(topics_[topic].id).floor;
    const uint64_t retained = std::clamp(floor, cursor.next, offset);
    counters_.lost_to_retention += retained - cursor.next;
    counters_.missing += offset - retained - std::min(replaced, offset - retained);
    cursor.next = offset;
}

void Feed::on_loaded(TopicId id) {
    for (size_t topic = 0; topic < topics_.size(); topic++) {
        if (topics_[topic].id != id) continue;
        topics_[topic].waits = false;
        for (net::Peer* peer : lagging_)
            peer->state<State>().cursors[topic].waits = false;
    }
    again_.arm(reactor_.now());
}

void Feed::on_turn_end() {
    bool more = false;
    for (Topic& topic : topics_)
        more = read_newest(topic) || more;
    for (auto at = lagging_.begin(); at != lagging_.end();) {
        net::Peer& peer = **at++;
        for (size_t topic = 0; topic < topics_.size(); topic++)
            more = pump(peer, topic) || more;
        State& state = peer.state<State>();
        if (has_caught_up(state)) end_to_lag(state);
    }
    if (more) again_.arm(reactor_.now());  // the turn after this one does not wait
}

void Feed::on_writable(net::Peer& peer) {
    if (peer.state<State>().lags) again_.arm(reactor_.now());
}

void Feed::on_closed(net::Peer& peer) {
    peer.each_subscription([&](std::string_view prefix) { subscriptions_.remove(prefix, peer); });
    State& state = peer.state<State>();
    end_to_lag(state);
    subs_.erase(state.place);
}

void Feed::compact() {
    for (net::Peer* peer : subs_)
        peer->outbox().compact(reactor_.memory());
}

uint64_t Feed::lag() const {
    uint64_t furthest = 0;
    for (net::Peer* peer : lagging_) {
        const State& state = peer->state<State>();
        for (size_t topic = 0; topic < topics_.size(); topic++) {
            const Cursor& cursor = state.cursors[topic];
            if (!cursor.at_head) furthest = std::max(furthest, topics_[topic].head - cursor.next);
        }
    }
    return furthest;
}

uint64_t Feed::waiting_messages() const {
    uint64_t messages = 0;
    for (const net::Peer* peer : subs_)
        messages += peer->outbox().messages();
    return messages;
}

}  // namespace zbridge::delivery
