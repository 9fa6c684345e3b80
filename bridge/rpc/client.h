// A client of a service: one connection; or, with a routing id, all connections one after the other
// that carry it.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "bridge/net/peer.h"
#include "bridge/rpc/linked_list.h"
#include "bridge/rpc/request.h"

namespace zbridge::rpc {

struct Client;

// What the service keeps at a peer of its own clients' endpoint.
struct ClientState final : net::PeerState {
    Client* client = nullptr;  // null: a newer connection speaks for it, or it is gone
};

// An answer that could not be sent yet.
struct KeptAnswer {
    Slice head, rest;
    bool counted = false;  // its request has been counted as answered or ended already
};

struct Client {
    net::Peer* peer = nullptr;     // null: away, and it may come back
    ClientState* state = nullptr;  // at peer; null: the peer is of another handler's endpoint
    std::string key;               // endpoint, user and routing id; empty: anonymous
    bool lockstep = false;         // a REQ: it waits for the newest of its requests only
    bool resuming = false;         // a REQ that is back: does it wait, or ask again?

    LinkedList<Request, &Request::client_link> requests;  // that it waits for, oldest first
    std::vector<KeptAnswer> kept;                         // while away or resuming

    Instant due{};  // of the end of its window, or of its silence
    Link<Client> due_link;
    std::list<Client>::iterator self;
};

}  // namespace zbridge::rpc
