#include "bridge/delivery/consumers.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "bridge/delivery/pull.h"
#include "bridge/delivery/puller.h"
#include "bridge/delivery/worker.h"

namespace zbridge::delivery {

Consumers::Consumers(Setup setup, plugin::Engine& engine, net::Reactor& reactor)
    : setup_(std::move(setup)),
      reactor_(reactor),
      side_{engine, setup_.group, reactor, setup_.options, setup_.replies},
      again_(reactor.timers(), [this] {
          if (holding_ && side_.engine.has_room(*this)) let_go();
      }) {
    side_.ways->on_changed = [this](Consumer& consumer) { update(consumer); };
    side_.ways->give = [this] { give(); };
    side_.ways->hold_for_room = [this] { return hold_for_room(); };
    side_.ways->hold_for_answers = [this] { return hold(); };
    side_.ways->on_settled = [this](PeerId id, uint64_t answer, bool durable,
                                    std::string_view reason) {
        const auto puller = pullers_.find(id);
        if (puller != pullers_.end()) puller->second->on_settled(answer, durable, reason);
        let_go();
    };
    engine.listen(setup_.group, *this);
}

Consumers::~Consumers() {
    let_go();
    side_.engine.unlisten(setup_.group, *this);
    side_.engine.forget(*this);
}

bool Consumers::by_verbs(SocketType type) const {
    return type == SocketType::kReq || (type == SocketType::kDealer &&
                                        setup_.options.puller == ConsumersOptions::Puller::kVerbs);
}

std::unique_ptr<Consumer> Consumers::make(net::Peer& peer) {
    if (peer.type() == SocketType::kPull) return std::make_unique<Pull>(peer, side_);
    if (by_verbs(peer.type())) {
        auto puller = std::make_unique<Puller>(peer, side_);
        pullers_.emplace(peer.id(), puller.get());
        return puller;
    }
    const bool may_be_busy = reactor_.now() < setup_.return_until;
    return std::make_unique<Worker>(peer, side_,
                                    may_be_busy ? setup_.options.resume_grace : Duration{});
}

void Consumers::on_opened(net::Peer& peer) {
    auto made = make(peer);
    Consumer& consumer = *made;
    peer.set_state(std::move(made));
    consumer.place = consumers_.insert(consumers_.end(), &consumer);
    update(consumer);
}

net::Take Consumers::on_message(net::Peer& peer, const Message& message) {
    auto& consumer = peer.state<Consumer>();
    const net::Take take = consumer.say(message);
    update(consumer);
    return take;
}

void Consumers::on_writable(net::Peer& peer) {
    update(peer.state<Consumer>());
}

void Consumers::on_closed(net::Peer& peer) {
    auto& consumer = peer.state<Consumer>();
    pullers_.erase(peer.id());
    consumers_.erase(consumer.place);
    unwritten_.erase(std::remove(unwritten_.begin(), unwritten_.end(), &consumer),
                     unwritten_.end());
    if (consumer.listed) free_.erase(consumer.free_place);
    consumer.listed = false;
    consumer.leave();
}

// Behind those that wait already, if it takes something now.
void Consumers::update(Consumer& consumer) {
    const bool free = consumer.free();
    if (free == consumer.listed) return;
    consumer.listed = free;
    if (free)
        consumer.free_place = free_.insert(free_.end(), &consumer);
    else
        free_.erase(consumer.free_place);
}

void Consumers::on_ready(GroupId) {
    dry_ = false;
    if (gave_in_ == reactor_.turn_number()) again_.arm(reactor_.now());
}

bool Consumers::before_writing() {
    const uint64_t given = side_.counters.given;
    gave_in_ = reactor_.turn_number();
    give();
    return side_.counters.given > given;
}

void Consumers::give() {
    uint64_t messages = 0, bytes = 0;
    while (!draining_ && !dry_) {
        Consumer* next = next_free();
        if (next == nullptr) break;
        if (messages >= kTurnMessages || bytes >= kTurnBytes) {
            again_.arm(reactor_.now());  // the turn after this one does not wait
            return;
        }
        dry_ = true;
        const auto& deliveries = side_.engine.receive(setup_.group, next->wanted());
        if (deliveries.empty()) return;
        dry_ = false;
        for (const plugin::Delivery& each : deliveries) {
            messages += each.run.messages;
            side_.counters.given += each.run.messages;
            bytes += each.run.wire.size();
            next->take(each);
        }
        if (next->peer.type() == SocketType::kPull && !std::exchange(next->unwritten, true))
            unwritten_.push_back(next);
        update(*next);
        if (next->listed) free_.splice(free_.end(), free_, next->free_place);
    }
}

Consumer* Consumers::next_free() {
    while (!free_.empty()) {
        Consumer& first = *free_.front();
        if (first.free()) return &first;
        update(first);  // what it was sent has filled its connection: on_writable() comes
    }
    return nullptr;
}

void Consumers::on_turn_end() {
    const auto is_written = [](Consumer* each) {
        each->on_written();
        each->unwritten = each->held() > 0;
        return !each->unwritten;
    };
    unwritten_.erase(std::remove_if(unwritten_.begin(), unwritten_.end(), is_written),
                     unwritten_.end());
    if (!draining_ && !dry_ && next_free() != nullptr) again_.arm(reactor_.now());
}

net::Take Consumers::hold_for_room() {
    if (side_.engine.has_room(*this)) again_.arm(reactor_.now());
    return hold();
}

net::Take Consumers::hold() {
    ZB_CHECK(gate_ != nullptr, setup_.name);
    holding_ = true;
    gate_->hold();
    return net::Take::kHold;
}

void Consumers::on_room() {
    let_go();
}

void Consumers::let_go() {
    if (std::exchange(holding_, false)) gate_->release();
}

void Consumers::compact() {
    for (Consumer* each : consumers_) {
        each->compact(reactor_.memory());
        each->peer.outbox().compact(reactor_.memory());
    }
}

void Consumers::release() {
    for (Consumer* each : consumers_)
        each->release();
}

size_t Consumers::busy() const {
    return static_cast<size_t>(
        std::count_if(consumers_.begin(), consumers_.end(),
                      [](const Consumer* each) { return each->held() > 0; }));
}

uint64_t Consumers::in_flight() const {
    uint64_t messages = 0;
    for (const Consumer* each : consumers_)
        messages += each->held();
    return messages;
}

void Consumers::each(const std::function<void(const Consumer&)>& visit) const {
    for (const Consumer* consumer : consumers_)
        visit(*consumer);
}

bool Consumers::holds_worker() const {
    return std::any_of(consumers_.begin(), consumers_.end(), [](const Consumer* each) {
        return each->peer.type() != SocketType::kPull && each->held() > 0;
    });
}

}  // namespace zbridge::delivery
