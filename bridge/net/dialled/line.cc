#include "bridge/net/dialled/line.h"

#include <cstring>

#include "bridge/model/message.h"
#include "bridge/net/dialled/send_message.h"

namespace zbridge::net {

namespace {

zmq::socket_type zmq_type(SocketType type) {
    switch (type) {
        case SocketType::kPull:
            return zmq::socket_type::pull;
        case SocketType::kPush:
            return zmq::socket_type::push;
        case SocketType::kSub:
        case SocketType::kXsub:
            return zmq::socket_type::xsub;  // says its subscriptions as messages
        case SocketType::kPub:
        case SocketType::kXpub:
            return zmq::socket_type::xpub;  // hears them as messages
        case SocketType::kReq:
        case SocketType::kDealer:
            return zmq::socket_type::dealer;
        case SocketType::kRep:
        case SocketType::kRouter:
            return zmq::socket_type::router;
        case SocketType::kPair:
            return zmq::socket_type::pair;
    }
    return zmq::socket_type::pair;
}

// With IMMEDIATE libzmq throws away both ways of a connection that ends, also what it has received:
// right for a socket that only sends, which else fills a queue for nobody. See docs/adr/0002.
bool is_immediate(SocketType type) {
    return type == SocketType::kPush || type == SocketType::kPub || type == SocketType::kXpub;
}

// Without IMMEDIATE libzmq keeps for the next connection what the last one was to get: a request
// that has been given to another worker, a subscription that nobody wants any more. It goes with
// the socket.
bool is_made_anew(SocketType type) {
    return !is_immediate(type) && type != SocketType::kPull;
}

// Each way, before the next socket has its turn; and no more bytes than a mailbox holds.
constexpr uint64_t kBurstMessages = 256;
constexpr int kLingerMs = 0;
constexpr int kReconnectMs = 100, kReconnectMaxMs = 5000;
// libzmq connects again at once, but never after bytes that its protocol does not allow.
constexpr Duration kRetryTime = std::chrono::seconds(1);
// A source is read at a planned stop until nothing has come for so long, or so much has come.
constexpr Duration kQuietTime = std::chrono::milliseconds(50);
constexpr size_t kDrainBytesMax = 16 << 20;

}  // namespace

Line::Line(Link& link, zmq::context_t& context, uint64_t number, const Clock& clock)
    : link_(link),
      clock_(clock),
      socket_(context, zmq_type(link.socket())),
      events_(context, zmq::socket_type::pair) {
    const bool subscribes = link.socket() == SocketType::kSub || link.socket() == SocketType::kXsub;
    // libzmq drops subscriptions above it.
    socket_.set(zmq::sockopt::sndhwm, subscribes ? 0 : Link::kHighWaterMark);
    socket_.set(zmq::sockopt::rcvhwm, Link::kHighWaterMark);
    socket_.set(zmq::sockopt::linger, kLingerMs);
    const PeerLimits& limits = link.limits();
    socket_.set(zmq::sockopt::maxmsgsize, static_cast<int64_t>(limits.frame_bytes_max));
    socket_.set(
        zmq::sockopt::handshake_ivl,
        static_cast<int>(
            std::chrono::duration_cast<std::chrono::milliseconds>(limits.handshake_time).count()));
    socket_.set(zmq::sockopt::immediate, is_immediate(link.socket()));
    socket_.set(zmq::sockopt::reconnect_ivl, kReconnectMs);
    socket_.set(zmq::sockopt::reconnect_ivl_max, kReconnectMaxMs);
    const std::string monitor = "inproc://monitor-" + std::to_string(number);
    const int rc = zmq_socket_monitor(
        socket_.handle(), monitor.c_str(),
        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED);
    if (rc != 0) throw zmq::error_t();
    events_.connect(monitor);
    socket_.connect(link.address());
}

Line::~Line() {
    lose_unsent();
}

bool Line::reads() const {
    return link_.socket() != SocketType::kPush;  // else libzmq takes a read for an error
}

// Where libzmq would keep it for the next connection, only while there is one.
bool Line::may_write() const {
    return is_immediate(link_.socket()) || (open_ && !ended_);
}

bool Line::add_to(std::vector<zmq_pollitem_t>& items) {
    items.push_back({events_.handle(), 0, ZMQ_POLLIN, 0});
    short wanted = 0;
    if (reads() && !link_.read_out() && link_.has_room()) wanted |= ZMQ_POLLIN;
    if (may_write() && (unsent_at_ < unsent_.size() || link_.has_outgoing())) wanted |= ZMQ_POLLOUT;
    items.push_back({socket_.handle(), 0, wanted, 0});
    return ended_.has_value() || (reads() && link_.stops_reading() && !link_.read_out());
}

bool Line::turn() {
    news_ = false;
    hear();
    write();
    read();
    settle();
    return news_;
}

void Line::put(Link::Incoming incoming) {
    link_.put(std::move(incoming));
    news_ = true;
}

// What the monitor says of the connection.
void Line::hear() {
    zmq::message_t event, address;
    while (events_.recv(event, zmq::recv_flags::dontwait)) {
        (void)events_.recv(address, zmq::recv_flags::dontwait);
        uint16_t number = 0;
        std::memcpy(&number, event.data(), sizeof(number));
        dry_ = false;
        if (number == ZMQ_EVENT_DISCONNECTED) {
            ended_ = clock_.now();
            retried_ = back_ = false;
        } else if (number == ZMQ_EVENT_CONNECT_RETRIED) {
            retried_ = true;
        } else if (ended_) {
            back_ = true;
        } else {
            open_ = true;
            put({Link::Incoming::Kind::kOpened, {}});
        }
    }
}

// Whole messages only: libzmq takes all frames of one or none.
void Line::write() {
    size_t bytes = 0;
    uint64_t messages = 0;
    while (may_write() && messages < kBurstMessages && bytes < Link::kMailboxBytes) {
        if (unsent_at_ >= unsent_.size()) {
            unsent_.clear();
            unsent_at_ = 0;
            if (!link_.take_outgoing(unsent_)) break;
        }
        const Sent sent = send_message(
            std::string_view(unsent_).substr(unsent_at_),
            [this](std::string_view body, bool more) { return send_frame(body, more); });
        if (sent == Sent::kLater) break;
        const size_t end = message_end(unsent_, unsent_at_).end;
        if (sent == Sent::kLost) {
            link_.lose(end - unsent_at_, 1);
        } else {
            bytes += end - unsent_at_;
            messages++;
        }
        unsent_at_ = end;
    }
    if (messages > 0) news_ |= link_.sent(bytes, messages);
}

bool Line::send_frame(std::string_view body, bool more) {
    zmq::message_t part(body.data(), body.size());
    const auto flags =
        zmq::send_flags::dontwait | (more ? zmq::send_flags::sndmore : zmq::send_flags::none);
    return socket_.send(part, flags).has_value();
}

void Line::read() {
    if (!reads() || link_.read_out()) return;
    const size_t bytes = link_.has_room() ? read_burst() : 0;
    if (link_.stops_reading()) stop_reading(bytes);
}

size_t Line::read_burst() {
    Link::Incoming incoming{Link::Incoming::Kind::kBytes, {}, 0};
    std::string& bytes = incoming.bytes;
    zmq::message_t part;
    uint64_t read = 0;
    while (read < kBurstMessages && bytes.size() < Link::kMailboxBytes) {
        if (!socket_.recv(part, zmq::recv_flags::dontwait)) {
            dry_ = true;
            break;
        }
        // Its connection may have come since the monitor was heard.
        if (!open_) hear();
        const size_t before = bytes.size();
        const auto refusal = take_message(part, bytes);
        if (refusal) {
            bytes.resize(before);
            link_.refuse(*refusal);
        }
        read++;
        if (!refusal) incoming.messages++;
    }
    const size_t size = bytes.size();
    if (size > 0) put(std::move(incoming));
    return size;
}

// Of a message that is refused libzmq is made to give the rest all the same.
std::optional<Refusal> Line::take_message(zmq::message_t& part, std::string& bytes) {
    const PeerLimits& limits = link_.limits();
    const size_t begin = bytes.size();
    std::optional<Refusal> refusal;
    for (uint32_t frames = 1;; frames++) {
        if (frames > limits.frames_max) refusal = Refusal::kTooManyFrames;
        if (!refusal) append_frame(bytes, {part.data<char>(), part.size()}, part.more());
        if (!refusal && bytes.size() - begin > limits.message_bytes_max)
            refusal = Refusal::kTooLarge;
        if (!part.more()) return refusal;
        // The rest of a message is there.
        (void)socket_.recv(part, zmq::recv_flags::none);
    }
}

// libzmq cannot half-close: who goes on sending is cut off in the end.
void Line::stop_reading(size_t bytes) {
    drain_bytes_ += bytes;
    if (!dry_ || bytes > 0)
        dry_since_.reset();
    else if (!dry_since_)
        dry_since_ = clock_.now();
    const bool quiet = dry_since_ && clock_.now() - *dry_since_ >= kQuietTime;
    if (!quiet && drain_bytes_ < kDrainBytesMax) return;
    link_.set_read_out();
    news_ = true;
}

void Line::lose_unsent() {
    uint64_t messages = 0;
    for (size_t at = unsent_at_; at < unsent_.size(); messages++)
        at = message_end(unsent_, at).end;
    link_.lose(unsent_.size() - unsent_at_, messages);
    unsent_.clear();
    unsent_at_ = 0;
}

// Tells an end when all that came before it has been read. libzmq says it before it lets go of the
// last messages; that it connects again it says behind them.
void Line::settle() {
    if (!ended_) return;
    const bool given_up = !retried_ && !back_ && clock_.now() - *ended_ >= kRetryTime;
    if (!retried_ && !back_ && !given_up) return;
    if (reads() && !dry_ && !link_.read_out()) return;
    ended_.reset();
    if (given_up && open_)
        link_.set_trouble(
            "disconnected: a frame above max_frame, or bytes that ZMTP does not allow");
    if (!is_immediate(link_.socket())) lose_unsent();
    if (open_) put({Link::Incoming::Kind::kClosed, {}});
    open_ = back_;
    if (back_)
        put({Link::Incoming::Kind::kOpened, {}});
    else
        spent_ = given_up || is_made_anew(link_.socket());
    back_ = false;
}

}  // namespace zbridge::net
