#include "bridge/app/bridge.h"

#include <algorithm>

namespace zbridge::app {

using settings::EndpointConfig;
using settings::Role;

Result<std::unique_ptr<Bridge>> Bridge::open(const settings::Config& config, World world) {
    std::unique_ptr<Bridge> bridge(new Bridge(config, world));
    bridge->build_outlets();
    if (Status status = bridge->build_routes(); !status.ok()) return status;
    bridge->build_intakes();
    if (Status status = bridge->build_endpoints(); !status.ok()) return status;
    bridge->reactor_.at_turn_end([raw = bridge.get()] { raw->on_turn_end(); });
    return bridge;
}

Bridge::Bridge(const settings::Config& config, World world)
    : config_(config), world_(world), memory_(config.bridge.memory_bytes), reactor_(world.net, world.clock, memory_),
      drain_timer_(reactor_.timers(), [this] { stop_now(); }) {
    connections_.max = config.bridge.connections_max;
}

Bridge::~Bridge() {
    endpoints_.clear();  // peers first: they know their handlers
}

void Bridge::build_outlets() {
    for (size_t i = 0; i < config_.endpoints.size(); i++) {
        const EndpointConfig& endpoint = config_.endpoints[i];
        outlets_.push_back(endpoint.role != Role::kTarget ? nullptr
                                                          : std::make_unique<delivery::Outlet>(
                                                                endpoint.name, accepted_by(i), endpoint.line, reactor_));
    }
}

Status Bridge::build_routes() {
    for (const settings::RouteConfig& route : config_.routes) {
        auto shape = routing::Shape::compile(route.shape, world_.clock);
        if (!shape.ok()) return std::move(shape).error().with_context("route " + route.name);
        auto built = std::make_unique<intake::Route>(
            intake::Route{route.name, std::move(*shape), route.on_full, {}, {}, 0, 0, {}});
        for (const settings::TargetConfig& target : route.to) {
            if (target.kind == settings::TargetConfig::Kind::kEndpoint) {
                built->outlets.push_back(outlets_[target.index].get());
            }
        }
        routes_.push_back(std::move(built));
    }
    return {};
}

void Bridge::build_intakes() {
    for (size_t i = 0; i < config_.endpoints.size(); i++) {
        const EndpointConfig& endpoint = config_.endpoints[i];
        if (endpoint.role != Role::kSource) {
            intakes_.push_back(nullptr);
            continue;
        }
        std::vector<intake::Route*> from_here;
        for (size_t r = 0; r < config_.routes.size(); r++) {
            const auto& from = config_.routes[r].from;
            if (std::find(from.begin(), from.end(), i) != from.end()) from_here.push_back(routes_[r].get());
        }
        intake::IntakeOptions options;
        options.receipts = static_cast<intake::Receipts>(endpoint.receipts);
        options.subscribe = endpoint.subscribe == EndpointConfig::Subscribe::kAll ? intake::Subscribe::kAll
                                                                                  : intake::Subscribe::kDemand;
        intakes_.push_back(std::make_unique<intake::Intake>(options, from_here, ids_, memory_));
    }
}

Status Bridge::build_endpoints() {
    for (size_t i = 0; i < config_.endpoints.size(); i++) {
        const EndpointConfig& config = config_.endpoints[i];
        net::PeerHandler* handler = handler_of(i);
        if (handler == nullptr || config.bind.empty()) {
            endpoints_.push_back(nullptr);
            continue;
        }
        endpoints_.push_back(std::make_unique<net::Endpoint>(
            net::Endpoint::Setup{EndpointId(static_cast<uint32_t>(i)), config.name, config_.bridge.name, accepted_by(i),
                                 config.options},
            *handler, reactor_, connections_, world_.observer));
        if (intakes_[i]) intakes_[i]->attach(*endpoints_[i]);
        for (const net::Address& address : config.bind) {
            if (Status status = endpoints_[i]->bind(address); !status.ok()) return status;
        }
    }
    return {};
}

net::PeerHandler* Bridge::handler_of(size_t endpoint) {
    if (outlets_[endpoint]) return outlets_[endpoint].get();
    if (intakes_[endpoint]) return intakes_[endpoint].get();
    return nullptr;
}

SocketTypes Bridge::accepted_by(size_t endpoint) const {
    using enum SocketType;
    const EndpointConfig& config = config_.endpoints[endpoint];
    if (config.accept) return *config.accept;
    switch (config.role) {
        case Role::kSource: return {kPush, kPub, kXpub, kReq, kDealer};
        case Role::kTarget: return {kPull, kSub, kXsub};
        case Role::kClients: return {kReq, kDealer};
        case Role::kWorkers: return {kRep, kDealer, kRouter, kReq};
        case Role::kUnused:
        case Role::kZbp: break;
    }
    return {};
}

void Bridge::run() {
    while (!ended_) reactor_.turn(true);
}

void Bridge::turn() { reactor_.turn(false); }

void Bridge::request_stop() {
    stop_requested_ = true;
    world_.net.wake();
}

void Bridge::stop_now() {
    ended_ = true;
    world_.net.wake();
}

void Bridge::on_turn_end() {
    for (const auto& outlet : outlets_) {
        if (outlet) outlet->on_turn_end();
    }
    if (memory_.pressed()) relieve_memory();
    if (stop_requested_ && !draining_) begin_drain();
    if (draining_ && drained()) stop_now();
}

// Waiting messages may hold large chunks by a few bytes each. Copying them together costs time: only after a sixteenth of
// the budget has been taken since the last time.
void Bridge::relieve_memory() {
    if (memory_.used() < memory_after_compaction_ + memory_.limit() / 16) return;
    for (const auto& outlet : outlets_) {
        if (outlet) outlet->compact();
    }
    memory_after_compaction_ = memory_.used();
}

void Bridge::begin_drain() {
    draining_ = true;
    drain_timer_.arm(reactor_.now() + config_.bridge.drain_timeout);
    for (const auto& endpoint : endpoints_) {
        if (!endpoint) continue;
        endpoint->stop_listening();
        endpoint->half_close();
    }
}

bool Bridge::drained() const {
    for (size_t i = 0; i < endpoints_.size(); i++) {
        if (intakes_[i] && endpoints_[i] && endpoints_[i]->reads_to_the_end()) return false;
        if (outlets_[i] && !outlets_[i]->drained()) return false;
    }
    return true;
}

uint64_t Bridge::undelivered() const {
    uint64_t messages = 0;
    for (const auto& outlet : outlets_) {
        if (outlet) messages += outlet->line().messages();
    }
    return messages;
}

}  // namespace zbridge::app
