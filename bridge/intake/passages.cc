#include "bridge/intake/passages.h"

#include "bridge/intake/lane.h"

namespace zbridge::intake {

using plugin::Item;
using plugin::Passed;
using plugin::Ticket;

bool can_be_answered(const net::Peer& peer) {
    return peer.type() == SocketType::kReq || peer.type() == SocketType::kDealer ||
           peer.type() == SocketType::kRouter;
}

Passages::Passages(const std::vector<Route*>& routes, World world, Origins& origins,
                   RoomListener& held)
    : world_(world),
      origins_(origins),
      held_(held),
      hold_(world.timers, [this] { held_.on_room(); }) {
    for (Route* route : routes)
        lanes_.push_back(std::make_unique<Lane>(*route, *this));
    const bool topics = std::any_of(routes.begin(), routes.end(),
                                    [](const Route* route) { return route->publishes(); });
    if (topics) world_.engine->listen(*this);
    at_once_ =
        std::all_of(lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane->at_once(); });
}

Passages::~Passages() = default;

Passages::Taken Passages::take(const Origin& origin, const Message& body,
                               const Attributes* attributes, const routing::PeerView& from,
                               Outcome& outcome) {
    const auto held = pending_.empty() ? pending_.end() : pending_.find(origin.peer);
    if (held != pending_.end()) {
        // Somebody has room again, but the step wants it later.
        if (held->second.due > world_.clock.now()) return hold_until(held->second.due);
        runs_ = std::move(held->second.runs);
        pending_.erase(held);
        return go_on(origin, body, from, outcome);
    }
    if (at_once_) return take_at_once(origin, body, attributes, from, outcome);
    begin(0, 0, origin, body, attributes, from);
    return go_on(origin, body, from, outcome);
}

// The usual message: all of its routes can read it, their steps let it pass or drop it, all targets
// have room. Any other goes on as soon as that is known, with what its steps have said by then.
Passages::Taken Passages::take_at_once(const Origin& origin, const Message& body,
                                       const Attributes* attributes, const routing::PeerView& from,
                                       Outcome& outcome) {
    for (size_t i = 0; i < lanes_.size(); i++) {
        const Lane::Way way = lanes_[i]->pass(body, attributes, from, emitted_, passed_);
        if (way == Lane::Way::kUnread || way == Lane::Way::kNotAtOnce)
            return go_on_from(i, way == Lane::Way::kUnread, origin, body, attributes, from,
                              outcome);
    }
    for (const auto& lane : lanes_) {
        if (!lane->goes_on() || lane->has_room_at_once(body, origin.from_pub, held_)) continue;
        (void)keep_items(lanes_.size(), body);
        pending_[origin.peer] = {std::exchange(runs_, {}), Instant{}};
        return Taken::kHeld;
    }
    outcome.routed = false;
    for (const auto& lane : lanes_) {
        if (!lane->is_ours()) continue;
        outcome.routed = true;
        lane->route.messages++;
        lane->route.bytes += body.size();
        if (lane->goes_on()) {
            const auto why = lane->deliver_at_once(body, origin, outcome.served);
            if (why && !outcome.why) outcome.why = why;
        }
        lane->forget_item();
    }
    return Taken::kDone;
}

// Of take_at_once: the route of lanes_[at] could not read the message (`unread`), or its steps have
// answered something else.
Passages::Taken Passages::go_on_from(size_t at, bool unread, const Origin& origin,
                                     const Message& body, const Attributes* attributes,
                                     const routing::PeerView& from, Outcome& outcome) {
    size_t used = keep_items(at, body);
    Passed passed = std::exchange(passed_, {});
    if (!unread) keep_item(used++, *lanes_[at++], passed);
    begin(at, used, origin, body, attributes, from);
    if (unread || passed.kind != Passed::Kind::kHeld) return go_on(origin, body, from, outcome);
    const Instant due = world_.clock.now() + passed.hold;
    pending_[origin.peer] = {std::exchange(runs_, {}), due};
    return hold_until(due);
}

// Of all that runs_ has: through steps, and then into all targets, or into none yet.
Passages::Taken Passages::go_on(const Origin& origin, const Message& body,
                                const routing::PeerView& from, Outcome& outcome) {
    for (Run& run : runs_) {
        const auto time = advance(run, origin, from);
        if (!time) continue;
        const Instant due = world_.clock.now() + *time;
        pending_[origin.peer] = {std::exchange(runs_, {}), due};
        return hold_until(due);
    }
    if (!has_room(runs_, origin.from_pub)) {
        pending_[origin.peer] = {std::exchange(runs_, {}), Instant{}};
        return Taken::kHeld;
    }

    outcome.routed = !runs_.empty();
    const Ticket ticket = needs_ticket(runs_) ? open(origin) : 0;
    Publishing publishing;
    for (const Run& run : runs_) {
        for (const Item& item : run.out) {
            if (run.lane->through(item)) run.lane->add(item, publishing);
        }
    }
    const auto refused = publish(publishing, ticket);
    for (Run& run : runs_) {
        if (run.taken) {
            run.lane->route.messages++;
            run.lane->route.bytes += body.size();
        }
        deliver(run, origin, from, ticket, refused, outcome);
    }
    forget_items();
    if (ticket == 0) return Taken::kDone;
    Outcome& its = tickets_.at(ticket).outcome;
    its.served |= outcome.served;
    its.routed = outcome.routed;
    if (outcome.why && !its.why) {
        its.why = outcome.why;
        if (!outcome.reason.empty()) its.reason = outcome.reason;
    }
    on_settled(ticket, std::nullopt, "");  // our own part
    return Taken::kDeferred;
}

// A message on one of its routes, when what it publishes has been taken, or `refused`.
void Passages::deliver(Run& run, const Origin& origin, const routing::PeerView& from, Ticket ticket,
                       const std::optional<plugin::Published>& refused, Outcome& outcome) {
    for (Item& item : run.out) {
        std::optional<Refusal> why;
        if (!run.lane->through(item)) {
            run.lane->enter_stage(std::move(item), from, ticket);
        } else if (refused && run.lane->publishes(item)) {
            why = refused->why;
            run.lane->refuse(item.body, origin, *why, refused->reason);
        } else {
            why = run.lane->deliver(item, origin, ticket, outcome.served);
        }
        if (why && !run.why) run.why = why;
    }
    if (run.why && !outcome.why) {
        outcome.why = run.why;
        outcome.reason = run.reason;
    }
}

// All or none; `ticket` waits for the commit. Why not.
std::optional<plugin::Published> Passages::publish(const Publishing& publishing, Ticket ticket) {
    if (publishing.publications.empty()) return std::nullopt;
    Open& open = tickets_.at(ticket);
    const bool dead = publishing.of_dead.size() == publishing.publications.size();
    plugin::Published published = open.origin.prepares && !dead
                                      ? prepare(publishing, open.outcome)
                                      : world_.engine->publish(publishing.publications);
    if (published.why) {
        if (open.outcome.reason.empty()) open.outcome.reason = published.reason;
        return published;
    }
    open.parts++;
    if (!open.outcome.id) open.outcome.id = published.id;
    published_.emplace_back(published.number, ticket);
    return std::nullopt;
}

// One message, for one topic: what is prepared has one token.
plugin::Published Passages::prepare(const Publishing& publishing, Outcome& outcome) {
    plugin::Published refused;
    refused.why = Refusal::kUnable;
    refused.reason = "what is prepared is one message, for one topic: here it would be more";
    if (publishing.publications.size() > 1 || outcome.transaction) return refused;
    plugin::Prepared prepared = world_.engine->prepare(publishing.publications[0], world_.checker);
    if (!prepared.published.why) outcome.transaction = prepared.transaction;
    return std::move(prepared.published);
}

// What the first `lanes` of them have made of a message at once, as runs: how many.
size_t Passages::keep_items(size_t lanes, const Message& body) {
    size_t used = 0;
    for (size_t i = 0; i < lanes; i++) {
        Lane& lane = *lanes_[i];
        if (!lane.is_ours()) continue;
        Run& run = new_run(used++, lane);
        if (lane.goes_on()) run.out.push_back(lane.take_item(body));
        lane.forget_item();
    }
    runs_.resize(used);
    return used;
}

// Likewise, of the one whose steps have answered something else.
void Passages::keep_item(size_t at, Lane& lane, Passed& passed) {
    Run& run = new_run(at, lane);
    std::move(emitted_.rbegin(), emitted_.rend(), std::back_inserter(run.queue));
    emitted_.clear();
    Item item = lane.take_item({});
    if (passed.kind == Passed::Kind::kHeld)
        run.queue.push_back(std::move(item));
    else if (passed.kind == Passed::Kind::kThrough)
        run.out.push_back(std::move(item));
    if (passed.kind != Passed::Kind::kRefused) return;
    lane.route.refusals.add(passed.refusal);
    run.why = passed.refusal;
    run.reason = std::move(passed.reason);
}

// runs_[at], as if it were new.
Passages::Run& Passages::new_run(size_t at, Lane& lane) {
    if (at >= runs_.size()) runs_.resize(at + 1);
    Run& run = runs_[at];
    run.lane = &lane;
    run.queue.clear();
    run.out.clear();
    run.why.reset();
    run.reason.clear();
    run.taken = true;
    return run;
}

// Of a message that has gone on: to keep it would be to keep its memory.
void Passages::forget_items() {
    for (Run& run : runs_)
        run.out.clear();
}

void Passages::compact() {
    for (const auto& lane : lanes_)
        lane->compact(world_.memory);
    for (auto& [peer, pending] : pending_) {
        for (Run& run : pending.runs) {
            for (Item& item : run.queue)
                item.compact(world_.memory);
            for (Item& item : run.out)
                item.compact(world_.memory);
        }
    }
}

Passages::Taken Passages::hold_until(Instant due) {
    if (!hold_.armed() || due < hold_.due()) hold_.arm(due);
    return Taken::kHeld;
}

// The routes of a message from the one at `lane` on, each with what it makes of it, behind `used`
// runs.
void Passages::begin(size_t lane, size_t used, const Origin& origin, const Message& body,
                     const Attributes* attributes, const routing::PeerView& from) {
    for (; lane < lanes_.size(); lane++) {
        Route& route = lanes_[lane]->route;
        if (!route.shape.matches(body)) continue;
        Attributes its;
        std::optional<Refusal> why;
        if (!route.shape.trivial()) {
            auto read = route.shape.attributes(body, from);
            if (read.ok())
                its = *std::move(read);
            else
                why = read.error();
        }
        if (why == Refusal::kNoMatch) continue;
        Run& run = new_run(used++, *lanes_[lane]);
        run.why = why;
        run.taken = !why;
        if (why) {
            run.reason = route.shape.detail();
            lanes_[lane]->refuse(body, origin, *why, run.reason);
            continue;
        }
        if (attributes != nullptr) fill_from(*attributes, its);
        run.queue.push_back({body, std::move(its), 0, Item::kAllTargets, 0});
    }
    runs_.resize(used);
}

// How long it is held; none: all of its items are through, ended, or before a stage.
std::optional<Duration> Passages::advance(Run& run, const Origin& origin,
                                          const routing::PeerView& from) {
    while (!run.queue.empty()) {
        std::vector<Item> emitted;
        Passed passed = run.lane->advance(run.queue.back(), from, emitted);
        // Behind the one it came from, also where a later step holds that one.
        std::reverse(emitted.begin(), emitted.end());
        run.queue.insert(run.queue.end() - 1, std::make_move_iterator(emitted.begin()),
                         std::make_move_iterator(emitted.end()));
        if (passed.kind == Passed::Kind::kHeld) return passed.hold;
        Item item = std::move(run.queue.back());
        run.queue.pop_back();
        if (passed.kind == Passed::Kind::kRefused) {
            run.lane->refuse(item.body, origin, passed.refusal, passed.reason);
            if (!run.why) {
                run.why = passed.refusal;
                run.reason = std::move(passed.reason);
            }
        } else if (passed.kind != Passed::Kind::kDropped) {
            run.out.push_back(std::move(item));
        }
    }
    return std::nullopt;
}

bool Passages::has_room(const std::vector<Run>& runs, bool from_pub) {
    for (const Run& run : runs) {
        for (const Item& item : run.out) {
            if (!run.lane->has_room(item, from_pub, held_)) return false;
        }
    }
    return true;
}

bool Passages::needs_ticket(const std::vector<Run>& runs) const {
    for (const Run& run : runs) {
        for (const Item& item : run.out) {
            if (run.lane->stays_on_its_way(item)) return true;
        }
    }
    return false;
}

Ticket Passages::open(const Origin& origin) {
    tickets_.emplace(next_ticket_, Open{origin, 1, {}});
    return next_ticket_++;
}

void Passages::on_settled(Ticket ticket, std::optional<Refusal> why, std::string_view reason) {
    Open& open = tickets_.at(ticket);
    if (why && !open.outcome.why) {
        open.outcome.why = why;
        open.outcome.reason = reason;
    }
    ZB_CHECK(open.parts > 0, ticket);
    if (--open.parts == 0) finish(ticket);
}

void Passages::on_committed(uint64_t number) {
    while (!published_.empty() && published_.front().first <= number) {
        const Ticket ticket = published_.front().second;
        published_.pop_front();
        on_settled(ticket, std::nullopt, "");
    }
}

void Passages::on_commit_failed() {
    while (!published_.empty()) {
        const Ticket ticket = published_.front().second;
        published_.pop_front();
        on_settled(ticket, Refusal::kStoreFailed, world_.engine->failure());
    }
}

void Passages::finish(Ticket ticket) {
    const Open done = std::move(tickets_.at(ticket));
    tickets_.erase(ticket);
    origins_.on_outcome(done.origin, done.outcome);
}

}  // namespace zbridge::intake
