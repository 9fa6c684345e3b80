// A worker of a service: one connection, and what it holds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/timers.h"
#include "bridge/net/peer.h"
#include "bridge/rpc/linked_list.h"

namespace zbridge::rpc {

// What has become of a held request, as far as this worker is concerned.
enum class Fate : uint8_t {
    kOpen,      // its reply is waited for
    kPassedOn,  // another worker has it too; the first reply counts
    kAnswered,  // another reply was first
    kEnded,     // its time was up
    kClientGone,
    kSuperseded,  // the client asks something else instead
};

// A request that a worker was given and has not replied to.
struct Hold {
    Epoch epoch;
    uint64_t number = 0;  // of which it holds one, whatever the epoch
    uint8_t attempt = 0;
    Fate fate = Fate::kOpen;
    uint64_t position = 0;  // of its first byte in the peer's outbox, as Peer::send() says
    Instant since{};        // when its time began
};

class Worker final : public net::PeerState {
 public:
    Worker(net::Peer& at, Timers& timers, std::function<void()> on_overdue)
        : peer(at), overdue(timers, std::move(on_overdue)) {}

    // A REQ asks for work: its first message says it is ready, each later one is a reply and says
    // so again.
    bool asks() const { return peer.type() == SocketType::kReq; }

    net::Peer& peer;
    uint32_t credit = 1;     // how many it may hold
    size_t room = 0;         // how many more it may be given now
    bool ready = false;      // a REQ: it has asked; then its credit says when again
    bool held_back = false;  // it may be busy with a request of an earlier life
    bool full = false;       // its outbox has no room
    bool ending = false;     // it is being disconnected
    uint64_t answered = 0;
    std::vector<Hold> holds;  // oldest first
    // A REQ: what stands before all it is sent, with the empty frame. Bytes of its own: a share of
    // a chunk would keep all of that for as long as the worker stays.
    std::string envelope;

    Timer overdue;  // of the oldest hold that is no longer kOpen
    Instant held_back_due{};
    Link<Worker> held_back_link;
    Link<Worker> free_link;
    Link<Worker> all_link;
};

}  // namespace zbridge::rpc
