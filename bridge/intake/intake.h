// What the peers of a source endpoint send: each message takes its routes, to all targets of them
// or to none.
//
// Flow:    net -> [intake] -> shape -> can_take() of all targets -> deliver() to each -> receipt
//          Routes: each whose prefix and filter match. A message that none takes is counted here,
//          as no_match; one that a route cannot read, or that misses what the route requires, at
//          the route.
// Holding: a message that a target has no room for stays with its peer: the whole endpoint is held
//          until there is room, so that no other peer's bytes pile up behind it.
// Receipt: to a REQ, or a DEALER that begins with an empty frame: "OK <id>" once the message is
//          delivered or waits in a line, else "ERR <code> <reason>". A straight route stores
//          nothing: a receipt says that the bridge has it. Service: what a PUSH or publisher sends
//          is refused (wrong_type): it could take no answer. Demand: a publisher that reads too
//          slowly what it is asked for is told the difference when it has room again: no change is
//          lost, and what is kept for it is no more than that difference.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/intake/passages.h"
#include "bridge/intake/route.h"
#include "bridge/model/ids.h"
#include "bridge/model/message_id.h"
#include "bridge/net/peer.h"

namespace zbridge::intake {

enum class Receipts : uint8_t { kAuto, kAlways, kNever };
enum class Subscribe : uint8_t { kAll, kDemand };

struct IntakeOptions {
    Receipts receipts = Receipts::kAuto;
    Subscribe subscribe = Subscribe::kDemand;  // to PUB and XPUB peers
};

// Gives every accepted message its id. One per bridge.
struct MessageIds {
    uint64_t epoch = 0;
    uint64_t next = 1;
};

class Intake final : public net::PeerHandler,
                     public RoomListener,
                     public delivery::DemandListener,
                     public Origins {
 public:
    static constexpr uint32_t kEnvelopeFramesMax = 16;     // with the empty frame
    static constexpr size_t kEnvelopeFrameBytesMax = 256;  // each
    static constexpr size_t kPrefixBytesMax =
        245;  // longer ones are shortened here and filtered at the target

    Intake(IntakeOptions options, std::vector<Route*> routes, MessageIds& ids, Timers& timers,
           const Clock& clock, MemoryBudget& memory);
    // What is held when there is no room: its endpoint, bound, dialled or both. Before the first
    // peer.
    void attach(net::Gate& gate) { gates_.push_back(&gate); }

    void on_opened(net::Peer& peer) override;
    net::Take on_message(net::Peer& peer, const Message& message) override;
    void on_writable(net::Peer& peer) override;
    void on_closed(net::Peer& peer) override;
    void on_room() override;
    void on_demand(std::string_view prefix, bool wanted) override;

    void compact() {
        if (passages_) passages_->compact();
    }
    // Messages that are not with all their targets yet: with a step or a sink.
    size_t on_their_way() const { return passages_ ? passages_->on_their_way() : 0; }

    const RefusalCounts& refusals() const { return refusals_; }
    const std::vector<Route*>& routes() const { return routes_; }

 private:
    struct Parcel;  // a message with its envelope found
    net::Take take_straight(net::Peer& peer, const Message& message, Parcel& parcel, bool from_pub);
    net::Take take_with_steps(net::Peer& peer, Parcel& parcel, bool from_pub);
    void answer(net::Peer& peer, const Origin& origin, const Outcome& outcome);
    void on_outcome(const Origin& origin, const Outcome& outcome) override;
    net::Peer* peer(PeerId id) override;
    struct Chosen {
        Route* route;
        std::optional<Refusal> refusal;  // it is the route's, which cannot take it
    };
    // The routes that the message is for.
    void choose_routes(const net::Peer& peer, const Message& body);
    bool has_room(const Message& body, bool from_pub);
    void refuse(Route* route, net::Peer& peer, const Parcel& parcel, Refusal why,
                std::string_view detail);
    void receipt(net::Peer& peer, const Slice& envelope, const std::string& text);
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
    std::vector<net::Gate*> gates_;
    // None: all routes are straight, and pay nothing for those that are not.
    std::unique_ptr<Passages> passages_;
    std::map<PeerId, net::Peer*> peers_;  // where passages may answer later
    std::map<PeerId, Publisher> publishers_;
    std::map<std::string, uint64_t, std::less<>> wanted_;  // prefix -> by how many
    std::vector<Chosen> chosen_;                           // of the message in on_message()
    RefusalCounts refusals_;                               // of no route in particular
};

}  // namespace zbridge::intake
