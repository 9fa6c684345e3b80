#include "bridge/protocol/dispenser.h"

#include <utility>

namespace zbridge::protocol {

Dispenser::Dispenser(std::string name, GroupId group, plugin::Engine& engine, net::Reactor& reactor)
    : name_(std::move(name)),
      group_(group),
      engine_(engine),
      reactor_(reactor),
      again_(reactor.timers(), [] {}) {
    engine.listen(group, *this);
}

// Behind those that wait already, if it takes something now.
void Dispenser::update(Taker& taker) {
    const bool free = taker.free();
    if (free == taker.listed_) return;
    taker.listed_ = free;
    if (free)
        taker.place_ = free_.insert(free_.end(), &taker);
    else
        free_.erase(taker.place_);
}

void Dispenser::remove(Taker& taker) {
    if (taker.listed_) free_.erase(taker.place_);
    taker.listed_ = false;
}

void Dispenser::on_ready(GroupId) {
    dry_ = false;
    if (gave_in_ == reactor_.turn_number()) again_.arm(reactor_.now());
}

bool Dispenser::before_writing() {
    const uint64_t before = given_;
    gave_in_ = reactor_.turn_number();
    give();
    return given_ > before;
}

void Dispenser::give() {
    uint64_t messages = 0, bytes = 0;
    while (!draining_ && !dry_) {
        Taker* next = next_free();
        if (next == nullptr) break;
        if (messages >= kTurnMessages || bytes >= kTurnBytes) {
            again_.arm(reactor_.now());  // the turn after this one does not wait
            return;
        }
        dry_ = true;
        const auto& deliveries = engine_.receive(group_, next->wanted());
        if (deliveries.empty()) return;
        dry_ = false;
        for (const plugin::Delivery& each : deliveries) {
            messages += each.run.messages;
            bytes += each.run.wire.size();
            given_ += each.run.messages;
        }
        // At the end of the line; it may have gone for good when it has taken.
        remove(*next);
        next->take(deliveries);
    }
}

void Dispenser::give_again(Taker& taker) {
    if (draining_ || !taker.free()) return;
    const auto& deliveries = engine_.receive(group_, taker.wanted());
    if (deliveries.empty()) return;  // they have to be read first: on_ready()
    for (const plugin::Delivery& each : deliveries)
        given_ += each.run.messages;
    remove(taker);
    taker.take(deliveries);
}

Taker* Dispenser::next_free() {
    while (!free_.empty()) {
        Taker& first = *free_.front();
        if (first.free()) return &first;
        update(first);  // what it was sent has filled its connection: on_writable() comes
    }
    return nullptr;
}

void Dispenser::on_turn_end() {
    if (!draining_ && !dry_ && next_free() != nullptr) again_.arm(reactor_.now());
}

}  // namespace zbridge::protocol
