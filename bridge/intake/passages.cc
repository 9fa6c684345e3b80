#include "bridge/intake/passages.h"

#include <algorithm>

#include "bridge/intake/rejects.h"

namespace zbridge::intake {

using plugin::Flight;
using plugin::Item;
using plugin::Passed;
using plugin::Ticket;

namespace {

// What the source gives, where the route sets nothing of it.
void fill_from(const Attributes& given, Attributes& attributes) {
    if (!attributes.id) attributes.id = given.id;
    if (!attributes.order_key) attributes.order_key = given.order_key;
    if (!attributes.tag) attributes.tag = given.tag;
    if (!attributes.deliver_at_ms) attributes.deliver_at_ms = given.deliver_at_ms;
    if (attributes.keys.empty()) attributes.keys = given.keys;
    for (const auto& property : given.properties) {
        const bool set =
            std::any_of(attributes.properties.begin(), attributes.properties.end(),
                        [&](const auto& known) { return known.first == property.first; });
        if (!set) attributes.properties.push_back(property);
    }
}

bool is_empty(const Attributes& attributes) {
    return !attributes.id && !attributes.order_key && !attributes.tag &&
           !attributes.deliver_at_ms && attributes.keys.empty() && attributes.properties.empty();
}

}  // namespace

bool can_be_answered(const net::Peer& peer) {
    return peer.type() == SocketType::kReq || peer.type() == SocketType::kDealer ||
           peer.type() == SocketType::kRouter;
}

// One route: its stages, and what waits behind each.
class Passages::Lane final {
 public:
    Lane(Route& its_route, Passages& passages) : route(its_route), passages_(passages) {
        at_once_ = !route.has_sink() && !route.has_topics() &&
                   std::all_of(route.workers.begin(), route.workers.end(),
                               [](const auto* each) { return each == nullptr; });
        if (!route.steps) return;
        for (plugin::Worker* worker : route.workers)
            exits_.push_back(worker == nullptr ? nullptr : std::make_unique<Exit>(*this, *worker));
    }

    Passed advance(Item& item, const routing::PeerView& from, std::vector<Item>& emitted) {
        return route.steps ? route.steps->run(item, from, emitted) : Passed{};
    }

    // Its steps answer at once, and no target does so later.
    bool at_once() const { return at_once_; }

    bool through(const Item& item) const {
        return !route.steps || item.next_step >= route.steps->steps().size();
    }

    // For the item in all its targets, or in its next stage.
    bool has_room(const Item& item, bool from_pub, RoomListener& waiting) {
        if (!through(item)) return exits_[item.next_step]->stage.has_room(waiting);
        if (!route.topics.empty() && !passages_.world_.engine->has_room(waiting)) return false;
        for (size_t i = 0; i < route.targets.size(); i++) {
            if (!goes_to(item, i)) continue;
            const Target& target = route.targets[i];
            if (target.outlet != nullptr &&
                !target.outlet->can_take(item.body, route.on_full, from_pub, waiting))
                return false;
            if (target.sink != nullptr && !target.sink->has_room(waiting)) return false;
        }
        return true;
    }

    bool stays_on_its_way(const Item& item) const {
        if (!through(item)) return true;
        for (size_t i = 0; i < route.targets.size(); i++) {
            const Target& target = route.targets[i];
            if (goes_to(item, i) && (target.sink != nullptr || target.topic)) return true;
        }
        return false;
    }

    // REQUIRES: has_room(). Why not all of its targets have it. `ticket` 0: none of them needs one.
    std::optional<Refusal> deliver(Item& item, const Origin& origin, Ticket ticket, bool& served) {
        if (const auto refused = publish(item, ticket)) {
            refuse(item.body, origin, *refused, "");
            return refused;
        }
        bool kept = true;
        std::optional<Refusal> why;
        for (size_t i = 0; i < route.targets.size(); i++) {
            if (!goes_to(item, i)) continue;
            const Target& target = route.targets[i];
            if (target.outlet != nullptr) {
                kept &= target.outlet->deliver(item.body, route.on_full, origin.from_pub);
            } else if (target.sink != nullptr) {
                passages_.tickets_.at(ticket).parts++;
                target.sink->take(item.body, item.attributes, ticket, passages_);
            } else if (target.service != nullptr) {
                why = submit(*target.service, item, origin);
                served |= !why;
            }
        }
        if (!kept) why = Refusal::kLineFull;
        if (why) refuse(item.body, origin, *why, "");
        return why;
    }

    // Counted; and kept in `rejects`, where nobody can be told.
    void refuse(const Message& body, const Origin& origin, Refusal why, std::string_view detail) {
        route.refusals.add(why);
        const bool told = origin.wants_receipt || origin.peer == PeerId{};
        if (!told) keep_refused(route, body, why, detail, passages_.world_.engine);
    }

    // Into all of its topics that the item goes to. Why not.
    std::optional<Refusal> publish(const Item& item, Ticket ticket) {
        if (route.topics.empty()) return std::nullopt;
        std::vector<plugin::Publication> publications;
        for (size_t i = 0; i < route.targets.size(); i++) {
            if (!goes_to(item, i) || !route.targets[i].topic) continue;
            publications.push_back({*route.targets[i].topic, &item.body, &item.attributes});
        }
        if (publications.empty()) return std::nullopt;
        const plugin::Published published = passages_.world_.engine->publish(publications);
        Open& open = passages_.tickets_.at(ticket);
        if (published.why) {
            if (open.outcome.reason.empty()) open.outcome.reason = published.reason;
            return published.why;
        }
        open.parts++;
        if (!open.outcome.id) open.outcome.id = published.id;
        passages_.published_.emplace_back(published.number, ticket);
        return std::nullopt;
    }

    void enter_stage(Item item, const routing::PeerView& from, Ticket ticket) {
        const size_t step = item.next_step;
        passages_.tickets_.at(ticket).parts++;
        exits_[step]->stage.take(
            {std::move(item),
             {std::string(from.user), std::string(from.identity), std::string(from.address)},
             ticket});
    }

    void compact(MemoryBudget& memory) {
        for (const auto& exit : exits_) {
            if (exit) exit->compact(memory);
        }
    }

    Route& route;

 private:
    // A step with a thread, and the messages that come out of it: each waits here until what is
    // behind takes it. One queue a stage: messages that wait for the next one must not stop it.
    class Exit final : public plugin::StageListener, public RoomListener {
     public:
        Exit(Lane& lane, plugin::Worker& worker)
            : stage(worker, *lane.route.steps, lane.passages_.world_.timers,
                    lane.passages_.world_.clock, *this),
              lane_(lane),
              again_(lane.passages_.world_.timers, [this] { pump(); }) {}

        void on_stage_done(Flight flight, Passed passed, std::vector<Item> emitted) override {
            const Ticket ticket = flight.ticket;
            const plugin::PeerText peer = flight.peer;
            const Message body = flight.item.body;
            lane_.passages_.tickets_.at(ticket).parts += static_cast<uint32_t>(emitted.size());
            if (passed.kind == Passed::Kind::kThrough) queue_.push_back(std::move(flight));
            for (Item& item : emitted)
                queue_.push_back({std::move(item), peer, ticket});
            if (passed.kind != Passed::Kind::kThrough) lane_.end(body, ticket, passed);
            pump();
        }
        bool stage_may_go_on() override { return queue_.size() < kExitsMax; }
        void on_room() override { pump(); }

        void compact(MemoryBudget& memory) {
            for (Flight& flight : queue_)
                flight.item.compact(memory);
            stage.compact(memory);
        }

        plugin::StepStage stage;

     private:
        // In order, as far as there is room.
        void pump() {
            if (pumping_ || again_.armed()) return;
            pumping_ = true;
            while (!queue_.empty() && step_on(queue_.front())) {
            }
            pumping_ = false;
            stage.go_on();
        }

        // False: it waits.
        bool step_on(Flight& flight) {
            Passages& passages = lane_.passages_;
            const Ticket ticket = flight.ticket;
            std::vector<Item> emitted;
            const Passed passed = lane_.advance(flight.item, flight.peer.view(), emitted);
            passages.tickets_.at(ticket).parts += static_cast<uint32_t>(emitted.size());
            const plugin::PeerText peer = flight.peer;
            for (auto item = emitted.rbegin(); item != emitted.rend(); ++item)
                queue_.insert(queue_.begin() + 1, {std::move(*item), peer, ticket});
            Flight& front = queue_.front();
            if (passed.kind == Passed::Kind::kHeld) {
                again_.arm(passages.world_.clock.now() + passed.hold);
                return false;
            }
            if (passed.kind == Passed::Kind::kDropped || passed.kind == Passed::Kind::kRefused) {
                const Message body = front.item.body;
                queue_.pop_front();
                lane_.end(body, ticket, passed);
                return true;
            }
            Open& open = passages.tickets_.at(ticket);
            if (!lane_.has_room(front.item, open.origin.from_pub, *this)) return false;
            Flight leaving = std::move(front);
            queue_.pop_front();
            std::optional<Refusal> why;
            if (lane_.through(leaving.item))
                why = lane_.deliver(leaving.item, open.origin, ticket, open.outcome.served);
            else
                lane_.enter_stage(std::move(leaving.item), leaving.peer.view(), ticket);
            passages.on_settled(ticket, why, "");
            return true;
        }

        Lane& lane_;
        std::deque<Flight> queue_;
        bool pumping_ = false;
        Timer again_;  // armed: the step that looks at the first one holds it
    };

    bool goes_to(const Item& item, size_t target) const {
        return item.target == Item::kAllTargets || item.target == static_cast<int>(target);
    }

    // A service answers its client itself: it is given the peer, and what the peer had sent,
    // changed or not. Why it is not.
    std::optional<Refusal> submit(rpc::Service& service, const Item& item, const Origin& origin) {
        net::Peer* peer = passages_.origins_.peer(origin.peer);
        if (peer == nullptr) return Refusal::kClientGone;
        if (!can_be_answered(*peer)) return Refusal::kWrongType;
        std::string wire(origin.envelope.bytes());
        wire += item.body.wire().bytes();
        const Message whole(passages_.world_.memory.copy(wire), message_end(wire, 0).frames);
        (void)service.submit(*peer, whole);  // a service refuses, it never holds
        return std::nullopt;
    }

    void end(const Message& body, Ticket ticket, const Passed& passed) {
        const bool refused = passed.kind == Passed::Kind::kRefused;
        if (refused)
            refuse(body, passages_.tickets_.at(ticket).origin, passed.refusal, passed.reason);
        passages_.on_settled(ticket, refused ? std::optional(passed.refusal) : std::nullopt,
                             passed.reason);
    }

    Passages& passages_;
    bool at_once_ = false;
    std::vector<std::unique_ptr<Exit>> exits_;  // beside the steps; null: on the reactor
};

Passages::Passages(const std::vector<Route*>& routes, World world, Origins& origins,
                   RoomListener& held)
    : world_(world),
      origins_(origins),
      held_(held),
      hold_(world.timers, [this] { held_.on_room(); }) {
    for (Route* route : routes)
        lanes_.push_back(std::make_unique<Lane>(*route, *this));
    const bool topics = std::any_of(routes.begin(), routes.end(),
                                    [](const Route* route) { return !route->topics.empty(); });
    if (topics) world_.engine->listen(*this);
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
    } else if (lanes_.size() == 1 && lanes_.front()->at_once()) {
        if (const auto taken = take_at_once(origin, body, attributes, from, outcome)) return *taken;
    } else {
        begin(runs_, origin, body, attributes, from, outcome);
    }
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
    for (Run& run : runs_) {
        if (run.taken) {
            run.lane->route.messages++;
            run.lane->route.bytes += body.size();
        }
        for (Item& item : run.out) {
            if (run.lane->through(item)) {
                const auto why = run.lane->deliver(item, origin, ticket, outcome.served);
                if (why && !run.why) run.why = why;
            } else {
                run.lane->enter_stage(std::move(item), from, ticket);
            }
        }
        if (run.why && !outcome.why) {
            outcome.why = run.why;
            outcome.reason = run.reason;
        }
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

// The usual message: of the only route, through steps that let it pass. None: it is not, and runs_
// has how far it is.
std::optional<Passages::Taken> Passages::take_at_once(const Origin& origin, const Message& body,
                                                      const Attributes* attributes,
                                                      const routing::PeerView& from,
                                                      Outcome& outcome) {
    Lane& lane = *lanes_.front();
    Route& route = lane.route;
    const auto otherwise = [&] {
        begin(runs_, origin, body, attributes, from, outcome);
        return std::nullopt;
    };
    if (!route.shape.matches(body)) return otherwise();
    if (!route.shape.trivial()) {
        auto read = route.shape.attributes(body, from);
        if (!read.ok()) return otherwise();
        item_.attributes = *std::move(read);
    } else if (!is_empty(item_.attributes)) {
        item_.attributes = {};
    }
    if (attributes != nullptr) fill_from(*attributes, item_.attributes);
    item_.body = body;
    item_.next_step = 0;
    item_.target = Item::kAllTargets;
    item_.generation = 0;
    Passed passed = lane.advance(item_, from, emitted_);
    if (passed.kind == Passed::Kind::kHeld) {
        keep_item(lane, passed.kind);
        const Instant due = world_.clock.now() + passed.hold;
        pending_[origin.peer] = {std::exchange(runs_, {}), due};
        return hold_until(due);
    }
    if (passed.kind != Passed::Kind::kThrough || !emitted_.empty() ||
        !lane.has_room(item_, origin.from_pub, held_)) {
        keep_item(lane, passed.kind);
        if (passed.kind == Passed::Kind::kRefused) {
            lane.refuse(body, origin, passed.refusal, passed.reason);
            runs_[0].why = passed.refusal;
            runs_[0].reason = std::move(passed.reason);
        }
        return std::nullopt;
    }
    route.messages++;
    route.bytes += body.size();
    outcome.why = lane.deliver(item_, origin, 0, outcome.served);
    item_.body = Message();  // to keep it would be to keep its memory
    return Taken::kDone;
}

// Of take_at_once, for the way of all others: item_ and what was emitted behind it.
void Passages::keep_item(Lane& lane, Passed::Kind kind) {
    runs_.resize(1);
    Run& run = runs_[0];
    run.lane = &lane;
    run.queue.clear();
    run.out.clear();
    run.why.reset();
    run.reason.clear();
    run.taken = true;
    std::move(emitted_.rbegin(), emitted_.rend(), std::back_inserter(run.queue));
    emitted_.clear();
    if (kind == Passed::Kind::kHeld) run.queue.push_back(std::move(item_));
    if (kind == Passed::Kind::kThrough) run.out.push_back(std::move(item_));
    item_ = {};
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

// The routes of a message, each with what it makes of it.
void Passages::begin(std::vector<Run>& runs, const Origin& origin, const Message& body,
                     const Attributes* attributes, const routing::PeerView& from,
                     Outcome& outcome) {
    size_t used = 0;
    for (const auto& lane : lanes_) {
        Route& route = lane->route;
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
        if (used == runs.size()) runs.emplace_back();
        Run& run = runs[used++];
        run.lane = lane.get();
        run.queue.clear();
        run.out.clear();
        run.why = why;
        run.taken = !why;
        run.reason.clear();
        if (why) {
            run.reason = route.shape.detail();
            lane->refuse(body, origin, *why, run.reason);
            continue;
        }
        if (attributes != nullptr) fill_from(*attributes, its);
        run.queue.push_back({body, std::move(its), 0, Item::kAllTargets, 0});
    }
    runs.resize(used);
    outcome = {};
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

void Passages::finish(Ticket ticket) {
    const Open done = std::move(tickets_.at(ticket));
    tickets_.erase(ticket);
    origins_.on_outcome(done.origin, done.outcome);
}

}  // namespace zbridge::intake
