#include "bridge/delivery/broadcast.h"

#include <utility>

namespace zbridge::delivery {

Broadcast::~Broadcast() = default;

std::string Broadcast::why_not(const net::Introduction& peer, std::string& user) {
    if (before_ != nullptr) {
        if (std::string why = before_->why_not(peer, user); !why.empty()) return why;
    }
    if (peer.identity.empty()) {
        return "each consumer gets all of this group, by its name: set a routing id "
               "(a REQ or DEALER can)";
    }
    std::string why;
    return engine_.join(setup_.group, peer.identity, why) ? std::string() : why;
}

void Broadcast::on_opened(net::Peer& peer) {
    std::string why;
    const auto joined = engine_.join(setup_.group, peer.info().identity, why);
    if (!joined) return peer.close(Refusal::kDenied);  // it was there in its handshake
    auto& consumers = consumers_[*joined];
    if (!consumers) {
        Consumers::Setup setup = setup_;
        setup.group = *joined;
        consumers = std::make_unique<Consumers>(std::move(setup), engine_, reactor_);
        if (gate_ != nullptr) consumers->attach(*gate_);
        if (draining_) consumers->drain();
    }
    of_peer_.emplace(peer.id(), *joined);
    engine_.attend(*joined, true);
    consumers->on_opened(peer);
}

net::Take Broadcast::on_message(net::Peer& peer, const Message& message) {
    if (!of_peer_.contains(peer.id())) return net::Take::kTaken;  // it is being closed
    return of(peer).on_message(peer, message);
}

void Broadcast::on_writable(net::Peer& peer) {
    if (of_peer_.contains(peer.id())) of(peer).on_writable(peer);
}

void Broadcast::on_closed(net::Peer& peer) {
    const auto its = of_peer_.find(peer.id());
    if (its == of_peer_.end()) return;
    consumers_.at(its->second)->on_closed(peer);
    engine_.attend(its->second, false);
    of_peer_.erase(its);
}

bool Broadcast::before_writing() {
    bool gave = false;
    for (const auto& [id, consumers] : consumers_)
        gave |= consumers->before_writing();
    return gave;
}

void Broadcast::on_turn_end() {
    for (auto at = consumers_.begin(); at != consumers_.end();) {
        if (at->second->peers() > 0) {
            at->second->on_turn_end();
            ++at;
            continue;
        }
        gone_ += at->second->counters();
        at = consumers_.erase(at);
    }
}

void Broadcast::compact() {
    for (const auto& [id, consumers] : consumers_)
        consumers->compact();
}

void Broadcast::drain() {
    draining_ = true;
    for (const auto& [id, consumers] : consumers_)
        consumers->drain();
}

void Broadcast::release() {
    for (const auto& [id, consumers] : consumers_)
        consumers->release();
}

ConsumersCounters Broadcast::counters() const {
    ConsumersCounters all = gone_;
    for (const auto& [id, consumers] : consumers_)
        all += consumers->counters();
    return all;
}

size_t Broadcast::busy() const {
    size_t busy = 0;
    for (const auto& [id, consumers] : consumers_)
        busy += consumers->busy();
    return busy;
}

uint64_t Broadcast::in_flight() const {
    uint64_t messages = 0;
    for (const auto& [id, consumers] : consumers_)
        messages += consumers->in_flight();
    return messages;
}

bool Broadcast::holds_worker() const {
    for (const auto& [id, consumers] : consumers_) {
        if (consumers->holds_worker()) return true;
    }
    return false;
}

void Broadcast::each(const std::function<void(const Consumer&)>& visit) const {
    for (const auto& [id, consumers] : consumers_)
        consumers->each(visit);
}

}  // namespace zbridge::delivery
