// What a session is delivered: subscriptions and RECEIVEs.
#include "bridge/protocol/calling.h"
#include "bridge/protocol/checking.h"
#include "bridge/protocol/limits.h"
#include "bridge/protocol/session.h"
#include "bridge/protocol/takers.h"

namespace zbridge::protocol {

namespace {

// Of a frame whose body follows.
void append_frame_head(std::string& wire, size_t bytes) {
    if (bytes <= 255) {
        wire += '\0';
        wire += static_cast<char>(bytes);
        return;
    }
    wire += static_cast<char>(frame_flags::kLong);
    for (int shift = 56; shift >= 0; shift -= 8)
        wire += static_cast<char>(static_cast<uint64_t>(bytes) >> shift);
}

}  // namespace

void Session::subscribe(const Command& command) {
    const uint32_t sub = *command.sub;
    if (commons_.draining)
        return refuse(command, Refusal::kShuttingDown, meaning_of(Refusal::kShuttingDown));
    if (subscriptions_.contains(sub) || readings_.contains(sub) || checkings_.contains(sub) ||
        calling_->has(sub))
        return refuse(command, Refusal::kOutOfState, "a subscription has this number");
    if (subscriptions() >= kSubscriptionsMax)
        return refuse(command, Refusal::kSubscriptions, meaning_of(Refusal::kSubscriptions));
    if (command.credit > kCreditMax) return refuse(command, Refusal::kOutOfRange, "credit");
    if (!command.topic.empty()) return read(command);
    if (!command.checks.empty()) return check(command);
    if (!command.service.empty()) return calling_->subscribe(command);
    if (!lease_allowed(command)) return;
    Dispenser* from = commons_.ways.dispenser(command.group);
    if (from == nullptr) return refuse(command, Refusal::kNotFound, "no group of this name");

    const uint64_t taker = next_taker_++;
    auto made = std::make_unique<Subscription>(
        *this, *from,
        Subscription::Setup{sub, taker, command.credit, command.lease.value_or(Duration{}),
                            command.wants_attributes});
    Subscription& its = *made;
    subscriptions_.emplace(sub, std::move(made));
    by_taker_.emplace(taker, &its);
    send(pack_subscribed(sub, {}, lease_of(command)));
    its.update();
}

void Session::unsubscribe(const Command& command) {
    const auto found = subscriptions_.find(*command.sub);
    if (found != subscriptions_.end()) {
        by_taker_.erase(found->second->taker());
        subscriptions_.erase(found);
    } else if (calling_->has(*command.sub)) {
        return calling_->unsubscribe(*command.sub);
    } else if (readings_.erase(*command.sub) + checkings_.erase(*command.sub) == 0) {
        return refuse(command, Refusal::kNotFound, "no subscription has this number");
    }
    send(pack_unsubscribed(*command.sub));
}

void Session::set_credit(const Command& command) {
    const auto found = subscriptions_.find(*command.sub);
    const auto reading = readings_.find(*command.sub);
    const auto checking = checkings_.find(*command.sub);
    const bool works = calling_->has(*command.sub);
    if (found == subscriptions_.end() && reading == readings_.end() &&
        checking == checkings_.end() && !works)
        return refuse(command, Refusal::kNotFound, "no subscription has this number");
    if (command.credit > kCreditMax) return refuse(command, Refusal::kOutOfRange, "credit");
    if (works) return calling_->set_credit(command);
    if (checking != checkings_.end()) return checking->second->set_credit(command.credit);
    if (reading == readings_.end()) return found->second->set_credit(command.credit);
    const auto done =
        command.offset ? std::optional(static_cast<uint64_t>(*command.offset)) : std::nullopt;
    if (!reading->second->set_credit(command.credit, done))
        refuse(command, Refusal::kOutOfRange, "offset");
}

void Session::receive(const Command& command) {
    const uint64_t ref = *command.ref;
    if (receives_.contains(ref))
        return refuse(command, Refusal::kOutOfState, "a RECEIVE with this `ref` waits");
    if (receives_.size() >= kReceivesMax)
        return refuse(command, Refusal::kLineFull, "as many RECEIVEs wait as may");
    if (command.max == 0 || command.max > kReceiveMessagesMax)
        return refuse(command, Refusal::kOutOfRange, "max");
    if (command.wait > kWaitMax) return refuse(command, Refusal::kOutOfRange, "wait");
    if (command.attempt == 0U) return refuse(command, Refusal::kOutOfRange, "attempt");
    if (!lease_allowed(command)) return;
    Dispenser* from = commons_.ways.dispenser(command.group);
    if (from == nullptr) return refuse(command, Refusal::kNotFound, "no group of this name");
    if (commons_.draining) return send(pack(Delivered{.ref = ref}));

    auto made = std::make_unique<Receive>(
        *this, *from,
        Receive::Setup{ref, *command.max, commons_.reactor.now() + command.wait,
                       command.lease.value_or(Duration{}), command.wants_attributes,
                       command.attempt.value_or(0)});
    Receive& its = *made;
    receives_.emplace(ref, std::move(made));
    if (!receives_over_.armed() || receives_over_.due() > its.until())
        receives_over_.arm(its.until());
    // What it holds already is its own, whether there is anything for others or not.
    if (command.attempt && !held_of(from->group(), *command.attempt).empty()) from->give_again(its);
    if (receives_.contains(ref)) its.update();
}

// What is there now, or nothing.
void Session::on_receives_over() {
    const Instant now = commons_.reactor.now();
    std::vector<uint64_t> over;
    for (const auto& [ref, each] : receives_) {
        if (each->until() <= now) over.push_back(ref);
    }
    for (const uint64_t ref : over) {
        const auto found = receives_.find(ref);
        if (found == receives_.end()) continue;  // it was given something meanwhile
        found->second->from().give();
        if (receives_.erase(ref) > 0) send(pack(Delivered{.ref = ref}));
    }
    for (const auto& [ref, each] : receives_) {
        if (!receives_over_.armed() || receives_over_.due() > each->until())
            receives_over_.arm(each->until());
    }
}

// What its messages are lent for: as it asks, or as the group says.
std::optional<Duration> Session::lease_of(const Command& command) const {
    if (command.lease) return command.lease;
    return commons_.setup.lease ? commons_.setup.lease(command.group) : std::nullopt;
}

bool Session::lease_allowed(const Command& command) {
    if (!command.lease || (*command.lease >= kLeaseMin && *command.lease <= kLeaseMax)) return true;
    refuse(command, Refusal::kOutOfRange, "lease");
    return false;
}

// One run goes as it stands in memory; several are put together.
void Session::deliver(Delivered header, GroupId group, Held::From its,
                      const std::vector<plugin::Delivery>& deliveries) {
    size_t bytes = 0;
    for (const plugin::Delivery& each : deliveries) {
        header.runs.push_back({each.token, each.run.messages, each.attempt, each.id});
        if (header.with_attributes)
            header.attributes.push_back(commons_.engine->read_attributes(each.run.attributes));
        bytes += each.run.wire.size();
        commons_.counters.given += each.run.messages;
    }
    if (deliveries.size() == 1) {
        send_with_block(pack(header), deliveries.front().run.wire);
    } else {
        std::string block;
        block.reserve(bytes);
        for (const plugin::Delivery& each : deliveries)
            block += each.run.wire.bytes();
        send_with_block(pack(header), commons_.reactor.memory().copy(block));
    }
    its.written = peer_.outbox().appended();
    for (const plugin::Delivery& each : deliveries) {
        const TokenRange range{each.token, each.run.messages};
        // It may be what this attempt was given before.
        if (its.attempt != 0) held_.remove(group, range, [](Held::From, TokenRange) {});
        held_.add(group, range, its);
    }
}

std::vector<plugin::Lent> Session::held_of(GroupId group, uint64_t attempt) const {
    std::vector<plugin::Lent> held;
    held_.each([&](GroupId its_group, TokenRange range, Held::From from) {
        if (its_group == group && from.attempt == attempt)
            held.push_back({range.first, range.count});
    });
    return held;
}

void Session::send_with_block(const std::string& header, const Slice& block) {
    std::string head;
    append_frame(head, header, true);
    append_frame_head(head, block.size());
    MemoryBudget& memory = commons_.reactor.memory();
    if (!peer_.watched()) return void(peer_.send(memory.copy(head), block));
    // Whoever looks is shown whole frames.
    head += block.bytes();
    peer_.send({}, memory.copy(head));
}

bool Session::takes_more() const {
    return state_ == State::kOpen && !commons_.draining && !peer_.blocked() && peer_.has_room();
}

void Session::update_takers() {
    for (const auto& [sub, each] : subscriptions_)
        each->update();
    for (const auto& [ref, each] : receives_)
        each->update();
    for (const auto& [sub, each] : readings_)
        each->wake();
    for (const auto& [sub, each] : checkings_)
        each->update();
}

void Session::drop_takers() {
    by_taker_.clear();
    subscriptions_.clear();
    readings_.clear();
    checkings_.clear();
    receives_.clear();
    receives_over_.cancel();
}

}  // namespace zbridge::protocol
