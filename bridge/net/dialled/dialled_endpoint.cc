#include "bridge/net/dialled/dialled_endpoint.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <set>

namespace zbridge::net {

// The Peer of a link while it is connected. Its socket is libzmq's: written bytes go to the link's
// mailbox.
class DialledPeer final : public Peer, public Ready {
 public:
    DialledPeer(DialledEndpoint& endpoint, Link& link, PeerInfo info)
        : Peer(std::move(info)), endpoint_(endpoint), link_(link) {
        waiting_bytes_max_ = endpoint.setup_.limits.waiting_bytes_max;
        waiting_messages_max_ = endpoint.setup_.limits.waiting_messages_max;
    }

    void flush() override {
        const bool full = !has_room();
        hand_over();
        // Somebody may wait for room without its ever having been blocked.
        if (full && outbox_.empty()) endpoint_.reactor_.make_ready(*this);
    }
    // What libzmq holds for it is lost, as with any connection that breaks.
    void close(Refusal) override {
        if (closing_) return;
        closing_ = blocked_ = true;
        link_.renew();
        endpoint_.dialler_.nudge();
    }
    bool closing() const { return closing_; }
    using Peer::on_taken, Peer::show_said;  // of what its endpoint cuts out
    void each_subscription(const std::function<void(std::string_view)>& visit) const override {
        for (const std::string& prefix : subscriptions_)
            visit(prefix);
    }
    // False: nothing has changed.
    bool take_subscription(std::string_view prefix, bool add) {
        const auto known = subscriptions_.find(prefix);
        if (add == (known != subscriptions_.end())) return false;
        if (!add) {
            subscription_bytes_ -= prefix.size();
            subscriptions_.erase(known);
            return true;
        }
        const PeerLimits& limits = endpoint_.setup_.limits;
        if (subscriptions_.size() >= limits.subscriptions_max ||
            subscription_bytes_ + prefix.size() > limits.subscription_bytes_max) {
            endpoint_.refusals_.add(Refusal::kSubscriptions);
            return false;
        }
        subscription_bytes_ += prefix.size();
        subscriptions_.emplace(prefix);
        return true;
    }

    void on_room() {
        if (closing_) return;
        blocked_ = false;
        hand_over();
        if (!blocked_ && outbox_.empty()) endpoint_.handler_.on_writable(*this);
    }
    bool waits_for_room() const { return blocked_; }
    void on_turn() override {
        if (!blocked_ && outbox_.empty()) endpoint_.handler_.on_writable(*this);
    }
    void on_flush() override { flush(); }
    void leave(Reactor& reactor) { reactor.drop(*this); }

 private:
    void on_queued() override { endpoint_.reactor_.make_dirty(*this); }

    void hand_over() {
        static constexpr size_t kParts = 64;
        std::array<iovec, kParts> parts;
        bool pushed = false;
        while (!outbox_.empty() && !blocked_) {
            // Whole messages: the thread cuts them apart again. A run in the outbox is; a piece
            // waits for its rest.
            std::string bytes;
            const size_t filled = outbox_.gather(parts);
            Whole taken;
            for (size_t i = 0; i < filled; i++) {
                bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
                if (bytes.size() < Link::kMailboxBytes && i + 1 < filled) continue;
                taken = whole_messages(bytes);
                if (taken.bytes > 0) break;  // the next batch may be another time's
            }
            const auto [whole, messages] = taken;
            ZB_CHECK(whole > 0, bytes.size());
            bytes.resize(whole);
            if (!link_.push(bytes, messages)) {
                blocked_ = true;
                break;
            }
            outbox_.consume(whole);
            pushed = true;
        }
        if (pushed) endpoint_.dialler_.nudge();
    }

    struct Whole {
        size_t bytes = 0;
        uint64_t messages = 0;
    };
    static Whole whole_messages(std::string_view bytes) {
        PeerLimits any;
        any.frame_bytes_max = any.message_bytes_max = ~uint64_t{0} >> 1;
        any.frames_max = ~uint32_t{0};
        for (Whole whole;; whole.messages++) {
            const zmtp::Cut cut = zmtp::cut_next(bytes.substr(whole.bytes), any);
            if (cut.kind != zmtp::Cut::Kind::kMessage) return whole;
            whole.bytes += cut.size;
        }
    }

    DialledEndpoint& endpoint_;
    Link& link_;
    bool closing_ = false;  // nothing of it is heard any more
    std::set<std::string, std::less<>> subscriptions_;
    uint64_t subscription_bytes_ = 0;
};

struct DialledEndpoint::Wire {
    std::shared_ptr<Link> link;
    std::unique_ptr<DialledPeer> peer;
    Slice in;  // messages that a hold left over
};

DialledEndpoint::DialledEndpoint(Setup setup, PeerHandler& handler, Reactor& reactor,
                                 ConnectionLimit& connections, Dialler& dialler)
    : setup_(std::move(setup)),
      handler_(handler),
      reactor_(reactor),
      connections_(connections),
      dialler_(dialler) {}

DialledEndpoint::~DialledEndpoint() {
    reactor_.drop(*this);
    for (const auto& wire : wires_) {
        if (wire->peer) wire->peer->leave(reactor_);
    }
}

void DialledEndpoint::connect(const std::string& address) {
    wires_.push_back(std::make_unique<Wire>());
    wires_.back()->link = std::make_shared<Link>(address, setup_.socket, setup_.limits);
    dialler_.add(wires_.back()->link);
}

void DialledEndpoint::take_news() {
    bool took = false;
    bool more = false;
    for (const auto& wire : wires_) {
        if (wire->peer && wire->peer->waits_for_room()) wire->peer->on_room();
        size_t quantum = kQuantumBytes;
        parse(*wire, quantum);
        while (!held_ && wire->in.empty() && quantum > 0) {
            Link::Incoming incoming;
            if (!wire->link->pop(incoming)) break;
            took = true;
            take(*wire, incoming);
            parse(*wire, quantum);
        }
        more |= !wire->in.empty() || wire->link->has_incoming();
    }
    if (took) dialler_.nudge();
    if (more && !held_) reactor_.make_ready(*this);
}

void DialledEndpoint::watch(Watch* watch) {
    watch_ = watch;
    for (const auto& wire : wires_) {
        if (wire->peer) wire->peer->watch(watch);
    }
}

void DialledEndpoint::drain() {
    for (const auto& wire : wires_)
        wire->link->drain(setup_.source);
    dialler_.nudge();
}

void DialledEndpoint::take(Wire& wire, Link::Incoming& incoming) {
    switch (incoming.kind) {
        case Link::Incoming::Kind::kOpened: {
            if (wire.peer) return;
            connections_.now++;
            wire.peer = std::make_unique<DialledPeer>(
                *this, *wire.link,
                PeerInfo{PeerId(connections_.next_peer++), setup_.id, setup_.peer_type, "",
                         wire.link->address(), ""});
            wire.peer->watch(watch_);
            handler_.on_opened(*wire.peer);
            return;
        }
        case Link::Incoming::Kind::kClosed: {
            if (!wire.peer) return;
            connections_.now--;
            handler_.on_closed(*wire.peer);
            wire.peer->leave(reactor_);
            reactor_.bury(std::move(wire.peer));
            return;
        }
        case Link::Incoming::Kind::kBytes: {
            ChunkRef chunk = reactor_.memory().allocate(incoming.bytes.size());
            std::memcpy(chunk->tail(), incoming.bytes.data(), incoming.bytes.size());
            chunk->commit(incoming.bytes.size());
            wire.in = Slice(chunk, chunk->data(), incoming.bytes.size());
            return;
        }
    }
}

void DialledEndpoint::parse(Wire& wire, size_t& quantum) {
    while (!wire.in.empty() && !held_ && quantum > 0) {
        const MessageEnd end = message_end(wire.in.bytes(), 0);
        if (!wire.peer || wire.peer->closing()) {  // gone: nobody is left whom it could be from
            if (setup_.peer_type != SocketType::kSub) lost_++;
        } else {
            const Message message(wire.in.part(0, end.end), end.frames);
            const bool subscriber = wire.peer->type() == SocketType::kSub;
            const std::string_view body = message.first().body;
            if (subscriber) {
                const bool says = !body.empty() && static_cast<unsigned char>(body[0]) <= 1;
                if (says && wire.peer->take_subscription(body.substr(1), body[0] == 1))
                    handler_.on_subscription(*wire.peer, {body.substr(1), body[0] == 1});
            } else {
                wire.peer->show_said(message);
                if (handler_.on_message(*wire.peer, message) == Take::kHold) return;
                wire.peer->on_taken();
            }
            wire.peer->counters().messages_in++;
            wire.peer->counters().bytes_in += end.end;
        }
        wire.in.remove_prefix(end.end);
        quantum -= std::min(quantum, std::max(end.end, kItemBytesLeast));
    }
    if (wire.in.empty()) wire.in = Slice();
}

void DialledEndpoint::release() {
    held_ = false;
    reactor_.make_ready(*this);
}

std::vector<const Peer*> DialledEndpoint::peers() const {
    std::vector<const Peer*> peers;
    for (const auto& wire : wires_) {
        if (wire->peer) peers.push_back(wire->peer.get());
    }
    return peers;
}

Peer* DialledEndpoint::find(PeerId peer) const {
    for (const auto& wire : wires_) {
        if (wire->peer && wire->peer->id() == peer) return wire->peer.get();
    }
    return nullptr;
}

bool DialledEndpoint::drained() const {
    for (const auto& wire : wires_) {
        if (wire->peer && !wire->peer->outbox().empty()) return false;
        if (setup_.source && !wire->link->read_out()) return false;
    }
    return waiting_out() == 0 && (!setup_.source || waiting_in() == 0);
}

uint64_t DialledEndpoint::waiting_in() const {
    uint64_t messages = 0;
    for (const auto& wire : wires_) {
        messages += wire->link->waiting().incoming;
        for (size_t at = 0; at < wire->in.size(); messages++)
            at = message_end(wire->in.bytes(), at).end;
    }
    return messages;
}

uint64_t DialledEndpoint::waiting_out() const {
    uint64_t messages = 0;
    for (const auto& wire : wires_)
        messages += wire->link->waiting().outgoing;
    return messages;
}

uint64_t DialledEndpoint::lost() const {
    uint64_t messages = lost_;
    for (const auto& wire : wires_)
        messages += wire->link->lost();
    return messages;
}

RefusalCounts DialledEndpoint::refusals() const {
    RefusalCounts all = refusals_;
    for (const auto& wire : wires_) {
        const RefusalCounts its = wire->link->refusals();
        for (size_t i = 0; i < kRefusalCount; i++)
            all.add(static_cast<Refusal>(i), its.of(static_cast<Refusal>(i)));
    }
    return all;
}

std::vector<std::string> DialledEndpoint::troubles() const {
    std::vector<std::string> troubles;
    for (const auto& wire : wires_) {
        const std::string what = wire->link->trouble();
        if (!what.empty()) troubles.push_back(wire->link->address() + ": " + what);
    }
    return troubles;
}

}  // namespace zbridge::net
