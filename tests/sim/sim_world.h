// One run: a bridge, the applications around it, and all that happens to them, from one seed.
//
// Flow:    plan -> open the bridge -> what the seed lets happen -> everybody goes on until all is
//          quiet -> the ending -> compare with the model
// Failure: the first thing that is not as it must be ends the run; failure() says what.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/app/bridge.h"
#include "tests/sim/model.h"
#include "tests/sim/plan.h"
#include "tests/sim/rpc_model.h"
#include "tests/sim/rpc_peers.h"
#include "tests/sim/rude_peer.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_peer.h"

namespace zbridge::sim {

struct Statistics {
    uint64_t peers = 0, stalls = 0, deaths = 0, leavings = 0, refusals = 0;
    uint64_t requests = 0, answers = 0, executions = 0;
    uint64_t accepted = 0, received = 0, dropped = 0, returned = 0, holds = 0, turns = 0;
    uint64_t kills = 0, late = 0;               // late: replies to requests of an earlier life
    uint64_t memory_most = 0, memory_over = 0;  // over: its limit
    void add(const Statistics& other);
};

class World final : public net::EndpointObserver {
 public:
    static constexpr uint64_t kTurnsMax = 2'000'000;
    static constexpr uint32_t kTurnsInVainMax = 500;
    static constexpr uint32_t kQuietChecks = 6;      // a second apart, without anything that moves
    static constexpr uint32_t kQuietChecksRpc = 45;  // longer than any timeout of a service
    static constexpr uint64_t kMemorySlackBytes = 1 << 20;  // above the budget's limit
    static constexpr uint32_t kChecksMax = 600;

    World(uint64_t seed, bool print_trace, bool print_script);
    ~World() override;

    void run();
    const std::string& failure() const { return failure_; }
    uint64_t hash() const { return trace_.hash(); }
    const Statistics& statistics() const { return statistics_; }

    void on_peer_opened(const net::Endpoint& endpoint, const net::Peer& peer) override;
    void on_peer_closed(const net::Endpoint& endpoint, const net::Peer& peer,
                        std::optional<Refusal> why) override;
    void on_refused(const net::Endpoint& endpoint, const std::string& address,
                    std::optional<SocketType> type, Refusal why,
                    const std::string& detail) override;
    void on_trouble(const net::Endpoint& endpoint, const std::string& what) override;

 private:
    struct Known {  // of a peer that the bridge has, or had
        const net::Peer* peer = nullptr;
        bool opened = false;
        bool ended = false;
        std::optional<Refusal> why;
        uint64_t dropped = 0;
    };

    void fail(const std::string& what);
    void script(const std::string& what);
    bool chance(uint32_t in_100) { return random_.below(100) < in_100; }
    Duration some_time(Duration most) {
        return Duration(
            static_cast<int64_t>(random_.below(static_cast<uint64_t>(most.count()) + 1)));
    }
    Surroundings around();

    // What happens.
    void happen();
    void kill_bridge();
    void open_bridge();
    PeerSetup peer_setup(const std::string& type, size_t endpoint);
    Producer& new_producer(size_t endpoint);
    Consumer& new_consumer(size_t endpoint, const std::string& type);
    Client& new_client(size_t endpoint);
    Worker& new_worker(size_t endpoint, Worker* before = nullptr);
    void new_peer();
    void new_rude_peer();
    void burst(Producer& producer);
    void let_subscribe(Consumer& sub);
    void let_stall(SimPeer& peer);
    std::string some_topic();
    std::string some_prefix();
    Frames some_body(Producer& producer, Producer::Sent& sent);
    size_t service_of(size_t endpoint) const;
    bool asks(size_t endpoint) const;
    SimPeer* somebody(uint64_t what);
    template <class Visit>
    void each_peer(Visit&& visit);
    template <class P>
    P* one_of(std::vector<std::unique_ptr<P>>& peers);

    // The phases.
    void turn_until(const bool& done);
    void start_again();
    void count_late();
    void settle();
    void check_quiet(uint64_t fingerprint, uint32_t quiet, uint32_t checks);
    uint64_t fingerprint() const;
    void all_leave();
    void stop();
    void break_off();
    void let_arrive();
    void sample();
    void collect_lost();

    // What must hold.
    void watch_memory();
    bool may_be_held(size_t source) const;
    void check_settled();
    struct TargetState {
        size_t endpoint = 0;
        delivery::OutletCounters counters;
        uint64_t waiting = 0;
    };
    uint64_t waiting_for_pulls(size_t endpoint) const;
    std::vector<TargetState> target_states();
    void check_services();
    void check_model(const std::vector<TargetState>& states);
    void check_empty();

    uint64_t seed_;
    bool print_script_;
    ManualClock clock_;
    Agenda agenda_;
    Trace trace_;
    SeededRandom random_, net_random_;
    Plan plan_;
    SimNet net_;
    std::unique_ptr<Model> model_;
    std::vector<std::unique_ptr<Producer>> producers_;
    std::vector<std::unique_ptr<Consumer>> consumers_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::vector<std::unique_ptr<RudePeer>> rude_;
    std::vector<std::unique_ptr<RpcModel>> rpc_models_;  // one per service
    std::vector<uint64_t> asked_of_;  // likewise: requests of clients that have gone
    std::vector<std::pair<RudePeer*, size_t>> rude_pulls_;  // and their endpoints
    std::map<SimNet::LinkId, size_t> rude_endpoints_;
    std::map<uint32_t, size_t> endpoint_of_;  // by the peer's number
    std::map<std::string, SimPeer*> by_address_;
    std::map<SimNet::LinkId, Consumer*> sub_by_link_;
    std::map<SimNet::LinkId, Client*> client_by_link_;
    std::map<uint32_t, Known> known_;  // by the peer's number
    std::vector<Producer*> sampled_;   // producers that the bridge has
    std::unique_ptr<app::Bridge> bridge_;
    std::map<size_t, TargetState> before_;  // of targets in the lives before this one, by endpoint
    uint32_t life_ = 0;
    bool killed_ = false;
    uint32_t next_peer_ = 1;
    bool settling_ = false, settled_ = false, ending_ = false;
    uint64_t turns_ = 0, turns_in_vain_ = 0;
    std::string failure_;
    Statistics statistics_;
};

}  // namespace zbridge::sim
