// The messages of one source on routes that have steps or sinks: from the source to the last
// target's word.
//
// Flow:    intake -> shape -> steps on the reactor -> room in all targets? -> deliver
//                              \ a step with a thread -> its stage -> [exit] -> room? -> deliver
// Promise: a message goes on in all its routes together, or waits for all of them, as on straight
//          routes: what a step has decided is kept meanwhile, no step sees it twice. Behind a stage
//          each route goes on by itself, in order. Each message has one outcome: when every target
//          has it, a sink has written it, or a step has ended it. The first refusal is the outcome,
//          as soon as all is known.
// Holding: take() says no, and RoomListener::on_room() comes when it is worth another try with the
//          same message. A step that holds a message holds its source in the same way.
// Topics:  what a message publishes, on all of its routes, with all that steps emit for it, is
//          published in one go, all or none, and a route's other targets have it only if that was
//          taken; the topics' word is that it is committed. Behind a stage each item is published
//          by itself. What dies of a step is for the dead letters of that step alone, which speak
//          as topics do.
// Prepared: one message, for one topic: where it would be more, all of it is refused.
// Limits:  a message of each peer is held at most; kExitsMax messages wait behind a stage: then it
//          stops.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/timers.h"
#include "bridge/intake/route.h"
#include "bridge/model/ids.h"
#include "bridge/net/peer.h"
#include "bridge/plugin/step_stage.h"

namespace zbridge::intake {

// A PUSH or publisher only sends: what it is told would break its protocol.
bool can_be_answered(const net::Peer& peer);

// Where a message came from, and how it is answered.
struct Origin {
    PeerId peer{};  // 0: a plugin's source
    uint64_t cookie = 0;
    Slice envelope;
    bool wants_receipt = false;
    bool from_pub = false;
    uint64_t number = 0;    // of its id
    bool prepares = false;  // its message is for a topic, once that is committed
};

// What became of a message.
struct Outcome {
    std::optional<Refusal> why;  // none: accepted
    std::string reason;
    std::optional<MessageId> id;                  // that a topic gave it
    std::optional<TransactionToken> transaction;  // likewise, where it is prepared
    bool routed = true;                           // false: it matched no route
    bool served = false;                          // a service has it: it answers
};

class Origins {
 public:
    virtual ~Origins() = default;
    // Of a message that take() has taken without an outcome.
    virtual void on_outcome(const Origin& origin, const Outcome& outcome) = 0;
    // Null: it has gone.
    virtual net::Peer* peer(PeerId id) = 0;
};

class Passages final : public plugin::Settling, public plugin::CommitListener {
 public:
    static constexpr size_t kExitsMax = 256;

    struct World {
        Timers& timers;
        const Clock& clock;
        MemoryBudget& memory;
        plugin::Engine* engine;    // null where no route publishes
        std::string checker = {};  // of what is prepared
    };
    // All of these outlive it.
    Passages(const std::vector<Route*>& routes, World world, Origins& origins, RoomListener& held);
    ~Passages() override;

    // `body` without its envelope; `attributes`: what its source gives, beside what routes set.
    // `from`: whom routes see as its peer. kHeld: nothing was taken. kDeferred: on_outcome() comes.
    // kDone: `outcome` has it.
    enum class Taken : uint8_t { kHeld, kDeferred, kDone };
    Taken take(const Origin& origin, const Message& body, const Attributes* attributes,
               const routing::PeerView& from, Outcome& outcome);
    // The peer has gone, with a message that was held.
    void forget(PeerId peer) { pending_.erase(peer); }

    // What waits on the reactor holds no more memory than it needs.
    void compact();

    // Nothing is on its way.
    bool idle() const { return tickets_.empty(); }
    size_t on_their_way() const { return tickets_.size(); }

    void on_settled(plugin::Ticket ticket, std::optional<Refusal> why,
                    std::string_view reason) override;
    void on_committed(uint64_t number) override;
    void on_commit_failed() override;

 private:
    class Lane;
    // What items publish: into topics, or as dead letters of steps.
    struct Publishing {
        std::vector<plugin::Publication> publications;
        std::deque<Attributes> of_dead;
    };
    // A message on one of its routes.
    struct Run {
        Lane* lane = nullptr;
        std::vector<plugin::Item> queue;  // to go through steps, the last one first
        std::vector<plugin::Item> out;    // through, or before a stage
        std::optional<Refusal> why;
        std::string reason;
        bool taken = false;  // it is for the route, and readable
    };
    struct Pending {
        std::vector<Run> runs;
        Instant due{};  // a step holds it until then; in the past: it waits for room
    };
    struct Open {
        Origin origin;
        uint32_t parts = 0;
        Outcome outcome;
    };

    void begin(size_t lane, size_t used, const Origin& origin, const Message& body,
               const Attributes* attributes, const routing::PeerView& from);
    Run& new_run(size_t at, Lane& lane);
    std::optional<Duration> advance(Run& run, const Origin& origin, const routing::PeerView& from);
    bool has_room(const std::vector<Run>& runs, bool from_pub);
    Taken hold_until(Instant due);
    Taken take_at_once(const Origin& origin, const Message& body, const Attributes* attributes,
                       const routing::PeerView& from, Outcome& outcome);
    Taken go_on_from(size_t at, bool unread, const Origin& origin, const Message& body,
                     const Attributes* attributes, const routing::PeerView& from, Outcome& outcome);
    Taken go_on(const Origin& origin, const Message& body, const routing::PeerView& from,
                Outcome& outcome);
    size_t keep_items(size_t lanes, const Message& body);
    void keep_item(size_t at, Lane& lane, plugin::Passed& passed);
    bool needs_ticket(const std::vector<Run>& runs) const;
    std::optional<plugin::Published> publish(const Publishing& publishing, plugin::Ticket ticket);
    plugin::Published prepare(const Publishing& publishing, Outcome& outcome);
    void deliver(Run& run, const Origin& origin, const routing::PeerView& from,
                 plugin::Ticket ticket, const std::optional<plugin::Published>& refused,
                 Outcome& outcome);
    plugin::Ticket open(const Origin& origin);
    void finish(plugin::Ticket ticket);
    void forget_items();

    std::vector<std::unique_ptr<Lane>> lanes_;
    bool at_once_ = false;  // all of them are
    World world_;
    Origins& origins_;
    RoomListener& held_;
    std::vector<Run> runs_;              // of the message that is looked at; kept for its memory
    std::vector<plugin::Item> emitted_;  // of take_at_once
    plugin::Passed passed_;              // likewise
    std::map<PeerId, Pending> pending_;  // of peers whose message is held
    std::map<plugin::Ticket, Open> tickets_;
    // What was published, in its order: the number, and whose it is.
    std::deque<std::pair<uint64_t, plugin::Ticket>> published_;
    plugin::Ticket next_ticket_ = 1;
    Timer hold_;
};

}  // namespace zbridge::intake
