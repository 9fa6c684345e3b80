#include "bridge/net/endpoint.h"

#include <algorithm>

namespace zbridge::net {

namespace {

// These are read to their end at a planned stop; the others wait for answers.
constexpr SocketTypes kSendOnly{SocketType::kPush, SocketType::kPub, SocketType::kXpub};

// Those that can be addressed, and say by which name (RFC 23). With the others an identity is only
// shown: an application that gives all its sockets the same one keeps them all.
constexpr SocketTypes kAddressed{SocketType::kReq, SocketType::kDealer, SocketType::kRouter};

constexpr Duration kReassureAfter = std::chrono::milliseconds(10);

}  // namespace

class Endpoint::Listener final : public Ready {
 public:
    Listener(Endpoint& endpoint, Socket socket)
        : endpoint_(endpoint),
          socket_(socket),
          again_(endpoint.reactor_.timers(), [this] { endpoint_.reactor_.make_ready(*this); }) {}
    ~Listener() override {
        if (watched_) endpoint_.reactor_.forget(*this);
        endpoint_.reactor_.net().close(socket_);
    }
    Status start() {
        Status status = endpoint_.reactor_.add(socket_, *this);
        watched_ = status.ok();
        return status;
    }

    void on_turn() override {
        const EndpointOptions& options = endpoint_.options();
        SocketOptions socket_options;
        socket_options.keepalive = options.keepalive;
        socket_options.send_buffer_bytes = static_cast<int>(options.send_buffer_bytes);
        for (size_t i = 0; i < kAcceptsMax; i++) {
            auto accepted = endpoint_.reactor_.net().accept(socket_, socket_options);
            if (!accepted.ok()) {
                endpoint_.observer_.on_trouble(endpoint_, accepted.error().message());
                // Who waits already is not told again.
                again_.arm(endpoint_.reactor_.now() + kAcceptRetry);
                return;
            }
            if (!accepted->has_value()) return;
            endpoint_.take(std::move(**accepted));
        }
        endpoint_.reactor_.make_ready(*this);
    }

 private:
    Endpoint& endpoint_;
    Socket socket_;
    bool watched_ = false;
    Timer again_;  // after an accept that failed
};

Endpoint::Endpoint(Setup setup, PeerHandler& handler, Reactor& reactor,
                   ConnectionLimit& connections, EndpointObserver& observer)
    : setup_(std::move(setup)),
      handler_(handler),
      reactor_(reactor),
      connections_(connections),
      observer_(observer),
      reassure_timer_(reactor.timers(), [this] { on_reassure(); }) {}

Endpoint::~Endpoint() = default;

Status Endpoint::bind(const Address& address) {
    SocketOptions options;
    options.receive_buffer_bytes = static_cast<int>(setup_.options.intake_buffer_bytes);
    options.private_file = setup_.private_ipc;
    const std::string context = "endpoint " + name() + ": binding " + address.text();
    auto listening = reactor_.net().listen(address, options);
    if (!listening.ok()) return std::move(listening).error().with_context(context);
    auto listener = std::make_unique<Listener>(*this, listening->socket);
    if (Status status = listener->start(); !status.ok())
        return std::move(status).with_context(context);
    bound_.push_back(listening->bound);
    listeners_.push_back(std::move(listener));
    return {};
}

bool Endpoint::is_full() const {
    return owned_.size() >= setup_.options.limits.peers_max ||
           (!setup_.reserved && connections_.now >= connections_.max);
}

void Endpoint::take(Accepted accepted) {
    if (is_full()) {
        refusals_.add(Refusal::kTooManyPeers);
        observer_.on_refused(*this, accepted.address, std::nullopt, Refusal::kTooManyPeers, "");
        reactor_.net().close(accepted.socket);
        return;
    }
    const Socket socket = accepted.socket;
    const PeerId id(connections_.next_peer++);
    auto connection = std::make_unique<Connection>(*this, reactor_, std::move(accepted), id);
    if (const Status status = connection->start(); !status.ok()) {
        refusals_.add(Refusal::kTooManyPeers);
        observer_.on_trouble(*this, status.message());
        reactor_.net().close(socket);
        return;
    }
    accepted_++;
    if (!setup_.reserved) connections_.now++;
    owned_.emplace(id, std::move(connection));
}

bool Endpoint::let_in(const Connection& connection, zmtp::Claim& claim) {
    std::string user = claim.user.empty() ? connection.info().user : claim.user;
    const Introduction peer{name(), claim.type, claim.identity, connection.info().address, user};
    std::string as = user;
    claim.denied = setup_.doorkeeper->why_not(peer, as);
    if (as != user) claim.user = as;
    return claim.denied.empty();
}

std::optional<Refusal> Endpoint::admit(Connection& connection, zmtp::Claim& claim) {
    if (!setup_.accepts.has(claim.type)) return Refusal::kWrongType;
    // Proven, not only named: with NULL a doorkeeper knows nothing but what a peer says of itself.
    const bool authenticated = !claim.user.empty() || !connection.info().user.empty();
    if (setup_.doorkeeper != nullptr && !let_in(connection, claim)) return Refusal::kDenied;
    if (claim.identity.empty() || !kAddressed.has(claim.type)) return std::nullopt;
    const auto taken = identities_.find(claim.identity);
    if (taken != identities_.end()) {
        Connection& old = *owned_.at(taken->second);
        const std::string& user = claim.user.empty() ? connection.info().user : claim.user;
        const bool same_user = old.info().user == user;
        const bool same_host = host_of(old.info().address) == host_of(connection.info().address);
        if (!same_user || !(authenticated || same_host)) return Refusal::kIdentityTaken;
        old.close(Refusal::kReplaced);
    }
    identities_[claim.identity] = connection.id();
    return std::nullopt;
}

void Endpoint::opened(Connection& connection) {
    peers_.emplace(connection.id(), &connection);
    connection.watch(watch_);
    observer_.on_peer_opened(*this, connection);
    handler_.on_opened(connection);
}

void Endpoint::watch(Watch* watch) {
    watch_ = watch;
    for (const auto& [id, peer] : peers_)
        peer->watch(watch);
}

void Endpoint::refused(Connection& connection, std::optional<SocketType> type, Refusal why,
                       const std::string& detail) {
    refusals_.add(why);
    observer_.on_refused(*this, connection.info().address, type, why, detail);
}

void Endpoint::closed(Connection& connection, bool was_open, std::optional<Refusal> why) {
    if (!setup_.reserved) connections_.now--;
    const auto owned = owned_.find(connection.id());
    ZB_CHECK(owned != owned_.end(), connection.id());
    if (was_open) {
        peers_.erase(connection.id());
        handler_.on_closed(connection);
        observer_.on_peer_closed(*this, connection, why);
    }
    const auto identity = identities_.find(connection.info().identity);
    if (identity != identities_.end() && identity->second == connection.id())
        identities_.erase(identity);
    reactor_.bury(std::move(owned->second));
    owned_.erase(owned);
}

void Endpoint::park(Connection& connection) {
    if (connection.parked_) return;
    connection.parked_ = true;
    parked_.push_back(connection.id());
}

void Endpoint::hold() {
    if (held_) return;
    held_ = true;
    holds_++;
    // Not at once: most holds are short, and all peers are looked at.
    reassure_at(reactor_.now() + kReassureAfter);
}

void Endpoint::release() {
    if (!held_) return;
    held_ = false;
    resume_parked();
}

void Endpoint::resume_parked() {
    const std::vector<PeerId> parked = std::exchange(parked_, {});
    for (const PeerId id : parked) {
        const auto peer = peers_.find(id);
        if (peer != peers_.end()) peer->second->resume();
    }
}

bool Endpoint::memory_is_used_up() const {
    const MemoryBudget& memory = reactor_.memory();
    return memory.used() >= memory.limit() * setup_.yields_at_budgets;
}

bool Endpoint::waits_for_memory() {
    if (!setup_.yields_memory || !memory_is_used_up()) return false;
    if (!exhausted_since_) exhausted_since_ = reactor_.now();
    reassure_at(reactor_.now() + kReassureAfter);
    return true;
}

Duration Endpoint::waited_for_memory(Instant now) const {
    return exhausted_since_ ? now - *exhausted_since_ : Duration{};
}

void Endpoint::on_turn_end() {
    if (!exhausted_since_ || memory_is_used_up()) return;
    exhausted_since_.reset();
    if (!held_) resume_parked();
}

void Endpoint::relieve() {
    for (const auto& [id, connection] : owned_)
        connection->relieve(reactor_.now());
}

void Endpoint::on_slowed() {
    slowings_++;
    slowed_++;
    reassure_at(reactor_.now() + kReassureAfter);
}

void Endpoint::on_reassure() {
    if (!held_ && !exhausted_since_ && slowed_ == 0) return;
    for (const auto& [id, connection] : peers_)
        reassure(*connection);
}

void Endpoint::reassure(Connection& connection) {
    const Duration interval = connection.ping_interval();
    if (interval == Duration{}) return;
    connection.reassure(reactor_.now());
    reassure_at(reactor_.now() + interval / 2);
}

void Endpoint::reassure_at(Instant then) {
    if (!reassure_timer_.armed() || then < reassure_timer_.due()) reassure_timer_.arm(then);
}

void Endpoint::stop_listening() {
    listeners_.clear();
}

void Endpoint::half_close() {
    for (const auto& [id, connection] : owned_) {
        if (!connection->open())
            connection->close(Refusal::kShuttingDown);
        else if (kSendOnly.has(connection->type()))
            connection->half_close();
    }
}

bool Endpoint::written() const {
    return std::all_of(peers_.begin(), peers_.end(), [](const auto& peer) {
        return kSendOnly.has(peer.second->type()) || peer.second->outbox().empty();
    });
}

void Endpoint::finish() {
    for (const auto& [id, connection] : owned_)
        connection->finish();
}

bool Endpoint::reads_to_the_end() const {
    return std::any_of(peers_.begin(), peers_.end(),
                       [](const auto& peer) { return kSendOnly.has(peer.second->type()); });
}

}  // namespace zbridge::net
