// A bound endpoint: its listeners, its peers, their limits and identities, and the hold on those
// who send.
//
// Flow:    listener -> accept -> Connection -> handshake -> admit() -> the handler of the
//          endpoint's role
// Limits:  peers_max here, ConnectionLimit for all endpoints together; kAcceptsMax new ones a turn.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/net/connection.h"
#include "bridge/net/doorkeeper.h"
#include "bridge/net/options.h"
#include "bridge/net/peer.h"
#include "bridge/net/reactor.h"

namespace zbridge::net {

// How many connections all endpoints may have together. One per bridge.
struct ConnectionLimit {
    uint32_t now = 0;
    uint32_t max = 50'000;
    uint64_t next_peer = 1;  // PeerId
};

// Told what happens at endpoints, for the log.
class EndpointObserver {
 public:
    virtual ~EndpointObserver() = default;
    virtual void on_peer_opened(const Endpoint& endpoint, const Peer& peer) = 0;
    virtual void on_peer_closed(const Endpoint& endpoint, const Peer& peer,
                                std::optional<Refusal> why) = 0;
    // A connection that did not become a peer. `detail` may be empty.
    virtual void on_refused(const Endpoint& endpoint, const std::string& address,
                            std::optional<SocketType> type, Refusal why,
                            const std::string& detail) = 0;
    virtual void on_trouble(const Endpoint& endpoint, const std::string& what) = 0;
};

class Endpoint final : public Gate {
 public:
    static constexpr size_t kAcceptsMax = 64;
    static constexpr Duration kAcceptRetry =
        std::chrono::milliseconds(100);  // when descriptors have run out

    struct Setup {
        EndpointId id;
        std::string name;
        std::string our_identity;  // what ROUTER applications address us by
        SocketTypes accepts;
        EndpointOptions options;
        bool private_ipc = false;    // its ipc file is for this user alone (mode 0600)
        bool yields_memory = false;  // nothing is read from its peers while the budget is
                                     // exhausted: sources, clients, workers
        bool reserved = false;       // its connections neither count for ConnectionLimit nor are
                                     // refused by it
        // How many budgets have to be in use for that. Workers: 2, for what they reply lets go of
        // requests; more than another budget of unfinished replies is not taken.
        uint32_t yields_at_budgets = 1;
        Doorkeeper* doorkeeper = nullptr;  // none: whoever the endpoint serves may come in
    };
    Endpoint(Setup setup, PeerHandler& handler, Reactor& reactor, ConnectionLimit& connections,
             EndpointObserver& observer);
    ~Endpoint() override;
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    Status bind(const Address& address);
    const std::vector<Address>& bound() const { return bound_; }

    EndpointId id() const { return setup_.id; }
    const std::string& name() const { return setup_.name; }
    const EndpointOptions& options() const { return setup_.options; }
    SocketTypes accepts() const { return setup_.accepts; }

    // Nothing is read from its peers until release(). Handshakes go on.
    void hold() override;
    void release() override;
    bool held() const { return held_; }
    uint64_t holds() const { return holds_; }

    // At the end of every turn: goes on reading if that had to wait for memory.
    void on_turn_end();
    // Memory is short: Connection::relieve() of all. From time to time as long as it is.
    void relieve();

    // A planned stop: no new connections; then the bytes of each peer that only sends are read to
    // their end.
    void stop_listening();
    void half_close();
    // Some of those have not ended yet.
    bool reads_to_the_end() const;
    // Is shown what its peers say and are sent, from now on; null: nobody is. It outlives this.
    void watch(Watch* watch);
    // Everything for its peers has been given to the kernel; but for those that are half-closed.
    bool written() const;
    // Then: Connection::finish() of all.
    void finish();
    bool finished() const { return owned_.empty(); }

    const std::map<PeerId, Connection*>& peers() const { return peers_; }
    const RefusalCounts& refusals() const { return refusals_; }
    uint64_t accepted() const { return accepted_; }
    // Times that a peer was not read for a while, for it had sent too fast; such peers now.
    uint64_t slowings() const { return slowings_; }
    size_t slowed() const { return slowed_; }
    void count(Refusal refusal) { refusals_.add(refusal); }

 private:
    friend class Connection;
    class Listener;

    void take(Accepted accepted);
    std::optional<Refusal> admit(Connection& connection, zmtp::Claim& claim);
    bool let_in(const Connection& connection, zmtp::Claim& claim);
    void opened(Connection& connection);
    void refused(Connection& connection, std::optional<SocketType> type, Refusal why,
                 const std::string& detail);
    void closed(Connection& connection, bool was_open, std::optional<Refusal> why);
    void park(Connection& connection);
    void resume_parked();
    bool is_full() const;
    bool memory_is_used_up() const;
    bool waits_for_memory();  // it must, now
    Duration waited_for_memory(Instant now) const;
    void on_slowed();
    void on_slowing_ended() { slowed_--; }
    void on_reassure();
    void reassure_at(Instant then);
    void reassure(Connection& connection);

    Setup setup_;
    PeerHandler& handler_;
    Reactor& reactor_;
    ConnectionLimit& connections_;
    EndpointObserver& observer_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<Address> bound_;
    std::map<PeerId, std::unique_ptr<Connection>> owned_;  // with those that still shake hands
    std::map<PeerId, Connection*> peers_;                  // those that are open
    std::map<std::string, PeerId> identities_;
    std::vector<PeerId> parked_;  // readable while held, or while memory is exhausted
    bool held_ = false;
    std::optional<Instant> exhausted_since_;  // somebody waits for memory
    uint64_t holds_ = 0;
    uint64_t accepted_ = 0;
    uint64_t slowings_ = 0;
    size_t slowed_ = 0;
    RefusalCounts refusals_;
    Watch* watch_ = nullptr;
    Timer reassure_timer_;
};

}  // namespace zbridge::net
