// One route as Passages see it: what its steps make of a message, room for it in its targets, the
// stages of steps that may block, and what waits behind each. Of passages.cc alone.
#pragma once

#include <algorithm>
#include <vector>

#include "bridge/intake/passages.h"

namespace zbridge::intake {

// What the source gives, where the route sets nothing of it.
void fill_from(const Attributes& given, Attributes& attributes);

class Passages::Lane final {
 public:
    Lane(Route& its_route, Passages& passages);
    ~Lane();
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    plugin::Passed advance(plugin::Item& item, const routing::PeerView& from,
                           std::vector<plugin::Item>& emitted) {
        return route.steps ? route.steps->run(item, from, emitted) : plugin::Passed{};
    }

    // Its steps answer at once, and no target does so later.
    bool at_once() const { return at_once_; }

    bool through(const plugin::Item& item) const { return item.next_step >= steps(); }

    // For the item in all its targets, in its next stage, or among the dead letters.
    bool has_room(const plugin::Item& item, bool from_pub, RoomListener& waiting);
    bool has_room(const Message& body, int its_target, bool from_pub, RoomListener& waiting) {
        int at = 0;
        for (const Target& target : route.targets) {
            if (!goes_to(its_target, at++)) continue;
            if (target.outlet != nullptr &&
                !target.outlet->can_take(body, route.on_full, from_pub, waiting))
                return false;
            if (target.sink != nullptr && !target.sink->has_room(waiting)) return false;
        }
        return true;
    }

    bool stays_on_its_way(const plugin::Item& item) const;

    // What an item publishes: into its topics, or as a dead letter of its step. It outlives `to`.
    void add(const plugin::Item& item, Publishing& to) const;
    bool publishes(const plugin::Item& item) const;

    // REQUIRES: has_room(). Why not all of its targets have it: a topic that refuses it keeps it
    // from all of them.
    std::optional<Refusal> publish_and_deliver(const plugin::Item& item, const Origin& origin,
                                               plugin::Ticket ticket, bool& served);
    // REQUIRES: has_room(); its topics have it. `ticket` 0: no target needs one.
    std::optional<Refusal> deliver(const plugin::Item& item, const Origin& origin,
                                   plugin::Ticket ticket, bool& served) {
        if (item.death) return std::nullopt;
        return deliver(item.body, item, origin, ticket, served);
    }

    // Counted; and kept in `rejects`, where nobody can be told.
    void refuse(const Message& body, const Origin& origin, Refusal why, std::string_view detail);

    void enter_stage(plugin::Item item, const routing::PeerView& from, plugin::Ticket ticket);

    void compact(MemoryBudget& memory);

    // What has become of the message that take_at_once looks at.
    enum class Way : uint8_t {
        kNotOurs,
        kAsItWas,
        kChanged,
        kDropped,
        kNotAtOnce,  // its item, what was emitted and what was answered go the way of all others
        kUnread      // no step was asked
    };
    Way pass(const Message& body, const Attributes* given, const routing::PeerView& from,
             std::vector<plugin::Item>& emitted, plugin::Passed& passed) {
        way_ = make_way(body, given, from, emitted, passed);
        return way_;
    }
    bool is_ours() const { return way_ != Way::kNotOurs; }
    bool goes_on() const { return way_ == Way::kAsItWas || way_ == Way::kChanged; }
    // As above; what did not change is looked at in `body`.
    bool has_room_at_once(const Message& body, bool from_pub, RoomListener& waiting) {
        return has_room(body_of(body), item_.target, from_pub, waiting);
    }
    std::optional<Refusal> deliver_at_once(const Message& body, const Origin& origin,
                                           bool& served) {
        return deliver(body_of(body), item_, origin, 0, served);
    }
    // The same message as an item that can wait.
    plugin::Item take_item(const Message& body);
    // To keep it would be to keep its memory.
    void forget_item() {
        if (way_ != Way::kAsItWas || has_more_) clear_item();
    }

    Route& route;

 private:
    class Exit;

    size_t steps() const { return route.steps ? route.steps->steps().size() : 0; }
    static bool goes_to(int its_target, int target) {
        return its_target == plugin::Item::kAllTargets || its_target == target;
    }
    const Message& body_of(const Message& body) const {
        return way_ == Way::kChanged ? item_.body : body;
    }

    Way make_way(const Message& body, const Attributes* given, const routing::PeerView& from,
                 std::vector<plugin::Item>& emitted, plugin::Passed& passed) {
        if (!route.shape.matches(body)) return Way::kNotOurs;
        if (!route.shape.trivial() || given != nullptr) {
            const auto unread = read(body, given, from);
            if (unread) return *unread;
        }
        if (!route.steps || route.steps->pass(body, item_, from, emitted, passed))
            return Way::kAsItWas;
        return make_other_way(emitted, passed);
    }
    // Its attributes. None: they are there.
    std::optional<Way> read(const Message& body, const Attributes* given,
                            const routing::PeerView& from);
    void clear_item();
    Way make_other_way(const std::vector<plugin::Item>& emitted,
                       const plugin::Passed& passed) const;

    std::optional<Refusal> deliver(const Message& body, const plugin::Item& item,
                                   const Origin& origin, plugin::Ticket ticket, bool& served) {
        if (route.watch != nullptr) [[unlikely]]
            route.show(body, &item.attributes, passages_.origins_.peer(origin.peer));
        bool kept = true;
        std::optional<Refusal> why;
        int at = 0;
        for (const Target& target : route.targets) {
            if (!goes_to(item.target, at++)) continue;
            if (target.outlet != nullptr)
                kept &= target.outlet->deliver(body, route.on_full, origin.from_pub);
            else
                why = deliver_elsewhere(target, body, item, origin, ticket, served);
        }
        if (!kept) why = Refusal::kLineFull;
        if (why) refuse(body, origin, *why, "");
        return why;
    }
    std::optional<Refusal> deliver_elsewhere(const Target& target, const Message& body,
                                             const plugin::Item& item, const Origin& origin,
                                             plugin::Ticket ticket, bool& served);
    std::optional<Refusal> submit(rpc::Service& service, const Message& body, const Origin& origin);
    void end(const Message& body, plugin::Ticket ticket, const plugin::Passed& passed);

    Passages& passages_;
    bool at_once_ = false;
    std::vector<std::unique_ptr<Exit>> exits_;  // beside the steps; null: on the reactor

    // Of pass(). What the shape has set last stays, for its memory.
    Way way_ = Way::kNotOurs;
    plugin::Item item_;
    bool has_more_ = false;  // it, than what the shape sets again
};

}  // namespace zbridge::intake
