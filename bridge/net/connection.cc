#include "bridge/net/connection.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "bridge/net/endpoint.h"
#include "bridge/net/zmtp/long_subscription.h"

namespace zbridge::net {

namespace {

// What these say is not answered.
constexpr SocketTypes kOnlyReceives{SocketType::kPull, SocketType::kSub, SocketType::kXsub};
constexpr size_t kEmptyMessageBytes = 2;
constexpr uint64_t kSaidBytesMax = 128 * 1024;  // of those who only receive: too_large

// Who only receives says subscriptions, or nothing, and is read while memory is used up too: it
// may not hold as much as a source's message.
PeerLimits limits_of_receiver(PeerLimits limits) {
    limits.frame_bytes_max = std::min(limits.frame_bytes_max, kSaidBytesMax);
    limits.message_bytes_max = std::min(limits.message_bytes_max, kSaidBytesMax);
    return limits;
}

}  // namespace

Connection::Connection(Endpoint& endpoint, Reactor& reactor, Accepted accepted, PeerId id)
    : Peer({id, endpoint.id(), SocketType::kPair, "", std::move(accepted.address),
            std::move(accepted.user), std::move(accepted.process)}),
      endpoint_(endpoint),
      reactor_(reactor),
      socket_(accepted.socket),
      liveness_(endpoint.options()),
      timer_(reactor.timers(), [this] { on_timer(); }) {
    waiting_bytes_max_ = endpoint.options().limits.waiting_bytes_max;
    waiting_messages_max_ = endpoint.options().limits.waiting_messages_max;
    const PeerLimits& limits = endpoint.options().limits;
    if (limits.messages_a_second > 0) {
        const uint32_t burst = limits.burst > 0 ? limits.burst : limits.messages_a_second;
        slowing_.reset(new Slowing{Pace(limits.messages_a_second, burst),
                                   Timer(reactor.timers(), [this] { end_slowing(); })});
    }
    handshake_ = std::make_unique<zmtp::Handshake>(
        endpoint.setup_.our_identity,
        [this](zmtp::Claim& claim) { return endpoint_.admit(*this, claim); });
}

Status Connection::start() {
    if (Status status = reactor_.add(socket_, *this); !status.ok()) {
        socket_ = kNoSocket;
        return status;
    }
    timer_.arm(reactor_.now() + endpoint_.options().limits.handshake_time);
    say(std::exchange(handshake_->out(), {}));
    return {};
}

Connection::~Connection() {
    if (socket_ == kNoSocket) return;
    reactor_.forget(*this);
    reactor_.net().close(socket_);
}

void Connection::on_turn() {
    if (state_ == State::kClosed) return;
    if (closing_) return end(closing_);
    if (writable_ && (blocked_ || !said_.empty() || !outbox_.empty())) {
        if (blocked_) liveness_.excuse(reactor_.now());  // our PING may be far behind what it takes
        relieved_ |= blocked_;
        blocked_ = false;
        flush();
    }
    if (relieved_ && !blocked_ && outbox_.empty()) {
        relieved_ = false;
        if (state_ == State::kOpen) endpoint_.handler_.on_writable(*this);
    }
    if (stopped()) return;
    if (finishing_) return discard();
    read_some();
}

void Connection::resume() {
    parked_ = false;
    if (state_ == State::kOpen) reactor_.make_ready(*this);
}

// What it has sent and we have received. False: something else will wake it.
bool Connection::may_take() {
    if (state_ == State::kHandshake) return true;
    if (endpoint_.held()) {
        pause();
        return false;
    }
    if (slowed()) return false;
    // Who does not read its answers is not read: its requests wait in its own queue. One that has
    // gone is read to its end.
    return kOnlyReceives.has(type()) || has_room() || ended_;
}

// More than that. False: likewise.
bool Connection::may_read() {
    if (!may_take()) return false;
    if (state_ == State::kHandshake || !endpoint_.waits_for_memory()) return true;
    pause();
    return false;
}

void Connection::pause() {
    liveness_.pause();
    if (readable_ || !in_.empty()) endpoint_.park(*this);
}

void Connection::read_some() {
    if (!may_take()) return;
    // What a hold left over. Not to be taken for want of memory would be to want it for ever: it is
    // what uses it up.
    parse();
    if (stopped() || !readable_ || !may_read()) return;

    make_room();
    Chunk& chunk = *in_.chunk().get();
    const size_t room = std::min(chunk.free_space(), kReadBytes);
    const iovec into{chunk.tail(), room};
    const IoResult got = reactor_.net().read(socket_, {&into, 1});
    switch (got.kind) {
        case IoResult::Kind::kWouldBlock:
            readable_ = ended_;
            break;
        case IoResult::Kind::kClosed:
            return end(std::nullopt);
        case IoResult::Kind::kDone:
            chunk.commit(got.bytes);
            in_.extend(got.bytes);
            liveness_.heard(reactor_.now());
            progress_ += got.bytes;
            if (progress_ >= kProgressBytes) {
                progress_at_ = reactor_.now();
                progress_ = 0;
            }
            readable_ = got.bytes == room || ended_;
            parse();
            break;
    }
    if (stopped()) return;
    if (readable_ && may_read()) reactor_.make_ready(*this);
}

void Connection::discard() {
    if (!readable_) return;
    Chunk& chunk = *reactor_.read_chunk(kReadBytesMin).get();
    const iovec into{chunk.tail(), std::min(chunk.free_space(), kReadBytes)};
    const IoResult got = reactor_.net().read(socket_, {&into, 1});
    if (got.kind == IoResult::Kind::kClosed) return end(std::nullopt);
    readable_ = ended_ || got.kind == IoResult::Kind::kDone;
    if (readable_) reactor_.make_ready(*this);
}

// Makes in_ end where a chunk has room for what is needed next.
void Connection::make_room() {
    const size_t have = in_.size();
    const size_t more = needed_ > have ? needed_ - have : 0;
    if (needed_ > kOwnChunkFrom) {
        Chunk* own = in_.chunk().get();
        if (own != nullptr && own->tail() == in_.data() + have && own->free_space() >= more) return;
        // Doubling keeps a message of many large frames linear; the limit was checked when its
        // header was cut.
        const size_t capacity = std::max(needed_ + kReadBytesMin,
                                         own != nullptr && have > kOwnChunkFrom ? 2 * have : 0);
        ChunkRef larger = reactor_.memory().allocate(capacity);
        std::memcpy(larger->tail(), in_.data(), have);
        larger->commit(have);
        in_ = Slice(larger, larger->data(), have);
        return;
    }
    const bool continues = have > 0 && in_.chunk()->tail() == in_.data() + have &&
                           in_.chunk()->free_space() >= std::max(more, kReadBytesMin);
    if (continues) return;
    ChunkRef& chunk = reactor_.read_chunk(have + std::max(more, kReadBytesMin));
    char* start = chunk->tail();
    if (have > 0) {
        std::memcpy(start, in_.data(), have);
        chunk->commit(have);
    }
    in_ = Slice(chunk, start, have);
}

void Connection::parse() {
    while (!in_.empty() && !stopped()) {
        if (state_ == State::kHandshake) {
            const size_t taken = shake_hands();
            if (stopped()) return;
            in_.remove_prefix(taken);
            if (taken == 0) break;
            continue;
        }
        if (!may_take()) return;
        const PeerLimits& limits = endpoint_.options().limits;
        const zmtp::Cut cut =
            kOnlyReceives.has(type())
                ? zmtp::cut_next(in_.bytes(), limits_of_receiver(limits), cut_from_)
                : zmtp::cut_next(in_.bytes(), limits, cut_from_);
        cut_from_ = {};
        switch (cut.kind) {
            case zmtp::Cut::Kind::kMessage:
                if (!take_message(cut.size, cut.frames)) return;
                break;
            case zmtp::Cut::Kind::kCommand:
                take_command(in_.bytes().substr(cut.command_body, cut.size - cut.command_body));
                if (stopped()) return;
                in_.remove_prefix(cut.size);
                break;
            case zmtp::Cut::Kind::kInterleaved:
                take_interleaved(cut.from.at);
                if (stopped()) return;
                cut_from_ = cut.from;
                break;
            case zmtp::Cut::Kind::kPartial:
                needed_ = cut.size;
                cut_from_ = cut.from;
                return;
            case zmtp::Cut::Kind::kRefused:
                return close(cut.refusal);
        }
    }
    needed_ = 0;
    // Share no memory while there is nothing to share. Here, not where bytes are read: what a hold
    // left over may be the last that this peer says for long.
    if (in_.empty()) in_ = Slice();
}

size_t Connection::shake_hands() {
    const size_t taken = handshake_->feed(in_.bytes());
    std::string out = std::exchange(handshake_->out(), {});
    const auto state = handshake_->state();
    if (!out.empty()) say(out);
    if (state == zmtp::Handshake::State::kRefused) {
        flush();
        const bool named = handshake_->claim().type != SocketType::kPair;
        endpoint_.refused(*this, named ? std::optional(handshake_->claim().type) : std::nullopt,
                          handshake_->why(), handshake_->detail());
        end(handshake_->why());
        return taken;
    }
    if (state == zmtp::Handshake::State::kDone) admit_peer();
    return taken;
}

void Connection::admit_peer() {
    const zmtp::Claim& claim = handshake_->claim();
    info_.type = claim.type;
    info_.identity = claim.identity;
    if (!claim.user.empty()) info_.user = claim.user;
    zmtp_major_ = handshake_->major();
    progress_at_ = reactor_.now();
    liveness_.open(reactor_.now(), handshake_->speaks_3_1());
    handshake_.reset();
    state_ = State::kOpen;
    timer_.cancel();
    arm_timer();
    endpoint_.opened(*this);
}

// False when parsing must stop: held, closed, or more is needed.
bool Connection::take_message(size_t size, uint32_t frames) {
    if (type() == SocketType::kSub || type() == SocketType::kXsub)
        return take_upstream(size, frames);
    if (!within_pace()) return false;
    const Message message(in_.part(0, size), frames);
    show_said(message);
    if (endpoint_.handler_.on_message(*this, message) == Take::kHold) {
        ZB_CHECK(endpoint_.held(), endpoint_.name());
        endpoint_.park(*this);
        return false;
    }
    on_taken();
    counters().messages_in++;
    counters().bytes_in += size;
    if (slowing_) slowing_->pace.took_one(reactor_.now());
    progress_at_ = reactor_.now();
    progress_ = needed_ = 0;
    if (stopped()) return false;
    in_.remove_prefix(size);
    return true;
}

// False: it is read again when its pace allows it. Once we end, nothing waits for that.
bool Connection::within_pace() {
    if (!slowing_ || half_closed_ || slowing_->pace.allows(reactor_.now())) return true;
    slowing_->now = true;
    slowing_->timer.arm(slowing_->pace.again_at());
    counters().slowed++;
    liveness_.pause();
    endpoint_.on_slowed();
    return false;
}

void Connection::end_slowing() {
    if (!slowed()) return;
    slowing_->now = false;
    slowing_->timer.cancel();
    endpoint_.on_slowing_ended();
    if (state_ == State::kOpen) reactor_.make_ready(*this);
}

// What a SUB or XSUB says.
bool Connection::take_upstream(size_t size, uint32_t frames) {
    std::string_view body = frame_at(in_.bytes(), 0).body;
    if (type() == SocketType::kSub && size == kEmptyMessageBytes) {
        const auto found = zmtp::read_long_subscription(in_.bytes());
        if (found.kind == zmtp::LongSubscription::Kind::kPartial) {
            needed_ = found.needed;
            return false;
        }
        if (found.kind == zmtp::LongSubscription::Kind::kWhole) {
            body = found.body;
            size = zmtp::LongSubscription::kBytes;
        }
    }
    if (body.size() > endpoint_.options().limits.frame_bytes_max) {
        close(Refusal::kTooLarge);
    } else if (frames == 1 && !body.empty() && static_cast<unsigned char>(body[0]) <= 1) {
        take_subscription(body.substr(1), body[0] == 1);
    } else {
        endpoint_.count(Refusal::kNoRoute);  // an XSUB's own messages have nowhere to go
    }
    if (stopped()) return false;
    in_.remove_prefix(size);
    return true;
}

void Connection::take_interleaved(size_t at) {
    char* bytes =
        const_cast<char*>(in_.data());  // of a message that is not whole: nobody else sees them yet
    const size_t left = zmtp::take_out_commands(bytes, in_.size(), at, [&](std::string_view body) {
        take_command(body);
        return !stopped();
    });
    const size_t taken = in_.size() - left;
    const bool last =
        in_.chunk()->tail() == bytes + in_.size();  // not so if an answer was written behind it
    in_.remove_suffix(taken);
    if (last) in_.chunk()->retract(taken);
}

void Connection::take_command(std::string_view body) {
    const auto command = zmtp::parse_command(body);
    if (!command) return close(Refusal::kMalformed);
    if (command->name == "PING") {
        const auto ping = zmtp::parse_ping(command->data);
        if (!ping) return close(Refusal::kMalformed);
        take_ping(*ping);
    } else if (command->name == "SUBSCRIBE") {
        take_subscription(command->data, true);
    } else if (command->name == "CANCEL") {
        take_subscription(command->data, false);
    } else if (command->name == "READY") {
        close(Refusal::kMalformed);
    } else if (command->name != "PONG") {
        endpoint_.count(Refusal::kMalformed);  // an unknown command is ignored and counted
    }
}

void Connection::take_ping(const zmtp::Ping& ping) {
    counters().pings++;
    liveness_.heard_ping(reactor_.now(), ping.ttl_tenths);
    if (outbox_.commands() < kCommandsWaitingMax)
        say(zmtp::pong_frame(ping.context));
    else
        endpoint_.count(Refusal::kOutboxFull);
    arm_timer();
}

void Connection::take_subscription(std::string_view prefix, bool add) {
    if (type() != SocketType::kSub && type() != SocketType::kXsub)
        return close(Refusal::kMalformed);
    const auto known = subscriptions_.find(prefix);
    if (add) {
        if (known != subscriptions_.end()) {
            known->second++;
            return;
        }
        const PeerLimits& limits = endpoint_.options().limits;
        if (subscriptions_.size() >= limits.subscriptions_max ||
            prefix.size() > kSubscriptionBytesMax ||
            subscription_bytes_ + prefix.size() > limits.subscription_bytes_max) {
            return close(Refusal::kSubscriptions);
        }
        subscriptions_.emplace(prefix, 1);
        subscription_bytes_ += prefix.size();
    } else {
        if (known == subscriptions_.end()) return;
        if (--known->second > 0) return;
        subscription_bytes_ -= prefix.size();
        subscriptions_.erase(known);
    }
    endpoint_.handler_.on_subscription(*this, {prefix, add});
}

void Connection::each_subscription(const std::function<void(std::string_view)>& visit) const {
    for (const auto& [prefix, times] : subscriptions_)
        visit(prefix);
}

// Bytes of the bridge itself. During the handshake they have a place of their own: the outbox is
// for messages.
void Connection::say(std::string_view wire) {
    if (half_closed_) return;
    if (state_ == State::kOpen) {
        if (outbox_.empty()) on_queued();
        outbox_.append_command(reactor_.memory().copy(wire));
        return;
    }
    said_ += wire;
    flush();
}

void Connection::on_queued() {
    if (state_ != State::kClosed) reactor_.make_dirty(*this);
}

void Connection::flush() {
    if (state_ == State::kClosed || half_closed_) return;
    const bool full = !has_room();
    write_out();
    // Somebody may have waited for room without its ever having been blocked; so does its own
    // reading.
    if (full && outbox_.empty()) {
        relieved_ = true;
        reactor_.make_ready(*this);
    }
}

void Connection::write_out() {
    while (!said_.empty()) {
        const iovec from{said_.data(), said_.size()};
        const IoResult sent = reactor_.net().write(socket_, {&from, 1});
        if (sent.kind != IoResult::Kind::kDone) {
            writable_ = false;
            blocked_ = true;
            return;
        }
        said_.erase(0, sent.bytes);
    }
    if (blocked_) return;
    std::array<iovec, kWriteParts> parts;
    while (!outbox_.empty()) {
        const size_t filled = outbox_.gather(parts);
        size_t total = 0;
        for (size_t i = 0; i < filled; i++)
            total += parts[i].iov_len;
        const IoResult sent = reactor_.net().write(socket_, {parts.data(), filled});
        if (sent.kind == IoResult::Kind::kDone) outbox_.consume(sent.bytes);
        // A failed socket is told by the read that follows its event.
        if (sent.kind != IoResult::Kind::kDone || sent.bytes < total) {
            writable_ = false;
            blocked_ = true;
            return;
        }
    }
}

void Connection::half_close() {
    if (state_ != State::kOpen || half_closed_) return;
    flush();
    half_closed_ = true;
    end_slowing();
    reactor_.net().shutdown_write(socket_);
}

void Connection::finish() {
    if (stopped()) return;
    half_close();
    finishing_ = true;
    in_ = Slice();
    reactor_.make_ready(*this);  // it may have been held
}

void Connection::close(Refusal why) {
    if (stopped()) return;
    endpoint_.count(why);
    flush();
    closing_ = why;
    blocked_ = true;  // what anybody queues from now on stays here
    reactor_.make_ready(*this);
}

void Connection::end(std::optional<Refusal> why) {
    if (state_ == State::kClosed) return;
    const bool was_open = state_ == State::kOpen;
    state_ = State::kClosed;
    in_ = Slice();
    timer_.cancel();
    end_slowing();
    reactor_.forget(*this);
    reactor_.net().close(socket_);
    socket_ = kNoSocket;
    endpoint_.closed(*this, was_open, why);
}

void Connection::reassure(Instant now) {
    // To one that has closed it would be answered by a reset, which takes all that is not read yet.
    if (ended_) return;
    if (!blocked_ && liveness_.take_reassurance(now)) say(zmtp::pong_frame({}));
}

void Connection::relieve(Instant now) {
    if (stopped()) return;
    outbox_.compact(reactor_.memory());  // answers to one that does not read them
    if (in_.empty()) return;
    if (state_ == State::kHandshake && in_.size() > kHandshakeBytesMax) {
        close(Refusal::kMemory);
        in_ = Slice();
        return;
    }
    if (in_.chunk()->sparse()) in_ = reactor_.memory().copy(in_.bytes());
    const bool partial = state_ == State::kOpen && needed_ > in_.size();
    const Duration patience = endpoint_.options().limits.handshake_time;
    if (!partial || now - progress_at_ < patience) return;
    // Its next bytes wait for us, not we for them: only if nothing else has freed memory, and it
    // has much of it.
    const bool stuck =
        endpoint_.memory_is_used_up() && endpoint_.waited_for_memory(now) >= patience;
    if (readable_ && !(stuck && in_.size() > kOwnChunkFrom)) return;
    close(Refusal::kStalled);
    in_ = Slice();
}

void Connection::arm_timer() {
    if (const auto due = liveness_.next_check(reactor_.now())) timer_.arm(*due);
}

void Connection::on_timer() {
    const Instant now = reactor_.now();
    if (state_ == State::kHandshake) {
        endpoint_.refused(*this, std::nullopt, Refusal::kHandshakeTimeout, "");
        return end(Refusal::kHandshakeTimeout);
    }
    if (liveness_.take_machine_check(now) &&
        reactor_.net().unanswered(socket_) >= endpoint_.options().user_timeout) {
        return close(Refusal::kUnreachable);
    }
    // While we do not read, its silence is ours, and its PONGs would only pile up.
    const bool unread = endpoint_.held() || readable_;
    if (unread) liveness_.excuse(now);
    if (liveness_.is_dead(now)) return close(Refusal::kHeartbeat);
    if (!blocked_ && !unread && liveness_.take_ping_turn(now)) say(zmtp::ping_frame(0, {}));
    arm_timer();
}

}  // namespace zbridge::net
