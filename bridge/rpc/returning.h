// Clients without a routing id that wait for answers to requests of a life before: how they are
// told from all others when they are back.
//
// By process: the kernel names the process of a connection on ipc. One that has a single request
// pending is the client when it has a single connection: a second one before the first has been
// silent for long enough ends the waiting.
// By correlation: a REQ with REQ_CORRELATE drops what does not name its request. Such an answer is
// offered to every anonymous REQ of the same host that is silent (a candidate): the right one takes
// it.
// Limits:  kCandidatesMax of one host; further connections are not candidates.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "bridge/rpc/client.h"

namespace zbridge::rpc {

struct Host {
    LinkedList<Client, &Client::host_link> waiting;     // of a life before
    LinkedList<Client, &Client::host_link> candidates;  // connected, and silent since
    std::string name;
};

class Returning {
 public:
    static constexpr size_t kCandidatesMax = 100;

    // What both are known by: within one endpoint.
    static std::string key_of(EndpointId endpoint, std::string_view name);
    // Where a peer is, as far as that outlives its connection.
    static std::string host_of(const net::PeerInfo& peer);

    void expect_process(Client& client, std::string key);
    void expect_at(Client& client, const std::string& key);
    // The one that this connection is of; null: none.
    Client* of_process(const net::Peer& peer) const;
    // It may be one of those that are expected at its host: a candidate from now on.
    bool add_candidate(Client& client);
    // It is not expected any more; or is no candidate.
    void forget(Client& client);

 private:
    std::unordered_map<std::string, Client*> processes_;  // looked up only
    std::unordered_map<std::string, Host> hosts_;         // likewise
};

}  // namespace zbridge::rpc
