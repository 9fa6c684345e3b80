#include "bridge/intake/lane.h"

#include "bridge/intake/dead_letter.h"
#include "bridge/intake/rejects.h"

namespace zbridge::intake {

using plugin::Flight;
using plugin::Item;
using plugin::Passed;
using plugin::Ticket;

void fill_from(const Attributes& given, Attributes& attributes) {
    if (!attributes.id) attributes.id = given.id;
    if (!attributes.order_key) attributes.order_key = given.order_key;
    if (!attributes.tag) attributes.tag = given.tag;
    if (!attributes.deliver_at_ms) attributes.deliver_at_ms = given.deliver_at_ms;
    if (!attributes.priority) attributes.priority = given.priority;
    if (attributes.keys.empty()) attributes.keys = given.keys;
    for (const auto& property : given.properties) {
        const bool set =
            std::any_of(attributes.properties.begin(), attributes.properties.end(),
                        [&](const auto& known) { return known.first == property.first; });
        if (!set) attributes.properties.push_back(property);
    }
}

// A step with a thread, and the messages that come out of it: each waits here until what is
// behind takes it. One queue a stage: messages that wait for the next one must not stop it.
class Passages::Lane::Exit final : public plugin::StageListener, public RoomListener {
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
            why = lane_.publish_and_deliver(leaving.item, open.origin, ticket, open.outcome.served);
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

Passages::Lane::Lane(Route& its_route, Passages& passages)
    : route(its_route),
      passages_(passages),
      at_once_(!its_route.has_sink() && !its_route.has_topics() &&
               std::all_of(its_route.workers.begin(), its_route.workers.end(),
                           [](const auto* each) { return each == nullptr; })) {
    if (!route.steps) return;
    for (plugin::Worker* worker : route.workers)
        exits_.push_back(worker == nullptr ? nullptr : std::make_unique<Exit>(*this, *worker));
}

Passages::Lane::~Lane() = default;

std::optional<Passages::Lane::Way> Passages::Lane::read(const Message& body,
                                                        const Attributes* given,
                                                        const routing::PeerView& from) {
    if (!route.shape.trivial()) {
        auto read = route.shape.attributes(body, from);
        if (!read.ok()) return read.error() == Refusal::kNoMatch ? Way::kNotOurs : Way::kUnread;
        item_.attributes = *std::move(read);
    }
    has_more_ = given != nullptr;
    if (given != nullptr) fill_from(*given, item_.attributes);
    return std::nullopt;
}

Passages::Lane::Way Passages::Lane::make_other_way(const std::vector<Item>& emitted,
                                                   const Passed& passed) const {
    if (!emitted.empty() || item_.death) return Way::kNotAtOnce;
    if (passed.kind == Passed::Kind::kDropped) return Way::kDropped;
    return passed.kind == Passed::Kind::kThrough ? Way::kChanged : Way::kNotAtOnce;
}

void Passages::Lane::clear_item() {
    item_ = {};
}

Item Passages::Lane::take_item(const Message& body) {
    if (way_ == Way::kAsItWas) {
        item_.body = body;
        item_.next_step = steps();
    }
    return std::exchange(item_, {});
}

bool Passages::Lane::has_room(const Item& item, bool from_pub, RoomListener& waiting) {
    if (!through(item)) return exits_[item.next_step]->stage.has_room(waiting);
    if (item.death) return passages_.world_.engine->has_room(waiting);
    if (!route.topics.empty() && !passages_.world_.engine->has_room(waiting)) return false;
    return has_room(item.body, item.target, from_pub, waiting);
}

bool Passages::Lane::stays_on_its_way(const Item& item) const {
    if (!through(item) || item.death) return true;
    int at = 0;
    for (const Target& target : route.targets) {
        if (goes_to(item.target, at++) && (target.sink != nullptr || target.topic)) return true;
    }
    return false;
}

// To what is no outlet. Why it does not have it.
std::optional<Refusal> Passages::Lane::deliver_elsewhere(const Target& target, const Message& body,
                                                         const Item& item, const Origin& origin,
                                                         Ticket ticket, bool& served) {
    if (target.topic) return std::nullopt;  // publish() has done it
    if (target.sink != nullptr) {
        passages_.tickets_.at(ticket).parts++;
        target.sink->take(body, item.attributes, ticket, passages_);
        return std::nullopt;
    }
    const auto why = submit(*target.service, body, origin);
    served |= !why;
    return why;
}

// A service answers its client itself: it is given the peer, and what the peer had sent, changed or
// not. Why it is not.
std::optional<Refusal> Passages::Lane::submit(rpc::Service& service, const Message& body,
                                              const Origin& origin) {
    net::Peer* peer = passages_.origins_.peer(origin.peer);
    if (peer == nullptr) return Refusal::kClientGone;
    if (!can_be_answered(*peer)) return Refusal::kWrongType;
    std::string wire(origin.envelope.bytes());
    wire += body.wire().bytes();
    const Message whole(passages_.world_.memory.copy(wire), message_end(wire, 0).frames);
    (void)service.submit(*peer, whole);  // a service refuses, it never holds
    return std::nullopt;
}

void Passages::Lane::enter_stage(Item item, const routing::PeerView& from, Ticket ticket) {
    const size_t step = item.next_step;
    passages_.tickets_.at(ticket).parts++;
    exits_[step]->stage.take(
        {std::move(item),
         {std::string(from.user), std::string(from.identity), std::string(from.address)},
         ticket});
}

void Passages::Lane::refuse(const Message& body, const Origin& origin, Refusal why,
                            std::string_view detail) {
    route.refusals.add(why);
    const bool told = origin.wants_receipt || origin.peer == PeerId{};
    if (!told) keep_refused(route, body, why, detail, passages_.world_.engine);
}

void Passages::Lane::add(const Item& item, Publishing& to) const {
    if (item.death) {
        const std::optional<TopicId>& letters = route.dead_letters.at(item.death->step);
        ZB_CHECK(letters.has_value(), route.name, item.death->step);
        to.of_dead.push_back(attributes_of_dead(item, route, passages_.world_.clock));
        to.publications.push_back({*letters, &item.body, &to.of_dead.back()});
        return;
    }
    int at = 0;
    for (const Target& target : route.targets) {
        if (goes_to(item.target, at++) && target.topic)
            to.publications.push_back({*target.topic, &item.body, &item.attributes});
    }
}

bool Passages::Lane::publishes(const Item& item) const {
    if (item.death) return true;
    int at = 0;
    return std::any_of(route.targets.begin(), route.targets.end(), [&](const Target& target) {
        return goes_to(item.target, at++) && target.topic.has_value();
    });
}

std::optional<Refusal> Passages::Lane::publish_and_deliver(const Item& item, const Origin& origin,
                                                           Ticket ticket, bool& served) {
    Publishing publishing;
    add(item, publishing);
    const auto refused = passages_.publish(publishing, ticket);
    if (!refused) return deliver(item, origin, ticket, served);
    refuse(item.body, origin, *refused->why, refused->reason);
    return refused->why;
}

void Passages::Lane::end(const Message& body, Ticket ticket, const Passed& passed) {
    const bool refused = passed.kind == Passed::Kind::kRefused;
    if (refused) refuse(body, passages_.tickets_.at(ticket).origin, passed.refusal, passed.reason);
    passages_.on_settled(ticket, refused ? std::optional(passed.refusal) : std::nullopt,
                         passed.reason);
}

void Passages::Lane::compact(MemoryBudget& memory) {
    for (const auto& exit : exits_) {
        if (exit) exit->compact(memory);
    }
}

}  // namespace zbridge::intake
