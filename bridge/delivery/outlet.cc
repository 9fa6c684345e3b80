#include "bridge/delivery/outlet.h"

#include <algorithm>

namespace zbridge::delivery {

struct Outlet::State final : net::PeerState {
    // A PULL's turn.
    bool is_free = false;
    uint32_t quantum_messages = 0;
    uint64_t quantum_bytes = 0;
    uint64_t quantum_turn = 0;
    std::list<net::Peer*>::iterator free_place;
    // A SUB's.
    uint64_t stamp = 0;
    bool disconnected = false;  // it is told; what comes until it has gone is dropped
    std::list<net::Peer*>::iterator place;
};

namespace {

bool is_sub(const net::Peer& peer) {
    return peer.type() == SocketType::kSub || peer.type() == SocketType::kXsub;
}

// What `disconnect` would do to PULLs is nobody's wish: those who share are waited for.
bool blocks(OnFull for_pulls) {
    return for_pulls == OnFull::kBlock || for_pulls == OnFull::kDisconnect;
}

bool sub_has_room(const net::Peer& sub, bool pressed) {
    return sub.has_room() && !(pressed && sub.blocked());
}
// Whether it takes another message. What was queued in this turn only is written first: nobody is
// full who just reads.
bool takes_more(net::Peer& sub, bool memory_pressed) {
    if (!sub.has_room() && !sub.blocked()) sub.flush();
    return sub_has_room(sub, memory_pressed);
}

void enlist(std::vector<RoomListener*>& waiting, RoomListener& listener) {
    if (std::find(waiting.begin(), waiting.end(), &listener) == waiting.end())
        waiting.push_back(&listener);
}

void tell(std::vector<RoomListener*>& waiting) {
    const std::vector<RoomListener*> told = std::exchange(waiting, {});
    for (RoomListener* each : told)
        each->on_room();
}

}  // namespace

Outlet::Outlet(std::string name, SocketTypes accepts, LineOptions line, net::Reactor& reactor)
    : name_(std::move(name)), accepts_(accepts), reactor_(reactor), line_(line) {
    only_pulls_ = !accepts_.has(SocketType::kSub) && !accepts_.has(SocketType::kXsub);
    pull_was_here_ = only_pulls_;
}

bool Outlet::uses_line(bool from_pub) const {
    if (!accepts_.has(SocketType::kPull)) return false;
    return pull_was_here_ || (!from_pub && subs_.empty());
}

bool Outlet::line_has_room(OnFull on_full) const {
    if (reactor_.memory().pressed()) return false;
    // Who can be held is held while PULLs are busy, rather than its messages kept: less is in
    // limbo.
    if (blocks(on_full) && pulls_ > 0 && line_.bytes() >= kBusyLineBytes) return false;
    return line_.has_room();
}

bool Outlet::can_take(const Message& message, std::optional<OnFull> on_full, bool from_pub,
                      RoomListener& waiting) {
    const OnFull for_pulls = on_full.value_or(OnFull::kBlock);
    if (blocks(for_pulls) && uses_line(from_pub) && !(line_.empty() && next_pull() != nullptr) &&
        !line_has_room(for_pulls)) {
        enlist(waiting_for_line_, waiting);
        return false;
    }
    if (on_full != OnFull::kBlock || subs_.empty()) return true;
    bool room = true;
    const bool pressed = reactor_.memory().pressed();
    subscriptions_.match(message.first().body, [&](const std::vector<net::Peer*>& peers) {
        for (net::Peer* peer : peers) {
            if (takes_more(*peer, pressed)) continue;
            room = false;
            if (std::find(full_subs_.begin(), full_subs_.end(), peer) == full_subs_.end())
                full_subs_.push_back(peer);
        }
    });
    if (!room) enlist(waiting_for_subs_, waiting);
    return room;
}

bool Outlet::deliver(const Message& message, std::optional<OnFull> on_full, bool from_pub) {
    counters_.taken++;
    if (!subs_.empty()) publish(message, on_full.value_or(OnFull::kDropNewest));
    if (uses_line(from_pub)) return give_or_line(message, on_full.value_or(OnFull::kBlock));
    if (subs_.empty()) counters_.nobody++;
    return true;
}

// The PULL that has waited longest; none if none takes anything now.
net::Peer* Outlet::next_pull() {
    while (!free_pulls_.empty()) {
        net::Peer* peer = free_pulls_.front();
        State& state = peer->state<State>();
        if (peer->blocked()) {  // comes back in on_writable()
            free_pulls_.pop_front();
            state.is_free = false;
            continue;
        }
        const bool had_its_turn =
            state.quantum_messages > 0 &&
            (state.quantum_turn != reactor_.turn_number() ||
             state.quantum_messages >= kQuantumMessages || state.quantum_bytes >= kQuantumBytes);
        if (had_its_turn) {
            state.quantum_messages = 0;
            state.quantum_bytes = 0;
            free_pulls_.splice(free_pulls_.end(), free_pulls_, free_pulls_.begin());
            continue;
        }
        return peer;
    }
    return nullptr;
}

void Outlet::give(net::Peer& pull, const Message& message) {
    State& state = pull.state<State>();
    state.quantum_messages++;
    state.quantum_bytes += message.size();
    state.quantum_turn = reactor_.turn_number();
    counters_.to_pulls++;
    pull.send(message);
    if (pull.outbox().bytes() >= kQuantumBytes) pull.flush();
}

bool Outlet::give_or_line(const Message& message, OnFull on_full) {
    if (line_.empty()) {
        if (net::Peer* pull = next_pull()) {
            give(*pull, message);
            return true;
        }
    }
    if (!blocks(on_full) && !line_has_room(on_full)) {
        uint64_t& dropped =
            reactor_.memory().pressed() ? counters_.dropped_memory : counters_.dropped_line;
        dropped++;
        if (on_full == OnFull::kDropNewest || line_.empty()) return false;
        (void)line_.take();
        for (; !line_.has_room() && !line_.empty(); dropped++)
            (void)line_.take();
    }
    line_.append(message);
    return true;
}

void Outlet::publish(const Message& message, OnFull on_full) {
    stamp_++;
    bool somebody = false;
    subscriptions_.match(message.first().body, [&](const std::vector<net::Peer*>& peers) {
        somebody = true;
        for (net::Peer* peer : peers)
            offer(*peer, message, on_full);
    });
    if (!somebody) counters_.nobody++;
}

void Outlet::offer(net::Peer& sub, const Message& message, OnFull on_full) {
    State& state = sub.state<State>();
    if (state.stamp == stamp_) return;
    state.stamp = stamp_;
    const bool pressed = reactor_.memory().pressed();
    if (on_full != OnFull::kBlock && !takes_more(sub, pressed)) {
        const auto drop = [&] {
            (pressed && sub.blocked() ? counters_.dropped_memory : counters_.dropped_peer)++;
            sub.counters().dropped++;
        };
        drop();
        if (on_full == OnFull::kDisconnect) {
            if (std::exchange(state.disconnected, true)) return;
            counters_.disconnected++;
            return sub.close(Refusal::kOutboxFull);
        }
        if (on_full == OnFull::kDropNewest || !sub.outbox().drop_oldest()) return;
        while (!sub.has_room() && sub.outbox().drop_oldest())
            drop();
    }
    counters_.to_subs++;
    sub.send(message);
    if (!sub.blocked() && sub.outbox().bytes() >= kFlushBytes) sub.flush();
}

void Outlet::pump() {
    while (!line_.empty()) {
        net::Peer* pull = next_pull();
        if (pull == nullptr) return;
        give(*pull, line_.take());
    }
}

void Outlet::on_opened(net::Peer& peer) {
    auto state = std::make_unique<State>();
    if (is_sub(peer)) {
        subs_.push_back(&peer);
        state->place = std::prev(subs_.end());
    } else {
        pull_was_here_ = true;
        if (!pulls_want()) want("", true);
        pulls_++;
        pull_peers_.push_back(&peer);
        state->place = std::prev(pull_peers_.end());
        free_pulls_.push_back(&peer);
        state->free_place = std::prev(free_pulls_.end());
        state->is_free = true;
    }
    const bool pull = !is_sub(peer);
    peer.set_state(std::move(state));
    if (pull) pump();
}

net::Take Outlet::on_message(net::Peer& peer, const Message&) {
    peer.close(Refusal::kMalformed);  // a PULL has nothing to say
    return net::Take::kTaken;
}

void Outlet::on_subscription(net::Peer& peer, const net::Subscription& subscription) {
    if (subscription.add) {
        const bool first = subscriptions_.count(subscription.prefix) == 0;
        subscriptions_.add(subscription.prefix, peer);
        if (first) want(subscription.prefix, true);
    } else {
        subscriptions_.remove(subscription.prefix, peer);
        if (subscriptions_.count(subscription.prefix) == 0) want(subscription.prefix, false);
        sub_moved_ = true;
    }
}

void Outlet::on_writable(net::Peer& peer) {
    if (is_sub(peer)) {
        sub_moved_ = true;
        return;
    }
    State& state = peer.state<State>();
    if (state.is_free) return;
    state.is_free = true;
    state.quantum_messages = 0;
    state.quantum_bytes = 0;
    free_pulls_.push_back(&peer);
    state.free_place = std::prev(free_pulls_.end());
    pump();
}

void Outlet::on_closed(net::Peer& peer) {
    State& state = peer.state<State>();
    if (is_sub(peer)) {
        sub_moved_ = true;
        counters_.lost_with_peer += peer.outbox().messages();
        subs_.erase(state.place);
        full_subs_.erase(std::remove(full_subs_.begin(), full_subs_.end(), &peer),
                         full_subs_.end());
        peer.each_subscription([&](std::string_view prefix) {
            on_subscription(peer, {prefix, false});
        });
        return;
    }
    if (state.is_free) free_pulls_.erase(state.free_place);
    pull_peers_.erase(state.place);
    pulls_--;
    // What it cannot have goes first to the next one. Behind a cut message others may have been
    // given on already: a consumer that is lost costs the order between consumers, not the
    // messages.
    const std::vector<Message> back = peer.outbox().take_unfinished(reactor_.memory());
    for (auto message = back.rbegin(); message != back.rend(); ++message)
        line_.put_back(*message);
    counters_.returned += back.size();
    counters_.to_pulls -= back.size();
    peer.counters().messages_out -= back.size();
    if (!pulls_want()) want("", false);
    pump();
}

void Outlet::on_turn_end() {
    pump();
    // A SUB may have taken all without ever being blocked, and pressure goes without a word.
    const auto has_room = [pressed = reactor_.memory().pressed()](const net::Peer* sub) {
        return sub_has_room(*sub, pressed);
    };
    if (!waiting_for_subs_.empty() &&
        (sub_moved_ || std::any_of(full_subs_.begin(), full_subs_.end(), has_room))) {
        full_subs_.clear();
        tell(waiting_for_subs_);
    }
    sub_moved_ = false;
    if (waiting_for_line_.empty()) return;
    const bool a_pull_is_free = line_.empty() && next_pull() != nullptr;
    const bool much_room = !reactor_.memory().pressed() && line_.has_much_room() &&
                           (pulls_ == 0 || line_.bytes() <= kBusyLineBytes / 2);
    const bool goes_to_subs =
        !pull_was_here_ && !subs_.empty();  // what comes does not use the line any more
    if (a_pull_is_free || much_room || goes_to_subs) tell(waiting_for_line_);
}

void Outlet::compact() {
    line_.compact(reactor_.memory());
    for (net::Peer* peer : pull_peers_)
        peer->outbox().compact(reactor_.memory());
    for (net::Peer* peer : subs_)
        peer->outbox().compact(reactor_.memory());
}

// PULLs together want the empty prefix, beside the SUBs that do: listeners count what is wanted how
// often.
void Outlet::want(std::string_view prefix, bool wanted) {
    for (DemandListener* each : demand_listeners_)
        each->on_demand(prefix, wanted);
}

void Outlet::each_demand(const std::function<void(std::string_view)>& visit) const {
    if (pulls_want()) visit("");
    subscriptions_.each([&](const std::string& prefix, size_t) { visit(prefix); });
}

uint64_t Outlet::waiting_messages() const {
    uint64_t messages = line_.messages();
    for (const net::Peer* peer : pull_peers_)
        messages += peer->outbox().messages();
    for (const net::Peer* peer : subs_)
        messages += peer->outbox().messages();
    return messages;
}

}  // namespace zbridge::delivery
