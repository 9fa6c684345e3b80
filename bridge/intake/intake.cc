#include "bridge/intake/intake.h"

#include <algorithm>

#include "bridge/intake/refusal_text.h"
#include "bridge/intake/rejects.h"
#include "bridge/intake/transaction_request.h"
#include "bridge/net/zmtp/command.h"

namespace zbridge::intake {

namespace {

bool is_publisher(const net::Peer& peer) {
    return peer.type() == SocketType::kPub || peer.type() == SocketType::kXpub;
}

bool may_have_receipts(const net::Peer& peer) {
    return peer.type() == SocketType::kReq || peer.type() == SocketType::kDealer;
}

bool small_frames(const Message& message, const Envelope& envelope) {
    for (size_t at = 0; at < envelope.bytes;) {
        const Frame frame = frame_at(message.wire().bytes(), at);
        if (frame.body.size() > Intake::kEnvelopeFrameBytesMax) return false;
        at = frame.end;
    }
    return true;
}

}  // namespace

Intake::Intake(IntakeOptions options, std::vector<Route*> routes, MessageIds& ids, Timers& timers,
               const Clock& clock, MemoryBudget& memory, plugin::Engine* engine)
    : options_(std::move(options)),
      routes_(std::move(routes)),
      ids_(ids),
      memory_(memory),
      engine_(engine) {
    std::vector<delivery::Outlet*> heard;
    for (Route* route : routes_) {
        for (rpc::Service* service : route->services) {
            if (std::find(services_.begin(), services_.end(), service) == services_.end())
                services_.push_back(service);
        }
        for (delivery::Outlet* outlet : route->outlets) {
            if (std::find(heard.begin(), heard.end(), outlet) != heard.end()) continue;
            heard.push_back(outlet);
            outlet->each_demand([this](std::string_view prefix) { on_demand(prefix, true); });
            outlet->listen_for_demand(*this);
        }
    }
    const bool straight = std::all_of(routes_.begin(), routes_.end(),
                                      [](const Route* route) { return route->straight(); });
    // What answers a transaction comes in order with what answers messages: by slots.
    if (!straight || options_.checker) {
        passages_ = std::make_unique<Passages>(
            routes_, Passages::World{timers, clock, memory, engine_, options_.checker.value_or("")},
            *this, *this);
    }
    has_topics_ = std::any_of(routes_.begin(), routes_.end(),
                              [](const Route* route) { return route->has_topics(); });
    if (has_topics_) engine_->listen(*this);
    const bool sinks = std::any_of(routes_.begin(), routes_.end(),
                                   [](const Route* route) { return route->has_sink(); });
    if (options_.subscribe == Subscribe::kAll || !services_.empty() || sinks || has_topics_)
        on_demand("", true);
}

void Intake::on_opened(net::Peer& peer) {
    for (rpc::Service* service : services_) {
        if (can_be_answered(peer)) service->client_opened(peer);
    }
    if (passages_ || has_topics_) peers_.emplace(peer.id(), &peer);
    if (!is_publisher(peer)) return;
    Publisher& publisher = publishers_[peer.id()];
    publisher.peer = &peer;
    for (const auto& [prefix, times] : wanted_)
        tell(publisher, prefix, true, memory_.copy(net::zmtp::subscription_message(prefix, true)));
}

net::Take Intake::on_message(net::Peer& peer, const Message& message) {
    Parcel parcel(message);
    if (may_have_receipts(peer)) {
        const bool bare = options_.checker && begins_with_verb(message);
        const auto envelope = bare ? std::nullopt : find_envelope(message, kEnvelopeFramesMax);
        if (envelope && small_frames(message, *envelope)) {
            parcel.envelope = message.wire().part(0, envelope->bytes);
            parcel.body = message.after(envelope->bytes, envelope->frames);
        }
        parcel.wants_receipt = options_.receipts == Receipts::kAlways ||
                               (options_.receipts == Receipts::kAuto && !parcel.envelope.empty());
    }
    if (options_.checker) return take_transactional(peer, parcel);
    const bool from_pub = is_publisher(peer);
    return passages_ ? take_with_steps(peer, parcel, from_pub)
                     : take_straight(peer, message, parcel, from_pub);
}

net::Take Intake::take_straight(net::Peer& peer, const Message& message, Parcel& parcel,
                                bool from_pub) {
    choose_routes(peer, parcel.body);
    if (!has_room(parcel.body, from_pub)) {
        hold();
        return net::Take::kHold;
    }

    bool served = false;
    const auto published = has_topics_ ? publish(parcel.body) : std::nullopt;
    for (const auto& [route, refusal, attributes] : chosen_) {
        if (refusal) {
            refuse(route, peer, parcel, *refusal, route->shape.detail());
            parcel.wants_receipt = false;  // one message, one answer
            continue;
        }
        if (published && published->why && !route->topics.empty()) {
            refuse(route, peer, parcel, *published->why, published->reason);
            parcel.wants_receipt = false;
            continue;
        }
        route->messages++;
        route->bytes += message.size();
        route->show(parcel.body, attributes ? &*attributes : nullptr, &peer);
        bool kept = true;
        for (delivery::Outlet* outlet : route->outlets)
            kept &= outlet->deliver(parcel.body, route->on_full, from_pub);
        if (!kept) {  // what was dropped is not received
            refuse(route, peer, parcel, Refusal::kLineFull, "");
            parcel.wants_receipt = false;
        }
        for (rpc::Service* service : route->services) {
            if (!can_be_answered(peer)) {
                refuse(route, peer, parcel, Refusal::kWrongType, "");
                continue;
            }
            served = true;
            (void)service->submit(peer, message);  // a service refuses, it never holds
        }
    }
    if (chosen_.empty())
        refuse(nullptr, peer, parcel, routes_.empty() ? Refusal::kNoRoute : Refusal::kNoMatch, "");
    else if (parcel.wants_receipt && !served && published && !published->why)
        receipt(peer, parcel.envelope, "OK " + published->id.text(), published->number);
    else if (parcel.wants_receipt && !served)
        receipt(peer, parcel.envelope, "OK " + MessageId{ids_.epoch, ids_.next}.text());
    ids_.next++;
    return net::Take::kTaken;
}

std::optional<plugin::Published> Intake::publish(const Message& body) {
    publications_.clear();
    for (const Chosen& chosen : chosen_) {
        if (chosen.refusal) continue;
        for (const TopicId topic : chosen.route->topics) {
            publications_.push_back(
                {topic, &body, chosen.attributes ? &*chosen.attributes : nullptr});
        }
    }
    if (publications_.empty()) return std::nullopt;
    return engine_->publish(publications_);
}

net::Take Intake::take_with_steps(net::Peer& peer, Parcel& parcel, bool from_pub) {
    const uint64_t slot = parcel.wants_receipt ? open_slot(peer.id()) : 0;
    const Origin origin{peer.id(), slot,      parcel.envelope, parcel.wants_receipt,
                        from_pub,  ids_.next, parcel.prepares};
    const auto& info = peer.info();
    Outcome outcome;
    const auto taken = passages_->take(origin, parcel.body, nullptr,
                                       {info.user, info.identity, info.address}, outcome);
    if (taken == Passages::Taken::kHeld) {
        if (parcel.wants_receipt) slots_.at(peer.id()).waiting.pop_back();
        hold();
        return net::Take::kHold;
    }
    ids_.next++;
    const bool nothing_to_say = outcome.routed && !origin.wants_receipt;
    if (taken == Passages::Taken::kDone && !nothing_to_say) answer(peer, origin, outcome);
    return net::Take::kTaken;
}

// What was refused on a route is counted there.
void Intake::answer(net::Peer& peer, const Origin& origin, const Outcome& outcome) {
    std::optional<Refusal> why = outcome.why;
    if (!outcome.routed) {
        why = routes_.empty() ? Refusal::kNoRoute : Refusal::kNoMatch;
        refusals_.add(*why);
    }
    if (!origin.wants_receipt) return;
    std::string wire;  // a service answers itself
    if (why || !outcome.served) {
        const MessageId id = outcome.id.value_or(MessageId{ids_.epoch, origin.number});
        const auto prepared = prepared_text(origin, outcome, why);
        const std::string said = why ? refusal_text(*why, outcome.reason) : "OK " + id.text();
        wire = reply_wire(origin.envelope.bytes(), prepared.value_or(said));
    }
    fill_slot(peer.id(), origin.cookie, std::move(wire));
}

void Intake::on_outcome(const Origin& origin, const Outcome& outcome) {
    take_back(origin, outcome);
    net::Peer* its = peer(origin.peer);
    if (its != nullptr) answer(*its, origin, outcome);
}

uint64_t Intake::open_slot(PeerId peer) {
    Slots& slots = slots_[peer];
    slots.waiting.emplace_back();
    return slots.first + slots.waiting.size() - 1;
}

void Intake::fill_slot(PeerId id, uint64_t slot, std::string wire) {
    const auto found = slots_.find(id);
    net::Peer* its = peer(id);
    if (found == slots_.end() || its == nullptr) return;
    Slots& slots = found->second;
    slots.waiting[slot - slots.first] = {true, std::move(wire)};
    for (; !slots.waiting.empty() && slots.waiting.front().known; slots.first++) {
        if (!slots.waiting.front().wire.empty())
            its->send({}, memory_.copy(slots.waiting.front().wire));
        slots.waiting.pop_front();
    }
}

net::Peer* Intake::peer(PeerId id) {
    const auto found = peers_.find(id);
    return found == peers_.end() ? nullptr : found->second;
}

void Intake::hold() {
    for (net::Gate* gate : gates_)
        gate->hold();
}

void Intake::choose_routes(const net::Peer& peer, const Message& body) {
    chosen_.clear();
    for (Route* route : routes_) {
        if (!route->shape.matches(body)) continue;
        std::optional<Refusal> refusal;
        std::optional<Attributes> kept;
        if (!route->shape.trivial()) {
            const auto& info = peer.info();
            auto attributes =
                route->shape.attributes(body, {info.user, info.identity, info.address});
            if (!attributes.ok())
                refusal = attributes.error();
            else if (!route->topics.empty() || route->watch != nullptr)
                kept = *std::move(attributes);
        }
        if (refusal != Refusal::kNoMatch) chosen_.push_back({route, refusal, std::move(kept)});
    }
}

// All targets of all routes of the message, before any of them gets it.
bool Intake::has_room(const Message& body, bool from_pub) {
    for (const auto& [route, refusal, attributes] : chosen_) {
        if (refusal) continue;
        if (!route->topics.empty() && !engine_->has_room(*this)) return false;
        for (delivery::Outlet* outlet : route->outlets) {
            if (!outlet->can_take(body, route->on_full, from_pub, *this)) return false;
        }
    }
    return true;
}

void Intake::refuse(Route* route, net::Peer& peer, const Parcel& parcel, Refusal why,
                    std::string_view detail) {
    (route != nullptr ? route->refusals : refusals_).add(why);
    if (parcel.wants_receipt) return receipt(peer, parcel.envelope, refusal_text(why, detail));
    if (route != nullptr) keep_refused(*route, parcel.body, why, detail, engine_);
}

void Intake::receipt(net::Peer& peer, const Slice& envelope, std::string text, uint64_t number) {
    if (receipts_.empty() && (number == 0 || number <= engine_->committed()))
        return send_receipt(peer, envelope.bytes(), text);
    if (number == 0) number = receipts_.back().number;
    const bool if_committed = text.starts_with("OK ");
    receipts_.push_back(
        {number, peer.id(), std::string(envelope.bytes()), std::move(text), if_committed});
}

void Intake::send_receipt(net::Peer& peer, std::string_view envelope, std::string_view text) {
    peer.send({}, memory_.copy(reply_wire(envelope, text)));
}

void Intake::on_committed(uint64_t number) {
    for (; !receipts_.empty() && receipts_.front().number <= number; receipts_.pop_front()) {
        const Receipt& first = receipts_.front();
        if (net::Peer* its = peer(first.peer)) send_receipt(*its, first.envelope, first.text);
    }
}

void Intake::on_commit_failed() {
    for (; !receipts_.empty(); receipts_.pop_front()) {
        const Receipt& first = receipts_.front();
        if (first.if_committed) refusals_.add(Refusal::kStoreFailed);
        net::Peer* its = peer(first.peer);
        if (its == nullptr) continue;
        send_receipt(*its, first.envelope,
                     first.if_committed ? refusal_text(Refusal::kStoreFailed, engine_->failure())
                                        : first.text);
    }
}

void Intake::on_writable(net::Peer& peer) {
    const auto publisher = publishers_.find(peer.id());
    if (publisher == publishers_.end()) return;
    auto& untold = publisher->second.untold;
    while (!untold.empty() && peer.has_room()) {
        const auto first = untold.begin();
        subscribe_at(peer, first->first, first->second);
        untold.erase(first);
    }
}

void Intake::on_closed(net::Peer& peer) {
    for (rpc::Service* service : services_)
        service->client_closed(peer);
    if (passages_) passages_->forget(peer.id());
    peers_.erase(peer.id());
    slots_.erase(peer.id());
    publishers_.erase(peer.id());
}

void Intake::on_room() {
    for (net::Gate* gate : gates_)
        gate->release();
}

void Intake::on_demand(std::string_view prefix, bool wanted) {
    const bool all = options_.subscribe == Subscribe::kAll;
    if (all && !prefix.empty()) return;
    prefix = prefix.substr(0, kPrefixBytesMax);
    const auto known = wanted_.find(prefix);
    if (wanted) {
        if (known != wanted_.end()) {
            known->second++;
            return;
        }
        wanted_.emplace(prefix, 1);
    } else {
        if (known == wanted_.end() || --known->second > 0) return;
        wanted_.erase(known);
    }
    if (publishers_.empty()) return;
    const Slice said = memory_.copy(net::zmtp::subscription_message(prefix, wanted));
    for (auto& [id, publisher] : publishers_)
        tell(publisher, prefix, wanted, said);
}

void Intake::tell(Publisher& publisher, std::string_view prefix, bool wanted, const Slice& said) {
    if (publisher.untold.empty() && publisher.peer->has_room()) {
        publisher.peer->send({}, said);
        return;
    }
    const auto known = publisher.untold.find(prefix);
    if (known == publisher.untold.end())
        publisher.untold.emplace(prefix, wanted);
    else
        publisher.untold.erase(known);  // back to what it was told
}

void Intake::subscribe_at(net::Peer& publisher, std::string_view prefix, bool add) {
    publisher.send({}, memory_.copy(net::zmtp::subscription_message(prefix, add)));
}

}  // namespace zbridge::intake
