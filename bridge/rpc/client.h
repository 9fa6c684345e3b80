// A client of a service: one connection; or, with a routing id, all connections one after the other
// that carry it; or one of a life before of the bridge, which may come back.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "bridge/net/peer.h"
#include "bridge/rpc/linked_list.h"
#include "bridge/rpc/request.h"

namespace zbridge::rpc {

struct Client;
struct Host;

// What the service keeps at a peer of its own clients' endpoint.
struct ClientState final : net::PeerState {
    Client* client = nullptr;  // null: a newer connection speaks for it, or it is gone
};

// What a client is sent.
struct Answer {
    Slice head{}, rest{};
    bool counted = false;     // its request has been counted as answered or ended already
    bool correlates = false;  // it names its request: no client takes it for that to another
    bool offered = false;     // to somebody who may be the client
    uint64_t number = 0;      // its request's, whose notes are open until it is there; 0: none are
};

// An answer in its peer's outbox.
struct SentAnswer {
    uint64_t number = 0;
    uint64_t end = 0;      // one past its last byte, in outbox().appended()
    uint64_t message = 0;  // which of those to its peer, from 1 on
};

struct Client {
    net::Peer* peer = nullptr;     // null: away, and it may come back
    ClientState* state = nullptr;  // at peer; null: the peer is of another handler's endpoint
    std::string key;               // endpoint, user and routing id; empty: anonymous
    bool zbp = false;              // as in PeerInfo
    bool lockstep = false;         // a REQ: it waits for the newest of its requests only
    bool resuming = false;         // it is back: does it wait, or ask again?
    // Of a life before: it has not been back, or has not been silent since, or spoken.
    bool recovered = false;

    LinkedList<Request, &Request::client_link> requests;  // that it waits for, oldest first
    std::vector<Answer> kept;                             // while away or resuming
    std::vector<SentAnswer> sent;                         // of numbers, oldest first

    // Of one without a key that is expected back, see Returning.
    std::string process;
    Host* host = nullptr;  // a candidate has one too
    Link<Client> host_link;

    Instant due{};  // of the end of its window, or of its silence
    Link<Client> due_link;
    Link<Client> sent_link;
    std::list<Client>::iterator self;

    bool waits() const { return !requests.empty() || !kept.empty(); }
};

}  // namespace zbridge::rpc
