#include "bridge/app/bridge.h"

#include <algorithm>

#include "bridge/delivery/broadcast.h"

namespace zbridge::app {

namespace {

// After an unclean start: workers of groups that connect within it may be busy from before.
constexpr Duration kReturnTime = std::chrono::seconds(10);

constexpr uint64_t kFirstUnstoredId = uint64_t{1} << 62;

delivery::FeedStart feed_start(const settings::StartConfig& config) {
    using Where = settings::StartConfig::Where;
    switch (config.where) {
        case Where::kEarliest:
            return {ZB_START_EARLIEST, 0};
        case Where::kTime:
            return {ZB_START_TIME, config.time_ms};
        case Where::kLast:
            return {ZB_START_LATEST, 0, true};
        case Where::kLatest:
            break;
    }
    return {};
}

}  // namespace

using settings::EndpointConfig;
using settings::Role;

Result<std::unique_ptr<Bridge>> Bridge::open(const settings::Config& config, World world) {
    std::unique_ptr<Bridge> bridge(new Bridge(config, std::move(world)));
    if (Status status = bridge->build_plugins(); !status.ok()) return status;
    if (Status status = bridge->start_engine(); !status.ok()) return status;
    bridge->build_outlets();
    if (Status status = bridge->build_feeds(); !status.ok()) return status;
    if (Status status = bridge->build_consumers(); !status.ok()) return status;
    if (Status status = bridge->build_services(); !status.ok()) return status;
    bridge->build_sessions();
    bridge->build_checkers();
    if (Status status = bridge->build_routes(); !status.ok()) return status;
    bridge->build_intakes();
    bridge->build_sources();
    // Before any peer can come.
    if (bridge->plugins_) {
        if (Status status = bridge->plugins_->start(); !status.ok()) return status;
    }
    if (Status status = bridge->build_endpoints(); !status.ok()) return status;
    for (const auto& reader : bridge->readers_) {
        if (reader) reader->begin();
    }
    bridge->reactor_.before_writing([raw = bridge.get()] { raw->before_writing(); });
    bridge->reactor_.at_turn_end([raw = bridge.get()] { raw->on_turn_end(); });
    return bridge;
}

Bridge::Bridge(const settings::Config& config, World world)
    : config_(config),
      world_(std::move(world)),
      memory_(config.bridge.memory_bytes),
      reactor_(world_.net, world_.clock, memory_),
      dialler_([&net = world_.net] { net.wake(); }, world_.clock),
      drain_timer_(reactor_.timers(),
                   [this] {
                       if (!finishing_) {
                           ended_clean_ = is_clean();
                           give_back();
                       }
                       stop_now();
                   }),
      pressure_timer_(reactor_.timers(), [this] {
          for (const auto& endpoint : endpoints_) {
              if (endpoint && memory_.pressed()) endpoint->relieve();
          }
      }) {
    connections_.max = config.bridge.connections_max;
    ids_.epoch = world_.life.epoch.number();
}

Bridge::~Bridge() {
    // Threads first: what they have done is told nobody any more. Then peers: they know their
    // handlers.
    stop_plugins();
    dialled_.clear();
    added_endpoints_.clear();
    endpoints_.clear();
}

Status Bridge::build_plugins() {
    if (config_.plugins.empty()) return {};
    if (world_.catalog == nullptr)
        return {Code::kInvalid, "plugins are configured, and this bridge has none"};
    plugins_ = std::make_unique<plugin::Instances>(
        *world_.catalog,
        plugin::Services{&world_.clock, world_.log, &reactor_.timers(),
                         [&net = world_.net] { net.wake(); }, &world_.catalog->lives()},
        world_.make_executor);
    for (const settings::PluginConfig& config : config_.plugins) {
        auths_.push_back(nullptr);
        sinks_.push_back(nullptr);
        readers_.push_back(nullptr);
        if (!config.use) continue;  // nothing in the file uses it
        auto instance = plugins_->add(config.options, "");
        if (!instance.ok()) return std::move(instance).error();
        if (config.use == settings::PluginUse::kAuth) {
            auths_.back() = std::make_unique<Auth>(**instance, plugins_->reactor_pulse());
        } else if (config.use == settings::PluginUse::kSink) {
            sinks_.back() = std::make_unique<plugin::SinkLine>(plugins_->worker_of(**instance),
                                                               reactor_.timers(), world_.clock);
        } else if (config.use == settings::PluginUse::kSource) {
            readers_.back() = std::make_unique<plugin::SourceReader>(
                plugins_->worker_of(**instance), reactor_.timers(), world_.clock);
        }
    }
    return {};
}

void Bridge::build_outlets() {
    for (size_t i = 0; i < config_.endpoints.size(); i++) {
        const EndpointConfig& endpoint = config_.endpoints[i];
        const bool straight =
            endpoint.role == Role::kTarget && !endpoint.reads_topics && !endpoint.group;
        outlets_.push_back(straight ? std::make_unique<delivery::Outlet>(
                                          endpoint.name, endpoint.types(), endpoint.line, reactor_)
                                    : nullptr);
    }
}

// Before all that publishes and reads.
Status Bridge::start_engine() {
    if (!config_.engine) return {};
    if (world_.disk == nullptr || world_.random == nullptr)
        return {Code::kInvalid, "topics are configured, and this bridge has no disk"};
    plugin::Instance* instance = plugins_->find(config_.plugins[*config_.engine].options.name);
    ZB_CHECK(instance != nullptr, *config_.engine);
    plugin::EngineWorld its;
    its.disk = world_.disk;
    its.clock = &world_.clock;
    its.random = world_.random;
    its.memory = &memory_;
    its.data_dir = world_.data_dir;
    its.epoch = world_.life.epoch.number();
    its.was_clean = world_.life.clean_start;
    engine_ = std::make_unique<plugin::Engine>(*instance, std::move(its), world_.make_executor);
    // Messages that are stored have the store's numbers, from 1 on; the others have these.
    ids_.next = kFirstUnstoredId;
    std::vector<std::string> endpoints;
    for (const EndpointConfig& endpoint : config_.endpoints)
        endpoints.push_back(endpoint.name);
    notes_ =
        std::make_unique<EngineNotes>(*engine_, world_.clock, std::move(endpoints), world_.log);
    if (Status status = plugins_->start(*instance); !status.ok()) return status;
    config_.plugins[*config_.engine].options.sections.clear();  // it has them in its own words
    request_numbers_.go_on_above(notes_->journal().highest());
    return notes_->journal().begin();
}

Result<TopicId> Bridge::topic(size_t number) const {
    const std::string& name = config_.topics[number].name;
    const auto id = engine_->topic(name);
    if (!id) return Status(Code::kInvalid, "the engine does not know the topic " + name);
    return *id;
}

Status Bridge::build_feeds() {
    for (const EndpointConfig& endpoint : config_.endpoints) {
        feeds_.push_back(!endpoint.reads_topics
                             ? nullptr
                             : std::make_unique<delivery::Feed>(endpoint.name, *engine_, reactor_));
    }
    for (const settings::RouteConfig& route : config_.routes) {
        for (const size_t number : route.from_topics) {
            auto id = topic(number);
            if (!id.ok()) return std::move(id).error().with_context("route " + route.name);
            for (const settings::TargetConfig& target : route.to) {
                if (target.kind != settings::TargetConfig::Kind::kEndpoint)
                    return {Code::kInvalid,
                            "route " + route.name + ": a topic is read by endpoints alone"};
                feeds_[target.index]->add(*id, feed_start(route.start));
            }
        }
    }
    return {};
}

Status Bridge::build_consumers() {
    consumers_.resize(config_.endpoints.size());
    for (const settings::RouteConfig& route : config_.routes) {
        if (!route.from_group) continue;
        for (const settings::TargetConfig& target : route.to) {
            Status status = target.kind == settings::TargetConfig::Kind::kEndpoint
                                ? build_consumers(route, target.index)
                                : Status(Code::kInvalid, "a group is consumed at endpoints alone");
            if (!status.ok()) return std::move(status).with_context("route " + route.name);
        }
    }
    return {};
}

Status Bridge::build_consumers(const settings::RouteConfig& route, size_t endpoint) {
    const EndpointConfig& config = config_.endpoints[endpoint];
    const settings::GroupConfig& group = config_.groups[*route.from_group];
    const auto id = engine_->group(group.name);
    if (!id) return {Code::kInvalid, "the engine does not know the group " + group.name};
    delivery::Consumers::Setup setup;
    setup.name = config.name;
    setup.group = *id;
    setup.options = {config.puller, config.credit, route.settle, group.resume_grace};
    if (!world_.life.clean_start) setup.return_until = world_.life.started + kReturnTime;
    if (route.replies) {
        auto replies = topic(*route.replies);
        if (!replies.ok()) return std::move(replies).error();
        setup.replies = *replies;
    }
    if (group.broadcast) {
        consumers_[endpoint] =
            std::make_unique<delivery::Broadcast>(std::move(setup), *engine_, reactor_);
    } else {
        consumers_[endpoint] =
            std::make_unique<delivery::Consumers>(std::move(setup), *engine_, reactor_);
    }
    giving_.push_back(consumers_[endpoint].get());
    return {};
}

void Bridge::build_sessions() {
    for (const EndpointConfig& endpoint : config_.endpoints) {
        sessions_.push_back(
            endpoint.role != Role::kZbp
                ? nullptr
                : std::make_unique<protocol::Sessions>(sessions_setup(endpoint.options.limits),
                                                       engine_.get(), reactor_));
    }
}

protocol::SessionsSetup Bridge::sessions_setup(const net::PeerLimits& limits) {
    std::map<std::string, Duration, std::less<>> leases;
    for (const settings::GroupConfig& group : config_.groups)
        leases.emplace(group.name, group.lease);
    protocol::SessionsSetup setup;
    setup.bridge = config_.bridge.name;
    setup.epoch = world_.life.epoch.number();
    setup.message_bytes_max = limits.message_bytes_max;
    setup.frames_max = limits.frames_max;
    // One that a command has made may come and go: the engine knows.
    setup.topic = [engine = engine_.get()](std::string_view name) {
        return engine != nullptr ? engine->find_topic(name) : std::nullopt;
    };
    setup.lease = [leases](std::string_view name) {
        const auto found = leases.find(name);
        return found == leases.end() ? std::optional<Duration>() : found->second;
    };
    for (size_t i = 0; i < callees_.size(); i++)
        setup.services.emplace(config_.services[i].options.name, callees_[i].get());
    setup.next_peer = [this] { return PeerId(connections_.next_peer++); };
    return setup;
}

// Before the first check is due.
void Bridge::build_checkers() {
    for (const EndpointConfig& endpoint : config_.endpoints) {
        checkers_.push_back(endpoint.role != Role::kCheckers || !engine_
                                ? nullptr
                                : std::make_unique<delivery::Checkers>(
                                      delivery::Checkers::Setup{endpoint.name, endpoint.credit},
                                      *engine_, reactor_));
    }
}

Status Bridge::build_services() {
    for (size_t i = 0; i < config_.services.size(); i++) {
        const rpc::ServiceOptions& options = config_.services[i].options;
        rpc::DedupKey key;
        if (options.dedup) {
            auto compiled = routing::compile_expression(options.dedup->key);
            if (!compiled.ok())
                return std::move(compiled).error().with_context("service " + options.name +
                                                                ": dedup.key");
            auto expression = std::make_shared<routing::CompiledExpression>(std::move(*compiled));
            key = [expression](const Message& body) { return expression->text_of(body); };
        }
        services_.push_back(std::make_unique<rpc::Service>(
            ServiceId(static_cast<uint32_t>(i)), options, world_.life, request_numbers_,
            world_.clock, reactor_.timers(), memory_, std::move(key),
            notes_ ? &notes_->journal() : nullptr));
        callees_.push_back(std::make_unique<ServiceCallee>(*services_.back()));
    }
    if (notes_) notes_->journal().abandon_rest();
    return {};
}

Status Bridge::build_routes() {
    for (const settings::RouteConfig& route : config_.routes) {
        auto shape = routing::Shape::compile(route.shape, world_.clock);
        if (!shape.ok()) return std::move(shape).error().with_context("route " + route.name);
        auto built = std::make_unique<intake::Route>(route.name, std::move(*shape), route.on_full);
        for (const settings::TargetConfig& target : route.to) {
            intake::Target its;
            switch (target.kind) {
                case settings::TargetConfig::Kind::kEndpoint:
                    its.outlet = outlets_[target.index].get();
                    break;
                case settings::TargetConfig::Kind::kService:
                    its.service = services_[target.index].get();
                    break;
                case settings::TargetConfig::Kind::kPlugin:
                    its.sink = sinks_[target.index].get();
                    break;
                case settings::TargetConfig::Kind::kTopic: {
                    auto id = topic(target.index);
                    if (!id.ok()) return std::move(id).error().with_context("route " + route.name);
                    its.topic = *id;
                    break;
                }
                case settings::TargetConfig::Kind::kGroup:  // takes no messages
                    break;
            }
            built->add(its);
        }
        if (route.rejects) {
            auto id = topic(*route.rejects);
            if (!id.ok()) return std::move(id).error().with_context("route " + route.name);
            built->rejects = *id;
        }
        Status status = add_steps(route, *built);
        if (!status.ok()) return std::move(status).with_context("route " + route.name);
        routes_.push_back(std::move(built));
    }
    return {};
}

Status Bridge::add_steps(const settings::RouteConfig& config, intake::Route& route) {
    if (config.steps.empty()) return {};
    std::vector<plugin::Instance*> steps;
    for (const size_t number : config.steps) {
        plugin::Instance* step = plugins_->find(config_.plugins[number].options.name);
        ZB_CHECK(step != nullptr, config_.plugins[number].options.name);
        steps.push_back(step);
        route.workers.push_back(step->step_may_block() ? &plugins_->worker_of(*step) : nullptr);
        route.dead_letters.emplace_back();
        if (const auto letters = config_.plugins[number].dead_letters) {
            auto id = topic(*letters);
            if (!id.ok()) return std::move(id).error();
            route.dead_letters.back() = *id;
        }
    }
    std::vector<std::string> targets;
    for (const settings::TargetConfig& target : config.to)
        targets.push_back(settings::reference_to(target, config_));
    route.steps = std::make_unique<plugin::Pipeline>(std::move(steps), std::move(targets),
                                                     plugins_->reactor_pulse(), memory_);
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
            if (std::find(from.begin(), from.end(), i) != from.end())
                from_here.push_back(routes_[r].get());
        }
        intake::IntakeOptions options;
        options.receipts = static_cast<intake::Receipts>(endpoint.receipts);
        options.subscribe = endpoint.subscribe == EndpointConfig::Subscribe::kAll
                                ? intake::Subscribe::kAll
                                : intake::Subscribe::kDemand;
        if (endpoint.checkers) options.checker = config_.endpoints[*endpoint.checkers].name;
        intakes_.push_back(std::make_unique<intake::Intake>(
            options, from_here, ids_, reactor_.timers(), world_.clock, memory_, engine_.get()));
    }
}

void Bridge::build_sources() {
    for (size_t i = 0; i < readers_.size(); i++) {
        if (!readers_[i]) continue;
        std::vector<intake::Route*> from_here;
        for (size_t r = 0; r < config_.routes.size(); r++) {
            const auto& from = config_.routes[r].from_plugins;
            if (std::find(from.begin(), from.end(), i) != from.end())
                from_here.push_back(routes_[r].get());
        }
        sources_.push_back(std::make_unique<intake::SourceIntake>(*readers_[i], from_here, ids_,
                                                                  reactor_.timers(), world_.clock,
                                                                  memory_, engine_.get()));
    }
}

Status Bridge::build_endpoints() {
    for (size_t i = 0; i < config_.endpoints.size(); i++) {
        endpoints_.push_back(nullptr);
        net::PeerHandler* handler = handler_of(i);
        if (handler == nullptr) continue;
        if (!config_.endpoints[i].connect.empty()) dial(i, *handler);
        if (Status status = bind(i, *handler); !status.ok()) return status;
    }
    return dialled_.empty() ? Status() : dialler_.start();
}

Status Bridge::bind(size_t endpoint, net::PeerHandler& handler) {
    const EndpointConfig& config = config_.endpoints[endpoint];
    if (config.bind.empty()) return {};
    auto& built = endpoints_[endpoint];
    net::Doorkeeper* doorkeeper = config.auth ? auths_[*config.auth].get() : nullptr;
    if (consumers_[endpoint]) doorkeeper = consumers_[endpoint]->doorkeeper(doorkeeper);
    built = std::make_unique<net::Endpoint>(
        net::Endpoint::Setup{
            EndpointId(static_cast<uint32_t>(endpoint)), config.name, config_.bridge.name,
            config.types(), config.options, /*private_ipc=*/false,
            /*yields_memory=*/config.role != Role::kTarget || config.group,
            /*reserved=*/false,
            /*yields_at_budgets=*/config.role == Role::kWorkers || config.group ? 2U : 1U,
            doorkeeper},
        handler, reactor_, connections_, world_.observer);
    if (intakes_[endpoint]) intakes_[endpoint]->attach(*built);
    if (consumers_[endpoint]) consumers_[endpoint]->attach(*built);
    if (sessions_[endpoint]) sessions_[endpoint]->attach(*built);
    for (const net::Address& address : config.bind) {
        if (Status status = built->bind(address); !status.ok()) return status;
    }
    return {};
}

void Bridge::dial(size_t endpoint, net::PeerHandler& handler) {
    const EndpointConfig& config = config_.endpoints[endpoint];
    const SocketType ours = config.socket.value_or(SocketType::kDealer);
    SocketType theirs = counterpart_of(ours);
    if (ours == SocketType::kSub || ours == SocketType::kXsub) theirs = SocketType::kPub;
    if (ours == SocketType::kPub || ours == SocketType::kXpub) theirs = SocketType::kSub;
    // A DEALER of ours talks to whatever the role is for.
    if (config.role == Role::kWorkers) theirs = SocketType::kRep;
    if (config.role == Role::kClients) theirs = SocketType::kReq;
    if (config.role == Role::kSource && ours == SocketType::kDealer) theirs = SocketType::kDealer;
    auto dialled = std::make_unique<net::DialledEndpoint>(
        net::DialledEndpoint::Setup{EndpointId(static_cast<uint32_t>(endpoint)), config.name, ours,
                                    theirs, config.options.limits,
                                    /*source=*/config.role == Role::kSource},
        handler, reactor_, connections_, dialler_);
    if (intakes_[endpoint]) intakes_[endpoint]->attach(*dialled);
    for (const net::Address& address : config.connect)
        dialled->connect(address.text());
    dialled_.push_back(std::move(dialled));
}

net::PeerHandler* Bridge::handler_of(size_t endpoint) {
    if (feeds_[endpoint]) return feeds_[endpoint].get();
    if (consumers_[endpoint]) return consumers_[endpoint].get();
    if (sessions_[endpoint]) return sessions_[endpoint].get();
    if (checkers_[endpoint]) return checkers_[endpoint].get();
    if (outlets_[endpoint]) return outlets_[endpoint].get();
    if (intakes_[endpoint]) return intakes_[endpoint].get();
    for (size_t i = 0; i < config_.services.size(); i++) {
        if (config_.services[i].clients == endpoint) return &services_[i]->clients();
        if (config_.services[i].workers == endpoint) return &services_[i]->workers();
    }
    return nullptr;
}

Status Bridge::serve_admin(net::Endpoint::Setup setup, protocol::AdminCalls calls,
                           const net::Address& address) {
    ZB_CHECK(added_endpoints_.empty());
    protocol::SessionsSetup its = sessions_setup(setup.options.limits);
    its.admin = std::move(calls);
    sessions_.push_back(
        std::make_unique<protocol::Sessions>(std::move(its), engine_.get(), reactor_));
    added_endpoints_.push_back(std::make_unique<net::Endpoint>(
        std::move(setup), *sessions_.back(), reactor_, connections_, world_.observer));
    sessions_.back()->attach(*added_endpoints_.back());
    return added_endpoints_.back()->bind(address);
}

}  // namespace zbridge::app
