#include "bridge/intake/intake.h"

#include <algorithm>

#include "bridge/net/zmtp/command.h"

namespace zbridge::intake {

namespace {

bool is_publisher(const net::Peer& peer) {
    return peer.type() == SocketType::kPub || peer.type() == SocketType::kXpub;
}

bool may_have_receipts(const net::Peer& peer) {
    return peer.type() == SocketType::kReq || peer.type() == SocketType::kDealer;
}

std::string refusal_text(Refusal why, std::string_view detail) {
    std::string text = "ERR " + std::string(name_of(why)) + " ";
    text += detail.empty() ? meaning_of(why) : detail;
    return text;
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

struct Intake::Parcel {
    const Message& whole;
    Message body;
    Slice envelope;  // with the empty frame; empty if there is none
    bool wants_receipt = false;
};

Intake::Intake(IntakeOptions options, std::vector<Route*> routes, MessageIds& ids, Timers& timers,
               const Clock& clock, MemoryBudget& memory)
    : options_(options), routes_(std::move(routes)), ids_(ids), memory_(memory) {
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
    if (!straight) {
        passages_ = std::make_unique<Passages>(routes_, Passages::World{timers, clock, memory},
                                               *this, *this);
    }
    const bool sinks = std::any_of(routes_.begin(), routes_.end(),
                                   [](const Route* route) { return route->has_sink(); });
    if (options_.subscribe == Subscribe::kAll || !services_.empty() || sinks) on_demand("", true);
}

void Intake::on_opened(net::Peer& peer) {
    for (rpc::Service* service : services_) {
        if (can_be_answered(peer)) service->client_opened(peer);
    }
    if (passages_) peers_.emplace(peer.id(), &peer);
    if (!is_publisher(peer)) return;
    Publisher& publisher = publishers_[peer.id()];
    publisher.peer = &peer;
    for (const auto& [prefix, times] : wanted_)
        tell(publisher, prefix, true, memory_.copy(net::zmtp::subscription_message(prefix, true)));
}

net::Take Intake::on_message(net::Peer& peer, const Message& message) {
    Parcel parcel{message, message, {}, false};
    if (may_have_receipts(peer)) {
        const auto envelope = find_envelope(message, kEnvelopeFramesMax);
        if (envelope && small_frames(message, *envelope)) {
            parcel.envelope = message.wire().part(0, envelope->bytes);
            parcel.body = message.after(envelope->bytes, envelope->frames);
        }
        parcel.wants_receipt = options_.receipts == Receipts::kAlways ||
                               (options_.receipts == Receipts::kAuto && !parcel.envelope.empty());
    }
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
    for (const auto& [route, refusal] : chosen_) {
        if (refusal) {
            refuse(route, peer, parcel, *refusal, route->shape.detail());
            parcel.wants_receipt = false;  // one message, one answer
            continue;
        }
        route->messages++;
        route->bytes += message.size();
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
    else if (parcel.wants_receipt && !served)
        receipt(peer, parcel.envelope, "OK " + MessageId{ids_.epoch, ids_.next}.text());
    ids_.next++;
    return net::Take::kTaken;
}

net::Take Intake::take_with_steps(net::Peer& peer, Parcel& parcel, bool from_pub) {
    const Origin origin{peer.id(), 0, parcel.envelope, parcel.wants_receipt, from_pub, ids_.next};
    const auto& info = peer.info();
    Outcome outcome;
    const auto taken = passages_->take(origin, parcel.body, nullptr,
                                       {info.user, info.identity, info.address}, outcome);
    if (taken == Passages::Taken::kHeld) {
        hold();
        return net::Take::kHold;
    }
    ids_.next++;
    if (taken == Passages::Taken::kDone) answer(peer, origin, outcome);
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
    if (why)
        receipt(peer, origin.envelope, refusal_text(*why, outcome.reason));
    else if (!outcome.served)
        receipt(peer, origin.envelope, "OK " + MessageId{ids_.epoch, origin.number}.text());
}

void Intake::on_outcome(const Origin& origin, const Outcome& outcome) {
    net::Peer* its = peer(origin.peer);
    if (its != nullptr) answer(*its, origin, outcome);
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
        if (!route->shape.trivial()) {
            const auto& info = peer.info();
            const auto attributes =
                route->shape.attributes(body, {info.user, info.identity, info.address});
            if (!attributes.ok()) refusal = attributes.error();
        }
        if (refusal != Refusal::kNoMatch) chosen_.push_back({route, refusal});
    }
}

// All targets of all routes of the message, before any of them gets it.
bool Intake::has_room(const Message& body, bool from_pub) {
    for (const auto& [route, refusal] : chosen_) {
        if (refusal) continue;
        for (delivery::Outlet* outlet : route->outlets) {
            if (!outlet->can_take(body, route->on_full, from_pub, *this)) return false;
        }
    }
    return true;
}

void Intake::refuse(Route* route, net::Peer& peer, const Parcel& parcel, Refusal why,
                    std::string_view detail) {
    (route != nullptr ? route->refusals : refusals_).add(why);
    if (!parcel.wants_receipt) return;
    receipt(peer, parcel.envelope, refusal_text(why, detail));
}

void Intake::receipt(net::Peer& peer, const Slice& envelope, const std::string& text) {
    std::string frame;
    append_frame(frame, text, false);
    peer.send(envelope, memory_.copy(frame));
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
