// The whole bridge: every part built in order, every connection between parts shown.
//
// Thread:  the reactor thread, but for request_stop() and stop_now(), which any thread may call.
// Ending:  request_stop() stops listening, half-closes each peer that only sends and reads it to its end, lets services
//          finish, writes what waits; at most drain_timeout. stop_now() ends with the turn.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "bridge/delivery/outlet.h"
#include "bridge/intake/intake.h"
#include "bridge/intake/route.h"
#include "bridge/net/endpoint.h"
#include "bridge/net/reactor.h"
#include "bridge/settings/config.h"

namespace zbridge::app {

// What the bridge stands on: the real world, or a simulated one.
struct World {
    net::Net& net;
    Clock& clock;
    net::EndpointObserver& observer;
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
    bool ended() const { return ended_; }
    // What was lost because the bridge ended before it could be delivered.
    uint64_t undelivered() const;

    net::Reactor& reactor() { return reactor_; }
    const settings::Config& config() const { return config_; }
    // One per endpoint of the configuration, in its order; none where it has no use or is dialled only.
    const std::vector<std::unique_ptr<net::Endpoint>>& endpoints() const { return endpoints_; }
    const std::vector<std::unique_ptr<delivery::Outlet>>& outlets() const { return outlets_; }
    const std::vector<std::unique_ptr<intake::Intake>>& intakes() const { return intakes_; }
    const std::vector<std::unique_ptr<intake::Route>>& routes() const { return routes_; }

 private:
    Bridge(const settings::Config& config, World world);
    void build_outlets();
    Status build_routes();
    void build_intakes();
    Status build_endpoints();
    net::PeerHandler* handler_of(size_t endpoint);
    SocketTypes accepted_by(size_t endpoint) const;

    void on_turn_end();
    void relieve_memory();
    void begin_drain();
    bool drained() const;

    settings::Config config_;
    World world_;
    MemoryBudget memory_;
    net::Reactor reactor_;
    net::ConnectionLimit connections_;
    intake::MessageIds ids_;
    // Indexed like config_.endpoints; empty where an endpoint has another role.
    std::vector<std::unique_ptr<delivery::Outlet>> outlets_;
    std::vector<std::unique_ptr<intake::Route>> routes_;
    std::vector<std::unique_ptr<intake::Intake>> intakes_;
    std::vector<std::unique_ptr<net::Endpoint>> endpoints_;

    uint64_t memory_after_compaction_ = 0;
    Timer drain_timer_;
    bool draining_ = false;
    bool ended_ = false;
    std::atomic<bool> stop_requested_ = false;
};

}  // namespace zbridge::app
