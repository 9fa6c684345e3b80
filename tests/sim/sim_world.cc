#include "tests/sim/sim_world.h"

#include <algorithm>
#include <cstdio>

namespace zbridge::sim {

using settings::Role;
using std::chrono::milliseconds;
using std::chrono::seconds;

void Statistics::add(const Statistics& other) {
    peers += other.peers;
    stalls += other.stalls;
    deaths += other.deaths;
    leavings += other.leavings;
    refusals += other.refusals;
    accepted += other.accepted;
    received += other.received;
    requests += other.requests;
    answers += other.answers;
    executions += other.executions;
    dropped += other.dropped;
    returned += other.returned;
    holds += other.holds;
    kills += other.kills;
    late += other.late;
    turns += other.turns;
    memory_most = std::max(memory_most, other.memory_most);
    memory_over = std::max(memory_over, other.memory_over);
}

World::World(uint64_t seed, bool print_trace, bool print_script)
    : seed_(seed),
      print_script_(print_script),
      agenda_(clock_),
      trace_(print_trace),
      random_(seed * 2 + 1),
      net_random_(seed * 2 + 0x5eed),
      plan_(make_plan(random_)),
      net_(plan_.net, net_random_, agenda_, trace_) {
    model_ = std::make_unique<Model>(plan_.config, [this](const std::string& what) { fail(what); });
    for (const settings::ServiceConfig& service : plan_.config.services) {
        rpc_models_.push_back(std::make_unique<RpcModel>(
            service.options, [this](const std::string& what) { fail(what); }));
        // Attempts end by their own time, and their requests are done again: how often is all that
        // can be said.
        if (service.options.retry_on_timeout) rpc_models_.back()->on_worker_trouble();
    }
    asked_of_.resize(plan_.config.services.size());
    net_.before_io = [this] { sample(); };
    net_.after_read = [this](SimNet::LinkId link, uint64_t bytes) {
        const auto sub = sub_by_link_.find(link);
        if (sub != sub_by_link_.end()) model_->on_read(*sub->second, bytes);
        const auto client = client_by_link_.find(link);
        if (client == client_by_link_.end()) return;
        const net::Peer* peer = known_[client->second->number()].peer;
        client->second->on_read(bytes, peer != nullptr ? peer->outbox().appended() : 0);
    };
}

// The bridge ends its peers as it goes: nobody is to look at them any more.
World::~World() {
    sampled_.clear();
}

void World::fail(const std::string& what) {
    if (!failure_.empty()) return;
    failure_ = what;
    net_.wake();
    if (trace_.printed()) trace_.say("FAILED: " + what);
}

void World::script(const std::string& what) {
    if (print_script_) {
        std::printf("  %10.3f ms  %s\n",
                    static_cast<double>(agenda_.now().time_since_epoch().count()) / 1e6,
                    what.c_str());
    }
}

Surroundings World::around() {
    return {net_, agenda_, random_, trace_, [this](const std::string& what) { fail(what); }};
}

template <class Visit>
void World::each_peer(Visit&& visit) {
    for (const auto& peer : producers_)
        visit(*peer);
    for (const auto& peer : consumers_)
        visit(*peer);
    for (const auto& peer : clients_)
        visit(*peer);
    for (const auto& peer : workers_)
        visit(*peer);
}

size_t World::service_of(size_t endpoint) const {
    const auto& services = plan_.config.services;
    for (size_t i = 0; i < services.size(); i++) {
        if (services[i].clients == endpoint || services[i].workers == endpoint) return i;
    }
    for (const settings::RouteConfig& route : plan_.config.routes) {
        if (route.to[0].kind == settings::TargetConfig::Kind::kService && route.from[0] == endpoint)
            return route.to[0].index;
    }
    return services.size();
}

// Of the service's own clients' endpoint, or of a source with a route to it.
bool World::asks(size_t endpoint) const {
    const size_t service = service_of(endpoint);
    return service < plan_.config.services.size() &&
           plan_.config.services[service].workers != endpoint;
}

// ---- the bridge tells what it knows

void World::on_peer_opened(const net::Endpoint&, const net::Peer& peer) {
    const auto found = by_address_.find(peer.info().address);
    if (found == by_address_.end()) return;  // a rude one
    Known& known = known_[found->second->number()];
    known.peer = &peer;
    known.opened = true;
    for (const auto& producer : producers_) {
        if (producer.get() == found->second) sampled_.push_back(producer.get());
    }
}

void World::on_peer_closed(const net::Endpoint&, const net::Peer& peer,
                           std::optional<Refusal> why) {
    const auto found = by_address_.find(peer.info().address);
    if (found == by_address_.end()) return;
    SimPeer& ours = *found->second;
    Known& known = known_[ours.number()];
    if (why) {
        statistics_.refusals++;
        script("the bridge ends " + ours.name() + ": " + std::string(name_of(*why)));
    }
    for (const auto& consumer : consumers_) {
        if (consumer.get() == &ours) model_->on_ended(*consumer, peer.counters().dropped);
    }
    const size_t service = service_of(endpoint_of_.at(ours.number()));
    if (service < rpc_models_.size()) {
        if (asks(endpoint_of_.at(ours.number())))
            asked_of_[service] += peer.counters().messages_in;
        else
            rpc_models_[service]->on_worker_trouble();
    }
    for (auto producer = sampled_.begin(); producer != sampled_.end(); ++producer) {
        if (*producer != &ours) continue;
        sample();
        sampled_.erase(producer);
        break;
    }
    known.dropped = peer.counters().dropped;
    known.peer = nullptr;
    known.ended = true;
    known.why = why;
}

void World::on_refused(const net::Endpoint&, const std::string& address, std::optional<SocketType>,
                       Refusal why, const std::string& detail) {
    statistics_.refusals++;
    script("the bridge refuses " + address + ": " + std::string(name_of(why)) + " " + detail);
}

void World::on_trouble(const net::Endpoint&, const std::string& what) {
    script("trouble: " + what);
}

// Messages that the bridge has taken in since the last time: the model learns of them before
// anything else happens.
void World::sample() {
    for (Producer* producer : sampled_) {
        const net::Peer* peer = known_.at(producer->number()).peer;
        while (producer->accepted < peer->counters().messages_in && failure_.empty())
            model_->on_accepted(*producer);
    }
}

// ---- what happens

PeerSetup World::peer_setup(const std::string& type, size_t endpoint) {
    PeerSetup setup;
    setup.number = next_peer_++;
    setup.type = type;
    const uint64_t zmtp = random_.below(10);
    setup.zmtp = zmtp < 2 ? Zmtp::k20 : zmtp < 6 ? Zmtp::k30 : Zmtp::k31;
    if (chance(50)) setup.identity = "";
    if (plan_.identities && chance(50) && (type == "REQ" || type == "DEALER")) {
        setup.identity = "identity-" + std::to_string(random_.below(3));
    }
    setup.eager = chance(30);
    setup.port = plan_.config.endpoints[endpoint].bind[0].port;
    setup.bridge_name = plan_.config.bridge.name;
    const uint64_t pace = random_.below(4);
    if (pace == 0) setup.read_bytes_max = 1 + random_.below(2000);
    if (pace <= 1) setup.think_max = milliseconds(1 + random_.below(5));
    if (plan_.pings && setup.zmtp != Zmtp::k20 && chance(50))
        setup.ping_every = milliseconds(50 + random_.below(300));
    endpoint_of_[setup.number] = endpoint;
    statistics_.peers++;
    return setup;
}

Producer& World::new_producer(size_t endpoint) {
    static const char* const kTypes[] = {"PUSH", "PUSH", "PUSH",   "PUB",   "PUB",
                                         "XPUB", "REQ",  "DEALER", "DEALER"};
    const std::string type = kTypes[random_.below(std::size(kTypes))];
    const bool envelope = type == "REQ" || (type == "DEALER" && chance(60));
    const auto receipts = plan_.config.endpoints[endpoint].receipts;
    const bool receipt = envelope && receipts != settings::EndpointConfig::Receipts::kNever;
    producers_.push_back(
        std::make_unique<Producer>(peer_setup(type, endpoint), around(), envelope, receipt));
    Producer& producer = *producers_.back();
    model_->add(producer, endpoint);
    if (chance(40)) burst(producer);  // before it has joined
    producer.join();
    by_address_[SimNet::address_of(producer.link())] = &producer;
    script(producer.name() + " joins " + plan_.config.endpoints[endpoint].name);
    if (chance(60)) burst(producer);
    return producer;
}

Consumer& World::new_consumer(size_t endpoint, const std::string& type) {
    consumers_.push_back(std::make_unique<Consumer>(peer_setup(type, endpoint), around(),
                                                    [this](Consumer& consumer, Frames frames) {
                                                        sample();
                                                        model_->on_received(consumer, frames);
                                                    }));
    Consumer& consumer = *consumers_.back();
    model_->add(consumer, endpoint);
    const bool sub = type == "SUB" || type == "XSUB";
    if (sub && chance(70)) let_subscribe(consumer);
    consumer.join();
    by_address_[SimNet::address_of(consumer.link())] = &consumer;
    if (sub) sub_by_link_[consumer.link()] = &consumer;
    script(consumer.name() + " joins " + plan_.config.endpoints[endpoint].name);
    if (sub) let_subscribe(consumer);
    return consumer;
}

Client& World::new_client(size_t endpoint) {
    const rpc::ServiceOptions& options = plan_.config.services[service_of(endpoint)].options;
    Client::Ways ways;
    const std::string type = chance(60) ? "REQ" : "DEALER";
    ways.raw = options.envelope_raw && type == "DEALER";
    ways.correlates = !ways.raw && chance(40);
    if (chance(30)) ways.patience = milliseconds(10 + random_.below(500));
    ways.body_bytes_max = plan_.message_bytes_max;
    ways.keys = options.dedup ? plan_.keys : 0;
    ways.endpoint = endpoint;
    clients_.push_back(std::make_unique<Client>(peer_setup(type, endpoint), around(), ways,
                                                *rpc_models_[service_of(endpoint)]));
    Client& client = *clients_.back();
    if (chance(40)) client.ask(1 + random_.below(20));
    client.join();
    by_address_[SimNet::address_of(client.link())] = &client;
    client_by_link_[client.link()] = &client;
    script(client.name() + " joins " + plan_.config.endpoints[endpoint].name);
    if (chance(60)) client.ask(1 + random_.below(20));
    return client;
}

// `before`: it is this one, connected again.
Worker& World::new_worker(size_t endpoint, Worker* before) {
    static const char* const kTypes[] = {"REP", "REP", "REP", "DEALER", "ROUTER", "REQ"};
    const rpc::ServiceOptions& options = plan_.config.services[service_of(endpoint)].options;
    Worker::Ways ways;
    ways.credit = options.worker_credit;
    ways.work_max = plan_.work_max;
    ways.stuck_in_100 = plan_.stuck_in_100;
    ways.twice_in_100 = chance(30) ? 10 : 0;
    ways.reply_bytes_max = plan_.message_bytes_max;
    const std::string type =
        before != nullptr ? before->type() : kTypes[random_.below(std::size(kTypes))];
    workers_.push_back(std::make_unique<Worker>(peer_setup(type, endpoint), around(), ways,
                                                *rpc_models_[service_of(endpoint)]));
    Worker& worker = *workers_.back();
    if (before != nullptr) worker.take_over(*before, options.resume_grace);
    if (settling_) worker.hurry_up();
    worker.join();
    by_address_[SimNet::address_of(worker.link())] = &worker;
    script(worker.name() + " joins " + plan_.config.endpoints[endpoint].name +
           (before != nullptr ? ", busy as " + before->name() : ""));
    return worker;
}

void World::new_peer() {
    const size_t endpoint = random_.below(plan_.config.endpoints.size());
    if (asks(endpoint)) {
        new_client(endpoint);
        return;
    }
    if (plan_.config.endpoints[endpoint].role == Role::kWorkers) {
        new_worker(endpoint);
        return;
    }
    if (plan_.config.endpoints[endpoint].role == Role::kSource) {
        new_producer(endpoint);
        return;
    }
    const SocketTypes accepts = plan_.config.endpoints[endpoint].accept.value_or(
        SocketTypes{SocketType::kPull, SocketType::kSub});
    const bool pull =
        accepts.has(SocketType::kPull) && (!accepts.has(SocketType::kSub) || chance(60));
    new_consumer(endpoint, pull ? "PULL" : chance(80) ? "SUB" : "XSUB");
}

void World::new_rude_peer() {
    const size_t endpoint = random_.below(plan_.config.endpoints.size());
    const Role role = plan_.config.endpoints[endpoint].role;
    if ((role != Role::kSource && role != Role::kTarget) || asks(endpoint)) return;
    const bool source = role == Role::kSource;
    const auto kind = static_cast<RudePeer::Kind>(random_.below(RudePeer::kKinds));
    const auto& accept = plan_.config.endpoints[endpoint].accept;
    const bool pulls = !source && (!accept || accept->has(SocketType::kPull));
    const std::string right = source ? "PUSH" : pulls ? "PULL" : "SUB";
    const std::string wrong = source ? "PULL" : "PUSH";
    rude_.push_back(std::make_unique<RudePeer>(
        kind, chance(80) ? right : wrong, plan_.config.endpoints[endpoint].bind[0].port, around()));
    rude_.back()->join();
    rude_endpoints_[rude_.back()->link()] = endpoint;
    if (pulls && rude_.back()->type() == "PULL")
        rude_pulls_.emplace_back(rude_.back().get(), endpoint);
    statistics_.peers++;
    script("a rude peer of kind " + std::to_string(static_cast<int>(kind)) + " (link " +
           std::to_string(rude_.back()->link()) + ") joins " +
           plan_.config.endpoints[endpoint].name);
}

std::string World::some_topic() {
    static const std::string kTopics[] = {
        "", "a", "ab", "abc", "b", "news.eu", "news.us.east", "zz", std::string(300, 'l')};
    return kTopics[random_.below(std::size(kTopics))];
}

std::string World::some_prefix() {
    std::string prefix = some_topic();
    return prefix.substr(0, random_.below(prefix.size() + 1));
}

// The label that names the message stands in its last frame; one in twenty is too small to have
// any.
Frames World::some_body(Producer& producer, Producer::Sent& sent) {
    Frames body;
    const bool bare_dealer = producer.type() == "DEALER" && !plan_.config.endpoints.empty();
    if (chance(5)) {
        sent.anonymous = true;
        static const Frames kSmall[] = {{""}, {"a"}, {"", ""}, {"ab", ""}, {"a", "", "b"}};
        body = bare_dealer ? Frames{"a"} : kSmall[random_.below(std::size(kSmall))];
        sent.document.one_octet = body.back().size() == 1;
    } else {
        const uint64_t frames = chance(60) ? 1 : 1 + random_.below(5);
        size_t pad = random_.below(plan_.message_bytes_max + 1);
        if (chance(50)) pad = random_.below(30);
        if (random_.below(1000) < plan_.large_in_1000) pad = random_.below(300'000);
        body.push_back(some_topic());
        if (bare_dealer && body[0].empty()) body[0] = "a";
        while (body.size() < frames)
            body.push_back(std::string(bare_dealer ? 1 : random_.below(4), '-'));
        const std::string label = Model::label(producer.number(), producer.sent().size());
        if (plan_.documents && chance(70)) {
            Document& document = sent.document;
            document.codec = chance(50) ? routing::Codec::kJson : routing::Codec::kMsgpack;
            if (chance(80)) document.n = static_cast<uint32_t>(random_.below(12));
            if (chance(80)) document.kind = chance(60) ? "a" : "b";
            document.pad = pad;
            body.back() = document.encode(label);
        } else {
            body.back() += label + std::string(pad, '.');
        }
    }
    sent.topic = body[0];
    sent.hash = hash_of(body);
    return body;
}

// Several messages at once.
void World::burst(Producer& producer) {
    const uint64_t messages = chance(20) ? 1 + random_.below(200) : 1 + random_.below(20);
    const net::PeerLimits& limits =
        plan_.config.endpoints[endpoint_of_.at(producer.number())].options.limits;
    uint64_t said = 0;
    for (uint64_t i = 0; i < messages; i++) {
        if (producer.gone() || producer.half_said) return;
        // What waits in the application (a REQ's, a PUB's that is not wanted) is numbered when it
        // is sent.
        producer.plan([this, &producer, limits](Producer::Sent& sent) {
            Frames body = some_body(producer, sent);
            const bool envelope = producer.has_envelope();
            size_t bytes = wire::message(body).size() + (envelope ? 2 : 0);
            size_t largest = 0;
            for (const std::string& frame : body)
                largest = std::max(largest, frame.size());
            sent.refused = bytes > limits.message_bytes_max || largest > limits.frame_bytes_max ||
                           body.size() + (envelope ? 1 : 0) > limits.frames_max;
            return body;
        });
        said++;
    }
    script(producer.name() + " sends " + std::to_string(said));
}

void World::let_subscribe(Consumer& sub) {
    if (sub.gone()) return;
    const auto& said = sub.said();
    if (!said.empty() && chance(25)) {  // takes one back
        const std::string prefix = said[random_.below(said.size())].prefix;
        int times = 0;
        for (const auto& each : said)
            times += each.prefix == prefix ? (each.add ? 1 : -1) : 0;
        if (times <= 0) return;
        sub.subscribe(prefix, false);
        return script(sub.name() + " cancels `" + prefix + "`");
    }
    const std::string prefix = some_prefix();
    sub.subscribe(prefix, true);
    script(sub.name() + " subscribes to `" + prefix + "`");
}

void World::let_stall(SimPeer& peer) {
    if (peer.gone() || peer.stalled()) return;
    statistics_.stalls++;
    peer.stall();
    script(peer.name() + " stalls");
    if (chance(60)) {
        agenda_.after(some_time(plan_.length), [this, &peer] {
            if (!settling_) script(peer.name() + " goes on");
            peer.go_on();
        });
    }
}

template <class P>
P* World::one_of(std::vector<std::unique_ptr<P>>& peers) {
    if (peers.empty()) return nullptr;
    P* peer = peers[random_.below(peers.size())].get();
    return peer->gone() ? nullptr : peer;
}

SimPeer* World::somebody(uint64_t what) {
    switch (what % 5) {
        case 0:
        case 1:
            return one_of(consumers_);
        case 2:
            return one_of(producers_);
        case 3:
            return clients_.empty() ? nullptr : static_cast<SimPeer*>(one_of(clients_));
        default:
            return workers_.empty() ? static_cast<SimPeer*>(one_of(consumers_)) : one_of(workers_);
    }
}

void World::happen() {
    if (settling_ || !failure_.empty()) return;
    const uint64_t what = random_.below(100);
    if (what < 25) return new_peer();
    if (what < 30 && plan_.rude_peers) return new_rude_peer();
    if (what < 45) {
        if (Producer* producer = one_of(producers_)) burst(*producer);
    } else if (what < 55) {
        Client* client = one_of(clients_);
        if (client == nullptr) return;
        client->ask(1 + random_.below(20));
        script(client->name() + " asks");
    } else if (what < 67) {
        if (SimPeer* peer = somebody(random_.next())) let_stall(*peer);
    } else if (what < 75) {
        Consumer* consumer = one_of(consumers_);
        if (consumer != nullptr && consumer->type() != "PULL") let_subscribe(*consumer);
    } else if (what < 90) {
        SimPeer* peer = somebody(random_.next());
        if (peer == nullptr) return;
        statistics_.deaths++;
        script(peer->name() + " dies");
        peer->die();
        if (chance(50)) new_peer();
    } else if (what < 94) {
        Producer* producer = one_of(producers_);
        if (producer == nullptr || !producer->ready()) return;
        script(producer->name() + " dies in the middle of a message");
        statistics_.deaths++;
        Producer::Sent sent;
        const Frames body = some_body(*producer, sent);
        if (producer->type() == "PUB" || producer->type() == "XPUB" || body.size() < 2)
            return producer->die();
        producer->send_half(body);
        agenda_.after(some_time(plan_.length / 10), [producer] { producer->die(); });
    } else {
        SimPeer* peer = somebody(random_.next());
        if (peer == nullptr) return;
        statistics_.leavings++;
        script(peer->name() + " leaves");
        peer->leave();
    }
}

// ---- the phases

void World::run() {
    if (print_script_) std::printf("%s", describe(plan_).c_str());
    open_bridge();
    if (!failure_.empty()) return;
    for (uint32_t i = 0; i < plan_.peers_at_start; i++)
        new_peer();
    for (uint32_t i = 0; i < plan_.happenings; i++) {
        agenda_.after(some_time(plan_.length), [this] { happen(); });
    }
    for (uint32_t i = 0; i < plan_.kills; i++)
        agenda_.after(some_time(plan_.length), [this] { kill_bridge(); });
    bool over = false;
    agenda_.after(plan_.length, [&] {
        over = true;
        net_.wake();
    });
    turn_until(over);
    if (failure_.empty()) {
        switch (plan_.ending) {
            case Ending::kAllLeave:
                all_leave();
                break;
            case Ending::kStop:
                stop();
                break;
            case Ending::kBreakOff:
                break_off();
                break;
        }
    }
    if (bridge_ != nullptr) count_late();
    statistics_.accepted = model_->accepted();
    statistics_.received = model_->received();
    for (const auto& client : clients_)
        statistics_.requests += client->asked();
    for (const auto& model : rpc_models_) {
        statistics_.answers += model->answers();
        statistics_.executions += model->executions();
    }
    statistics_.turns = turns_;
    trace_.note(agenda_.now(), "end", model_->accepted(), model_->received(), turns_);
}

void World::open_bridge() {
    const bool clean = life_ == 0;
    auto opened = app::Bridge::open(plan_.config,
                                    {net_, clock_, *this, {Epoch(7 + life_), clean, clock_.now()}});
    if (!opened.ok()) return fail("the bridge does not open: " + opened.error().message());
    bridge_ = std::move(opened).value();
}

// At the end of the turn: what happens, happens while the bridge waits.
void World::kill_bridge() {
    if (settling_ || !failure_.empty()) return;
    killed_ = true;
    net_.wake();
}

// What waited in the bridge is lost; what it wrote still arrives. Its next life knows that this one
// had no end, and meets workers that are still busy.
void World::start_again() {
    killed_ = false;
    statistics_.kills++;
    script("the bridge is killed and started again");
    sample();
    for (const TargetState& state : target_states())
        before_[state.endpoint] = state;
    sampled_.clear();
    for (size_t i = 0; i < rpc_models_.size(); i++) {
        rpc_models_[i]->on_restart(next_peer_, bridge_->services()[i]->status());
        rpc_models_[i]->on_worker_trouble();
        asked_of_[i] = 0;
    }
    count_late();
    for (const auto& consumer : consumers_) {
        Known& known = known_[consumer->number()];
        if (known.peer != nullptr) model_->on_ended(*consumer, known.peer->counters().dropped);
    }
    for (auto& [number, known] : known_) {
        if (known.peer == nullptr) continue;
        known.peer = nullptr;
        known.ended = true;
        known.why = Refusal::kShuttingDown;
    }
    bridge_.reset();
    if (net_.open_sockets() != 0)
        fail("a dead bridge has left " + std::to_string(net_.open_sockets()) + " sockets open");
    life_++;
    open_bridge();
    if (!failure_.empty()) return;
    const size_t workers = workers_.size();
    for (size_t i = 0; i < workers; i++) {
        Worker& before = *workers_[i];
        const bool lives = before.ready() && before.busy() && !before.left_by_itself();
        if (lives && chance(70)) new_worker(endpoint_of_.at(before.number()), &before);
    }
    for (uint32_t i = 0; i < plan_.peers_at_start; i++)
        new_peer();
}

void World::count_late() {
    for (const auto& service : bridge_->services())
        statistics_.late += service->status().late.of(rpc::LateReason::kEarlierLife);
}

void World::turn_until(const bool& done) {
    while (!done && failure_.empty()) {
        const uint64_t before = net_.progress();
        bridge_->reactor().turn(true);
        turns_++;
        turns_in_vain_ = net_.progress() == before ? turns_in_vain_ + 1 : 0;
        watch_memory();
        if (turns_in_vain_ > kTurnsInVainMax)
            fail("the bridge spins: it turns and turns and nothing moves");
        if (turns_ > kTurnsMax) fail("no end in sight");
        if (killed_ && failure_.empty()) start_again();
    }
}

void World::watch_memory() {
    for (const auto& service : bridge_->services())
        service->check_invariants();
    const uint64_t used = bridge_->reactor().memory().used();
    // Only sources and clients are held by it, and what was let in may need memory of its own.
    const uint64_t limit = bridge_->reactor().memory().limit();
    if (used > limit + kMemorySlackBytes)
        fail("the bridge uses " + std::to_string(used) + " bytes, its limit is " +
             std::to_string(limit));
    if (used > limit) statistics_.memory_over = std::max(statistics_.memory_over, used - limit);
    statistics_.memory_most = std::max(statistics_.memory_most, used);
}

// Everybody who is there goes on, and reads as fast as it can; each target has a PULL that takes
// what is left.
void World::settle() {
    script("everybody goes on");
    settling_ = true;
    net_.hurry();
    each_peer([](SimPeer& peer) {
        peer.stop_pinging();
        peer.hurry();
        peer.go_on();
    });
    for (const auto& worker : workers_)
        worker->hurry_up();
    const auto& endpoints = plan_.config.endpoints;
    for (size_t i = 0; i < endpoints.size(); i++) {
        if (endpoints[i].role == Role::kWorkers) {
            const bool there = std::any_of(workers_.begin(), workers_.end(), [&](const auto& each) {
                return endpoint_of_.at(each->number()) == i && !each->gone() &&
                       !each->left_by_itself();
            });
            if (there) continue;
            Worker& last = new_worker(i);
            last.hurry();
            last.stop_pinging();
        }
        if (endpoints[i].role != Role::kTarget) continue;
        const SocketTypes accepts = endpoints[i].accept.value_or(SocketTypes{SocketType::kPull});
        if (!accepts.has(SocketType::kPull)) continue;
        const bool there = std::any_of(consumers_.begin(), consumers_.end(), [&](const auto& each) {
            return endpoint_of_.at(each->number()) == i && each->type() == "PULL" &&
                   !each->gone() && !each->left_by_itself();
        });
        if (there) continue;
        Consumer& last = new_consumer(i, "PULL");
        last.hurry();
        last.stop_pinging();
    }
    settled_ = false;
    agenda_.after(seconds(1), [this] { check_quiet(fingerprint(), 0, 0); });
    turn_until(settled_);
}

void World::check_quiet(uint64_t before, uint32_t quiet, uint32_t checks) {
    const uint64_t now = fingerprint();
    quiet = now == before ? quiet + 1 : 0;
    const uint32_t enough = plan_.config.services.empty() ? kQuietChecks : kQuietChecksRpc;
    if (quiet >= enough || !failure_.empty()) {
        settled_ = true;
        net_.wake();
        return;
    }
    if (checks >= kChecksMax) return fail("it does not come to rest");
    agenda_.after(seconds(1), [this, now, quiet, checks] { check_quiet(now, quiet, checks + 1); });
}

// Changes while a message gets anywhere; heartbeats leave it as it is.
uint64_t World::fingerprint() const {
    uint64_t sum = 0;
    const auto mix = [&sum](uint64_t number) {
        sum = (sum ^ number) * 0x9e3779b97f4a7c15U + (sum >> 7);
    };
    mix(model_->accepted());
    mix(model_->received());
    const auto mix_peer = [&](const SimPeer& peer) {
        mix(peer.unsaid());
        mix(net_.under_way(peer.link()));
        const auto known = known_.find(peer.number());
        mix(known != known_.end() && known->second.peer != nullptr
                ? known->second.peer->outbox().bytes()
                : 0);
        mix(peer.gone() ? 1 : peer.ready() ? 2 : 3);
    };
    for (const auto& each : producers_) {
        mix_peer(*each);
        mix(each->receipts() + each->refusals());
    }
    for (const auto& each : consumers_)
        mix_peer(*each);
    for (const auto& each : clients_)
        mix_peer(*each);
    for (const auto& each : workers_)
        mix_peer(*each);
    for (const auto& each : rpc_models_)
        mix(each->answers() + each->executions());
    for (const auto& each : rude_)
        mix(each->gone() ? 1 : 0);
    return sum;
}

void World::all_leave() {
    settle();
    if (!failure_.empty()) return;
    check_settled();
    script("everybody leaves");
    ending_ = true;
    each_peer([](SimPeer& peer) { peer.leave(); });
    for (const auto& peer : rude_)
        peer->leave();
    bool over = false;
    agenda_.after(seconds(40), [&] {
        over = true;
        net_.wake();
    });
    turn_until(over);
    if (!failure_.empty()) return;
    check_empty();
    collect_lost();
    check_model(target_states());
}

// A planned stop while producers send: what was taken in is delivered, or the bridge says how much
// was not.
void World::stop() {
    for (const auto& peer : producers_) {
        if (!peer->gone() && chance(70)) burst(*peer);
    }
    script("the bridge is asked to stop");
    settling_ = true;
    for (const auto& peer : producers_)
        peer->go_on();
    for (const auto& peer : consumers_) {
        if (chance(80)) peer->go_on();
    }
    for (const auto& peer : clients_)
        peer->go_on();
    for (const auto& peer : workers_) {
        peer->go_on();
        if (chance(80)) peer->hurry_up();
    }
    bridge_->request_stop();
    bool late = false;
    agenda_.after(plan_.config.bridge.drain_timeout + seconds(1), [&] {
        late = true;
        net_.wake();
    });
    while (!bridge_->ended() && !late && failure_.empty()) {
        bool now = true;
        const uint64_t before = net_.progress();
        (void)now;
        bridge_->reactor().turn(true);
        turns_++;
        turns_in_vain_ = net_.progress() == before ? turns_in_vain_ + 1 : 0;
        if (turns_in_vain_ > kTurnsInVainMax) fail("the bridge spins while it drains");
    }
    if (late) fail("the bridge has not ended after its drain_timeout");
    if (!failure_.empty()) return;
    break_off();
}

// The bridge goes as it stands; what it wrote still arrives.
void World::break_off() {
    if (plan_.ending == Ending::kBreakOff && chance(50)) {
        settle();
        if (!failure_.empty()) return;
        check_settled();
    }
    settling_ = true;
    ending_ = true;
    sample();
    const std::vector<TargetState> states = target_states();
    sampled_.clear();
    count_late();
    bridge_.reset();
    if (net_.open_sockets() != 0)
        fail("the bridge has gone and left " + std::to_string(net_.open_sockets()) +
             " sockets open");
    each_peer([](SimPeer& peer) { peer.go_on(); });
    let_arrive();
    each_peer([](SimPeer& peer) { peer.die(); });
    for (const auto& peer : rude_)
        peer->leave();
    let_arrive();
    if (!failure_.empty()) return;
    collect_lost();
    check_model(states);
}

void World::let_arrive() {
    for (uint64_t i = 0; agenda_.next() && i < kTurnsMax && failure_.empty(); i++) {
        agenda_.move_to(*agenda_.next());
        agenda_.run_due();
    }
}

void World::collect_lost() {
    for (const auto& consumer : consumers_) {
        for (const Frames& frames : consumer->lost())
            model_->on_lost(*consumer, endpoint_of_.at(consumer->number()), frames);
    }
    for (const auto& worker : workers_) {
        RpcModel& model = *rpc_models_[service_of(endpoint_of_.at(worker->number()))];
        for (const Frames& frames : worker->lost()) {
            const std::string label = RpcModel::label_in(frames.back());
            if (!label.empty()) model.on_lost_with_worker(label);
        }
    }
    for (const auto& [rude, endpoint] : rude_pulls_) {
        for (const Frames& frames : rude->lost())
            model_->on_lost(*rude, endpoint, frames);
    }
}

// ---- what must hold

// A target of this source has no PULL that takes what waits there: the last one was one peer too
// many for the bridge.
bool World::may_be_held(size_t source) const {
    for (const settings::RouteConfig& route : plan_.config.routes) {
        if (std::find(route.from.begin(), route.from.end(), source) == route.from.end()) continue;
        for (const settings::TargetConfig& to : route.to) {
            if (to.kind == settings::TargetConfig::Kind::kService) continue;
            const auto& accept = plan_.config.endpoints[to.index].accept;
            if (accept && !accept->has(SocketType::kPull)) continue;
            const bool served =
                std::any_of(consumers_.begin(), consumers_.end(), [&](const auto& each) {
                    return endpoint_of_.at(each->number()) == to.index && each->type() == "PULL" &&
                           !each->gone() && each->ready();
                });
            if (!served) return true;
        }
    }
    return false;
}

// All is quiet: whoever is there has said all it wanted, and been heard.
void World::check_settled() {
    sample();
    for (const auto& producer : producers_) {
        if (producer->gone()) continue;
        const Known& known = known_[producer->number()];
        if (!known.opened) return fail(producer->name() + ": is there and was never let in");
        const auto& sent = producer->sent();
        const bool refused =
            std::any_of(sent.begin(), sent.end(), [](const auto& each) { return each.refused; });
        if (refused && !may_be_held(endpoint_of_.at(producer->number())))
            return fail(producer->name() + ": broke a limit and is still there");
        if (refused) continue;
        if (producer->half_said || may_be_held(endpoint_of_.at(producer->number()))) continue;
        if (!producer->idle() || producer->accepted != sent.size() ||
            (producer->type() == "REQ" && producer->wants_receipt() && producer->waits())) {
            return fail(producer->name() +
                        ": is not heard to the end: " + std::to_string(producer->accepted) +
                        " of " + std::to_string(sent.size()) + " were taken in");
        }
        if (producer->wants_receipt() &&
            producer->receipts() + producer->refusals() != sent.size()) {
            return fail(producer->name() + ": " +
                        std::to_string(producer->receipts() + producer->refusals()) +
                        " receipts for " + std::to_string(sent.size()) + " messages");
        }
        if (producer->type() == "PUB" || producer->type() == "XPUB")
            model_->check_demand(*producer);
    }
    for (const auto& consumer : consumers_) {
        const size_t endpoint = endpoint_of_.at(consumer->number());
        if (consumer->type() == "PULL" && !consumer->gone() && waiting_for_pulls(endpoint) > 0) {
            fail(consumer->name() + ": is there, and yet " +
                 std::to_string(waiting_for_pulls(endpoint)) + " messages wait");
        }
        if (!consumer->gone() && !known_[consumer->number()].opened)
            fail(consumer->name() + ": is there and was never let in");
    }
    for (const auto& rude : rude_) {
        if (!rude->must_be_ended() || rude->gone() || may_be_held(rude_endpoints_.at(rude->link())))
            continue;
        fail("the bridge does not end a rude peer of kind " +
             std::to_string(static_cast<int>(rude->kind())) + " on link " +
             std::to_string(rude->link()));
    }
    // A connection that ended had been read to its end, as far as it arrived.
    for (const auto& producer : producers_) {
        const Known& known = known_[producer->number()];
        if (!known.opened || known.why || may_be_held(endpoint_of_.at(producer->number())))
            continue;
        const uint64_t read = net_.read_by_bridge(producer->link());
        const auto& sent = producer->sent();
        const auto heard = static_cast<size_t>(std::count_if(
            sent.begin(), sent.end(), [&](const auto& each) { return each.end <= read; }));
        if (heard != producer->accepted) {
            fail(producer->name() + ": " + std::to_string(heard) + " messages were read, " +
                 std::to_string(producer->accepted) + " taken in");
        }
    }
    check_services();
    for (const auto& consumer : consumers_) {
        const Known& known = known_[consumer->number()];
        const bool sub = consumer->type() != "PULL";
        if (!sub || !known.opened || known.ended) continue;
        const net::PeerLimits& limits =
            plan_.config.endpoints[endpoint_of_.at(consumer->number())].options.limits;
        const uint64_t dropped = known.peer->counters().dropped;
        statistics_.dropped += dropped;
        model_->check_sub(*consumer, dropped);
        const net::PeerLimits defaults;
        const bool roomy = limits.waiting_bytes_max == defaults.waiting_bytes_max &&
                           limits.waiting_messages_max == defaults.waiting_messages_max &&
                           bridge_->reactor().memory().limit() >= (32 << 20) &&
                           plan_.message_bytes_max <= 2000 && plan_.large_in_1000 == 0;
        if (roomy && dropped > 0 && !consumer->ever_stalled())
            fail(consumer->name() + ": never stalled, and yet " + std::to_string(dropped) +
                 " were dropped for it");
    }
}

// All is quiet and workers are there: each request has its end.
void World::check_services() {
    for (size_t i = 0; i < plan_.config.services.size(); i++) {
        const settings::ServiceConfig& config = plan_.config.services[i];
        const bool served = std::any_of(workers_.begin(), workers_.end(), [&](const auto& each) {
            return endpoint_of_.at(each->number()) == config.workers && !each->gone() &&
                   each->ready();
        });
        if (!served) continue;  // the last one was one peer too many for the bridge
        std::vector<uint32_t> live;
        uint64_t messages_in = asked_of_[i], dropped = 0;
        for (const auto& client : clients_) {
            const size_t endpoint = endpoint_of_.at(client->number());
            if (!asks(endpoint) || service_of(endpoint) != i) continue;
            const Known& known = known_[client->number()];
            if (client->gone()) continue;
            if (!known.opened || known.peer == nullptr)
                return fail(client->name() + ": is there and was never let in");
            live.push_back(client->number());
            const uint64_t taken = known.peer->counters().messages_in;
            messages_in += taken;
            dropped += known.peer->counters().dropped;
            if (!client->idle() || taken != client->asked()) {
                fail(client->name() + ": is not heard to the end: " + std::to_string(taken) +
                     " of " + std::to_string(client->asked()));
            }
        }
        for (const auto& worker : workers_) {
            if (endpoint_of_.at(worker->number()) != config.workers || worker->gone()) continue;
            if (worker->in_work() > 0) fail(worker->name() + ": has not answered");
        }
        rpc_models_[i]->check(config.options.name, bridge_->services()[i]->status(), live,
                              messages_in, dropped);
    }
}

// Messages that wait in the bridge for PULLs of this target.
uint64_t World::waiting_for_pulls(size_t endpoint) const {
    uint64_t messages = bridge_->outlets()[endpoint]->line().messages();
    for (const auto& [id, peer] : bridge_->endpoints()[endpoint]->peers()) {
        if (peer->type() == SocketType::kPull) messages += peer->outbox().messages();
    }
    return messages;
}

// The bridge is as it was at `waiting`; what it wrote has arrived.
void World::check_model(const std::vector<TargetState>& states) {
    for (const TargetState& each : states)
        model_->check_target(each.endpoint, each.counters, each.waiting);
    for (const auto& consumer : consumers_) {
        if (consumer->type() != "PULL" && known_[consumer->number()].ended)
            model_->check_sub(*consumer, std::nullopt);
    }
}

std::vector<World::TargetState> World::target_states() {
    std::vector<TargetState> states;
    for (size_t i = 0; i < plan_.config.endpoints.size(); i++) {
        if (bridge_->endpoints()[i]) statistics_.holds += bridge_->endpoints()[i]->holds();
        if (!bridge_->outlets()[i]) continue;
        states.push_back({i, bridge_->outlets()[i]->counters(), waiting_for_pulls(i)});
        TargetState& state = states.back();
        statistics_.returned += state.counters.returned;
        const TargetState& before = before_[i];  // what waited then is lost
        state.waiting += before.waiting;
        state.counters.returned += before.counters.returned;
        state.counters.dropped_line += before.counters.dropped_line;
        state.counters.dropped_memory += before.counters.dropped_memory;
        state.counters.nobody += before.counters.nobody;
    }
    return states;
}

// Nobody is there any more: the bridge holds nothing for anybody.
void World::check_empty() {
    bool held = false;
    for (const auto& endpoint : bridge_->endpoints()) {
        // Nothing is read while it is held, ends neither.
        if (endpoint && endpoint->held()) held = true;
        if (endpoint && !endpoint->held() && !endpoint->peers().empty()) {
            return fail(endpoint->name() + ": " + std::to_string(endpoint->peers().size()) +
                        " peers are still there when all have left");
        }
    }
    if (held) return;
    const size_t listeners = plan_.config.endpoints.size();
    if (net_.open_sockets() != listeners)
        return fail("sockets are left open: " + std::to_string(net_.open_sockets()));
    uint64_t in_line = 0;
    for (const auto& outlet : bridge_->outlets()) {
        if (outlet) in_line += outlet->line().messages();
    }
    for (const auto& service : bridge_->services())
        in_line += service->status().dedup_entries;
    const uint64_t used = bridge_->reactor().memory().used();
    const uint64_t own = MemoryBudget::kChunkBytes +
                         MemoryBudget::kSmallChunkBytes;  // what it reads and copies into next
    if (in_line == 0 && used > own)
        fail("all have left and " + std::to_string(used) + " bytes are still in use");
}

}  // namespace zbridge::sim
