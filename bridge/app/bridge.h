// The whole bridge: every part built in order, every connection between parts shown.
//
// Thread:  the reactor thread, but for request_stop() and stop_now(), which any thread may call.
// Ending:  request_stop() stops listening, half-closes each peer that only sends and reads it to
//          its end, lets services finish, writes what waits; then half-closes everybody and reads
//          on until they have seen it (kFinishTime). At most drain_timeout for all. stop_now() ends
//          with the turn.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "bridge/app/auth.h"
#include "bridge/app/engine_notes.h"
#include "bridge/app/service_callee.h"
#include "bridge/delivery/checkers.h"
#include "bridge/delivery/consumers.h"
#include "bridge/delivery/feed.h"
#include "bridge/delivery/outlet.h"
#include "bridge/intake/intake.h"
#include "bridge/intake/route.h"
#include "bridge/intake/source_intake.h"
#include "bridge/net/dialled/dialled_endpoint.h"
#include "bridge/net/endpoint.h"
#include "bridge/net/reactor.h"
#include "bridge/plugin/instances.h"
#include "bridge/protocol/sessions.h"
#include "bridge/rpc/service.h"
#include "bridge/settings/config.h"

namespace zbridge::app {

// What the bridge stands on: the real world, or a simulated one.
struct World {
    net::Net& net;
    Clock& clock;
    net::EndpointObserver& observer;
    rpc::Life life;
    // For plugins. No catalog: a configuration that names any cannot be opened.
    plugin::Catalog* catalog = nullptr;
    plugin::MakeExecutor make_executor = {};
    telemetry::Log* log = nullptr;
    // For an engine: a configuration with topics cannot be opened without.
    Disk* disk = nullptr;
    Random* random = nullptr;
    std::string data_dir = {};
};

class Bridge {
 public:
    // Binds every endpoint: the error names the one that could not be.
    static Result<std::unique_ptr<Bridge>> open(const settings::Config& config, World world);
    ~Bridge();

    // Until it has ended.
    void run();
    // One turn of the loop, without waiting: for the simulated world.
    void turn();
    void request_stop();
    void stop_now();
    // As request_stop() begins, and then waits for that: nothing new is taken, what is on its way is
    // finished, whoever wants to look may. There is no way back.
    void drain();
    bool ended() const { return ended_; }
    bool draining() const { return draining_; }
    // Nothing is on its way. REQUIRES: draining().
    bool drained() const;
    // Waits for what plugins still do, and stops them. After run().
    void stop_plugins();
    // Messages in lines and requests in work that are not stored: what is lost if the bridge ends
    // now.
    uint64_t undelivered() const;
    // Nothing is lost, and no worker is busy with a request of this life.
    bool ended_clean() const { return ended_clean_; }

    net::Reactor& reactor() { return reactor_; }
    const settings::Config& config() const { return config_; }
    // One per endpoint of the configuration, in its order; none where it has no use or is dialled
    // only.
    const std::vector<std::unique_ptr<net::Endpoint>>& endpoints() const { return endpoints_; }
    const std::vector<std::unique_ptr<delivery::Outlet>>& outlets() const { return outlets_; }
    const std::vector<std::unique_ptr<delivery::Feed>>& feeds() const { return feeds_; }
    const std::vector<std::unique_ptr<delivery::GroupConsumers>>& consumers() const {
        return consumers_;
    }
    const std::vector<std::unique_ptr<protocol::Sessions>>& sessions() const { return sessions_; }
    const std::vector<std::unique_ptr<delivery::Checkers>>& checkers() const { return checkers_; }
    const std::vector<std::unique_ptr<intake::Intake>>& intakes() const { return intakes_; }
    const std::vector<std::unique_ptr<intake::Route>>& routes() const { return routes_; }
    const std::vector<std::unique_ptr<rpc::Service>>& services() const { return services_; }
    const std::vector<std::unique_ptr<net::DialledEndpoint>>& dialled() const { return dialled_; }
    // Null: there are no topics.
    plugin::Engine* engine() const { return engine_.get(); }
    // Null: there are none.
    const plugin::Instances* plugins() const { return plugins_.get(); }
    const std::vector<std::unique_ptr<plugin::SinkLine>>& sinks() const { return sinks_; }
    const std::vector<std::unique_ptr<intake::SourceIntake>>& sources() const { return sources_; }
    const net::ConnectionLimit& connections() const { return connections_; }
    const MemoryBudget& memory() const { return memory_; }
    const rpc::Life& life() const { return world_.life; }
    // Another endpoint beside those of the configuration: ZBP/1, with the calls of the command line.
    // Once.
    Status serve_admin(net::Endpoint::Setup setup, protocol::AdminCalls calls,
                       const net::Address& address);

 private:
    Bridge(const settings::Config& config, World world);
    Status build_plugins();
    Status start_engine();
    void build_outlets();
    Status build_feeds();
    Status build_consumers();
    Status build_consumers(const settings::RouteConfig& route, size_t endpoint);
    void build_sessions();
    protocol::SessionsSetup sessions_setup(const net::PeerLimits& limits);
    void build_checkers();
    Result<TopicId> topic(size_t number) const;
    Status build_services();
    Status build_routes();
    Status add_steps(const settings::RouteConfig& config, intake::Route& route);
    void build_intakes();
    void build_sources();
    Status build_endpoints();
    Status bind(size_t endpoint, net::PeerHandler& handler);
    void dial(size_t endpoint, net::PeerHandler& handler);
    net::PeerHandler* handler_of(size_t endpoint);

    void before_writing();
    void give_to_sessions();
    void on_turn_end();
    void relieve_memory();
    void begin_end();
    void give_back();
    void begin_finish();
    bool finished() const;
    bool is_clean() const;

    settings::Config config_;
    World world_;
    MemoryBudget memory_;
    net::Reactor reactor_;
    net::ConnectionLimit connections_;
    intake::MessageIds ids_;
    std::unique_ptr<plugin::Instances> plugins_;
    std::unique_ptr<plugin::Engine> engine_;
    std::unique_ptr<EngineNotes> notes_;
    std::vector<std::unique_ptr<Auth>> auths_;                    // indexed like config_.plugins
    std::vector<std::unique_ptr<plugin::SinkLine>> sinks_;        // indexed like config_.plugins
    std::vector<std::unique_ptr<plugin::SourceReader>> readers_;  // likewise
    // Indexed like config_.endpoints; empty where an endpoint has another role.
    std::vector<std::unique_ptr<delivery::Outlet>> outlets_;
    std::vector<std::unique_ptr<delivery::Feed>> feeds_;                // likewise
    std::vector<std::unique_ptr<delivery::GroupConsumers>> consumers_;  // likewise
    // Likewise, and then those of the admin endpoint.
    std::vector<std::unique_ptr<protocol::Sessions>> sessions_;
    std::vector<std::unique_ptr<delivery::Checkers>> checkers_;  // likewise
    std::vector<delivery::GroupConsumers*>
        giving_;  // of them, that which gave something last at the end
    rpc::RequestNumbers request_numbers_;
    std::vector<std::unique_ptr<rpc::Service>> services_;  // indexed like config_.services
    std::vector<std::unique_ptr<ServiceCallee>> callees_;  // likewise
    std::vector<std::unique_ptr<intake::Route>> routes_;   // indexed like config_.routes
    std::vector<std::unique_ptr<intake::Intake>> intakes_;
    std::vector<std::unique_ptr<intake::SourceIntake>> sources_;
    std::vector<std::unique_ptr<net::Endpoint>> endpoints_;
    std::vector<std::unique_ptr<net::Endpoint>> added_endpoints_;
    net::Dialler dialler_;
    std::vector<std::unique_ptr<net::DialledEndpoint>> dialled_;

    uint64_t memory_after_compaction_ = 0;
    Timer drain_timer_;
    Timer pressure_timer_;
    bool draining_ = false;
    bool ending_ = false;     // and ends when it is drained
    bool finishing_ = false;  // all is written; peers are given the time to read it
    bool ended_clean_ = false;
    std::atomic<bool> ended_ = false;
    std::atomic<bool> stop_requested_ = false;
};

}  // namespace zbridge::app
