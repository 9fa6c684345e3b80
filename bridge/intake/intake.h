// What the peers of a source endpoint send: each message takes its routes, to all targets of them
// or to none.
//
// Flow:    net -> [intake] -> shape -> can_take() of all targets -> deliver() to each -> receipt
//          into topics: publish() -> [engine commits] -> on_committed() -> receipt
//          Routes: each whose prefix and filter match. A message that none takes is counted here,
//          as no_match; one that a route cannot read, or that misses what the route requires, at
//          the route.
// Holding: a message that a target has no room for stays with its peer: the whole endpoint is held
//          until there is room, so that no other peer's bytes pile up behind it.
// Receipt: to a REQ, or a DEALER that begins with an empty frame: "OK <id>" once the message is
//          delivered or waits in a line, else "ERR <code> <reason>". A straight route stores
//          nothing: a receipt says that the bridge has it; of a route into a topic, that the topic
//          has it, on the disk. A connection's receipts are in the order of its messages.
// Transactions: at an endpoint with `transactions` each message begins with a verb
//          (transaction_request.h), and each is answered: PREPARE "OK <id> <token>", the others
//          "OK <id>".
// Topics:  all of a message's topics have it or none, and live targets only if they do. Rejects:
//          what a route refuses of a PUSH or publisher goes to the route's `rejects`, if it has one.
// Service: what a PUSH or publisher sends
//          is refused (wrong_type): it could take no answer. Demand: a publisher that reads too
//          slowly what it is asked for is told the difference when it has room again: no change is
//          lost, and what is kept for it is no more than that difference.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/message_id.h"
#include "bridge/intake/passages.h"
#include "bridge/intake/route.h"
#include "bridge/model/ids.h"
#include "bridge/net/peer.h"

namespace zbridge::intake {

enum class Receipts : uint8_t { kAuto, kAlways, kNever };
enum class Subscribe : uint8_t { kAll, kDemand };

struct IntakeOptions {
    Receipts receipts = Receipts::kAuto;
    Subscribe subscribe = Subscribe::kDemand;  // to PUB and XPUB peers
    // Its messages begin with a verb; who is asked what becomes of those that are prepared. Then it
    // has an engine.
    std::optional<std::string> checker = {};
};

struct TransactionRequest;

// Gives every accepted message its id. One per bridge.
struct MessageIds {
    uint64_t epoch = 0;
    uint64_t next = 1;
};

class Intake final : public net::PeerHandler,
                     public RoomListener,
                     public delivery::DemandListener,
                     public plugin::CommitListener,
                     public Origins {
 public:
    static constexpr uint32_t kEnvelopeFramesMax = 16;     // with the empty frame
    static constexpr size_t kEnvelopeFrameBytesMax = 256;  // each
    static constexpr size_t kPrefixBytesMax =
        245;  // longer ones are shortened here and filtered at the target

    // `engine`: null where no route has topics.
    Intake(IntakeOptions options, std::vector<Route*> routes, MessageIds& ids, Timers& timers,
           const Clock& clock, MemoryBudget& memory, plugin::Engine* engine);
    // What is held when there is no room: its endpoint, bound, dialled or both. Before the first
    // peer.
    void attach(net::Gate& gate) { gates_.push_back(&gate); }

    void on_opened(net::Peer& peer) override;
    net::Take on_message(net::Peer& peer, const Message& message) override;
    void on_writable(net::Peer& peer) override;
    void on_closed(net::Peer& peer) override;
    void on_room() override;
    void on_demand(std::string_view prefix, bool wanted) override;
    void on_committed(uint64_t number) override;
    void on_commit_failed() override;

    void compact() {
        if (passages_) passages_->compact();
    }
    // Messages that are not with all their targets yet: with a step or a sink.
    size_t on_their_way() const { return passages_ ? passages_->on_their_way() : 0; }
    // Receipts that wait for the disk.
    size_t receipts_waiting() const { return receipts_.size(); }

    const RefusalCounts& refusals() const { return refusals_; }
    const std::vector<Route*>& routes() const { return routes_; }

 private:
    // A message with its envelope found.
    struct Parcel {
        explicit Parcel(const Message& message) : whole(message), body(message) {}
        const Message& whole;
        Message body;
        Slice envelope;  // with the empty frame; empty if there is none
        bool wants_receipt = false;
        bool prepares = false;
    };
    net::Take take_straight(net::Peer& peer, const Message& message, Parcel& parcel, bool from_pub);
    net::Take take_with_steps(net::Peer& peer, Parcel& parcel, bool from_pub);
    void answer(net::Peer& peer, const Origin& origin, const Outcome& outcome);
    void on_outcome(const Origin& origin, const Outcome& outcome) override;
    // intake_transactions.cc
    net::Take take_transactional(net::Peer& peer, Parcel& parcel);
    net::Take resolve(net::Peer& peer, const Parcel& parcel, const TransactionRequest& request);
    std::optional<std::string> prepared_text(const Origin& origin, const Outcome& outcome,
                                             std::optional<Refusal> why);
    void take_back(const Origin& origin, const Outcome& outcome);
    net::Peer* peer(PeerId id) override;
    struct Chosen {
        Route* route;
        std::optional<Refusal> refusal;  // it is the route's, which cannot take it
        std::optional<Attributes>
            attributes;  // for its topics; none: it has no topics, or no shape
    };
    // The routes that the message is for.
    void choose_routes(const net::Peer& peer, const Message& body);
    bool has_room(const Message& body, bool from_pub);
    // Into the topics of all chosen routes. None: they have none.
    std::optional<plugin::Published> publish(const Message& body);
    void refuse(Route* route, net::Peer& peer, const Parcel& parcel, Refusal why,
                std::string_view detail);
    // `number`: that must be committed before; 0: none.
    void receipt(net::Peer& peer, const Slice& envelope, std::string text, uint64_t number = 0);
    uint64_t open_slot(PeerId peer);
    void fill_slot(PeerId peer, uint64_t slot, std::string wire);
    void send_receipt(net::Peer& peer, std::string_view envelope, std::string_view text);
    void hold();
    struct Publisher {
        net::Peer* peer = nullptr;
        // What it has not been told for want of room: prefix -> wanted. A change back takes it out
        // again, so that it is no more than what is wanted and what the publisher was told.
        std::map<std::string, bool, std::less<>> untold;
    };
    // `said`: it, encoded.
    void tell(Publisher& publisher, std::string_view prefix, bool wanted, const Slice& said);
    void subscribe_at(net::Peer& publisher, std::string_view prefix, bool add);

    IntakeOptions options_;
    std::vector<Route*> routes_;
    std::vector<rpc::Service*> services_;  // of all routes, each once
    MessageIds& ids_;
    MemoryBudget& memory_;
    plugin::Engine* engine_;
    bool has_topics_ = false;
    std::vector<net::Gate*> gates_;
    // None: all routes are straight, and pay nothing for those that are not.
    std::unique_ptr<Passages> passages_;
    std::map<PeerId, net::Peer*> peers_;  // where passages may answer later
    std::map<PeerId, Publisher> publishers_;
    std::map<std::string, uint64_t, std::less<>> wanted_;  // prefix -> by how many
    std::vector<Chosen> chosen_;                           // of the message in on_message()
    std::vector<plugin::Publication> publications_;        // likewise
    // Receipts that wait for what was published before them, in their order.
    struct Receipt {
        uint64_t number = 0;
        PeerId peer{};
        std::string envelope;
        std::string text;
        bool if_committed = false;  // else it is said in any case
    };
    std::deque<Receipt> receipts_;
    // Where messages may stay on their way: what each peer is to be told, in its messages' order.
    struct Slot {
        bool known = false;
        std::string wire;  // empty: nothing
    };
    struct Slots {
        uint64_t first = 0;  // the number of the first one
        std::deque<Slot> waiting;
    };
    std::map<PeerId, Slots> slots_;
    RefusalCounts refusals_;  // of no route in particular
};

}  // namespace zbridge::intake
