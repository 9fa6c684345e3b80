#include "bridge/net/dialled/dialler.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include <zmq.hpp>

#include "bridge/model/message.h"
#include "bridge/net/options.h"

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

constexpr int kBurstMessages = 256;  // read from one socket before the next has its turn
constexpr int kLingerMs = 0;
constexpr int kSocketsPerLink = 3;  // the link's own, its monitor's two ends
constexpr int kReconnectMs = 100, kReconnectMaxMs = 5000;

}  // namespace

bool Link::push(std::string& bytes) {
    const std::lock_guard guard(lock_);
    if (outgoing_.size() >= kMailboxItems || outgoing_bytes_ >= kMailboxBytes) {
        wants_room_ = true;
        return false;
    }
    outgoing_bytes_ += bytes.size();
    outgoing_.push_back(std::move(bytes));
    return true;
}

bool Link::pop(Incoming& into) {
    const std::lock_guard guard(lock_);
    if (incoming_.empty()) return false;
    into = std::move(incoming_.front());
    incoming_.pop_front();
    incoming_bytes_ -= into.bytes.size();
    return true;
}

size_t Link::waiting_bytes() const {
    const std::lock_guard guard(lock_);
    return outgoing_bytes_;
}

void Link::renew() {
    const std::lock_guard guard(lock_);
    renewal_ = true;
}

void Link::put(Incoming incoming) {
    const std::lock_guard guard(lock_);
    incoming_bytes_ += incoming.bytes.size();
    incoming_.push_back(std::move(incoming));
}

bool Link::has_room() const {
    const std::lock_guard guard(lock_);
    return incoming_bytes_ < kMailboxBytes && incoming_.size() < kMailboxItems;
}

bool Link::has_outgoing() const {
    const std::lock_guard guard(lock_);
    return !outgoing_.empty();
}

bool Link::take_outgoing(std::string& into, bool& made_room) {
    const std::lock_guard guard(lock_);
    if (outgoing_.empty()) return false;
    into = std::move(outgoing_.front());
    outgoing_.pop_front();
    outgoing_bytes_ -= into.size();
    made_room |= std::exchange(wants_room_, false);
    return true;
}

bool Link::take_renewal() {
    const std::lock_guard guard(lock_);
    return std::exchange(renewal_, false);
}

class Dialler::Loop {
 public:
    explicit Loop(Dialler& dialler)
        : dialler_(dialler), wakeup_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        // libzmq's own limit of 1023 is three times too small.
        context_.set(zmq::ctxopt::max_sockets,
                     kSocketsPerLink * static_cast<int>(kDialledAddressesMax) + 1);
    }
    ~Loop() { ::close(wakeup_); }

    Status connect() {
        for (const auto& link : dialler_.links_) {
            try {
                lines_.push_back(std::make_unique<Line>(*link, context_, monitors_++));
            } catch (const zmq::error_t& error) {
                return {Code::kInvalid, "connecting " + link->address() + ": " + error.what()};
            }
        }
        return {};
    }

    void nudge() {
        const uint64_t one = 1;
        (void)!::write(wakeup_, &one, sizeof(one));  // full means: it will wake anyway
    }

    void stop() {
        stopping_ = true;
        nudge();
    }

    void run() {
        while (!stopping_) {
            wait();
            bool news = false;
            for (size_t i = 0; i < lines_.size(); i++) {
                if (!renewed(i, news)) continue;
                const auto& line = lines_[i];
                news |= hear(*line);
                write(*line);
                news |= line->made_room;
                line->made_room = false;
                news |= read(*line);
            }
            if (news) {
                dialler_.news_.store(true, std::memory_order_release);
                dialler_.wake_();
            }
        }
    }

 private:
    struct Line {
        Link& link;
        zmq::socket_t socket;
        zmq::socket_t events;  // of the monitor
        std::string unsent;    // a batch from outgoing that libzmq has not taken whole
        size_t unsent_at = 0;
        bool made_room = false;

        Line(Link& l, zmq::context_t& context, uint64_t number)
            : link(l),
              socket(context, zmq_type(l.socket())),
              events(context, zmq::socket_type::pair) {
            const bool subscribes =
                l.socket() == SocketType::kSub || l.socket() == SocketType::kXsub;
            socket.set(
                zmq::sockopt::sndhwm,
                subscribes ? 0 : Link::kHighWaterMark);  // libzmq drops subscriptions above it
            socket.set(zmq::sockopt::rcvhwm, Link::kHighWaterMark);
            socket.set(zmq::sockopt::linger, kLingerMs);
            socket.set(zmq::sockopt::immediate, true);
            socket.set(zmq::sockopt::reconnect_ivl, kReconnectMs);
            socket.set(zmq::sockopt::reconnect_ivl_max, kReconnectMaxMs);
            const std::string monitor = "inproc://monitor-" + std::to_string(number);
            const int rc =
                zmq_socket_monitor(socket.handle(), monitor.c_str(),
                                   ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED);
            if (rc != 0) throw zmq::error_t();
            events.connect(monitor);
            socket.connect(l.address());
        }
        bool has_unsent() const { return unsent_at < unsent.size(); }
        bool receives() const {
            return link.socket() != SocketType::kPush;
        }  // else libzmq takes a read for an error
    };

    // Makes a link's socket anew if that was asked for. False: there is none for now.
    bool renewed(size_t at, bool& news) {
        Link& link = *dialler_.links_[at];
        if (link.take_renewal()) {
            lines_[at].reset();
            link.put({Link::Incoming::Kind::kClosed, {}});
            news = true;
        }
        if (lines_[at] != nullptr) return true;
        try {
            lines_[at] = std::make_unique<Line>(link, context_, monitors_++);
        } catch (const zmq::error_t&) {
            return false;  // out of descriptors and the like: the next round tries again
        }
        return true;
    }

    void wait() {
        std::vector<zmq_pollitem_t> items;
        items.push_back({nullptr, wakeup_, ZMQ_POLLIN, 0});
        long timeout_ms = -1;
        for (const auto& line : lines_) {
            if (line == nullptr) {
                timeout_ms = kReconnectMs;
                continue;
            }
            items.push_back({line->events.handle(), 0, ZMQ_POLLIN, 0});
            short wanted = 0;
            if (line->receives() && line->link.has_room()) wanted |= ZMQ_POLLIN;
            if (line->has_unsent() || line->link.has_outgoing()) wanted |= ZMQ_POLLOUT;
            items.push_back({line->socket.handle(), 0, wanted, 0});
        }
        (void)zmq_poll(items.data(), static_cast<int>(items.size()), timeout_ms);
        uint64_t count = 0;
        (void)!::read(wakeup_, &count, sizeof(count));
    }

    // What the monitor says of the connection.
    static bool hear(Line& line) {
        bool news = false;
        zmq::message_t event, address;
        while (line.events.recv(event, zmq::recv_flags::dontwait)) {
            (void)line.events.recv(address, zmq::recv_flags::dontwait);
            uint16_t number = 0;
            std::memcpy(&number, event.data(), sizeof(number));
            const bool opened = number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
            line.link.put(
                {opened ? Link::Incoming::Kind::kOpened : Link::Incoming::Kind::kClosed, {}});
            news = true;
        }
        return news;
    }

    // Whole messages only: libzmq takes all frames of one or none.
    static void write(Line& line) {
        for (;;) {
            if (!line.has_unsent()) {
                if (!line.link.take_outgoing(line.unsent, line.made_room)) return;
                line.unsent_at = 0;
            }
            bool more = true;
            bool first = true;
            size_t at = line.unsent_at;
            while (more) {
                const Frame frame = frame_at(line.unsent, at);
                more = frame.more;
                const auto flags = zmq::send_flags::dontwait |
                                   (more ? zmq::send_flags::sndmore : zmq::send_flags::none);
                zmq::message_t part(frame.body.data(), frame.body.size());
                if (!line.socket.send(part, flags)) {
                    if (first) return;  // later, from its first frame on
                    break;              // libzmq has dropped the message: its connection has gone
                }
                first = false;
                at = frame.end;
            }
            line.unsent_at = message_end(line.unsent, line.unsent_at).end;
        }
    }

    static bool read(Line& line) {
        if (!line.receives() || !line.link.has_room()) return false;
        std::string bytes;
        zmq::message_t part;
        for (int messages = 0; messages < kBurstMessages && bytes.size() < Link::kMailboxBytes;
             messages++) {
            if (!line.socket.recv(part, zmq::recv_flags::dontwait)) break;
            append_frame(bytes, {part.data<char>(), part.size()}, part.more());
            while (part.more()) {
                (void)line.socket.recv(part,
                                       zmq::recv_flags::none);  // the rest of a message is there
                append_frame(bytes, {part.data<char>(), part.size()}, part.more());
            }
        }
        if (bytes.empty()) return false;
        line.link.put({Link::Incoming::Kind::kBytes, std::move(bytes)});
        return true;
    }

    Dialler& dialler_;
    int wakeup_;
    zmq::context_t context_{1};
    std::vector<std::unique_ptr<Line>> lines_;  // of each link; null: it could not be renewed yet
    uint64_t monitors_ = 0;                     // that were named
    std::atomic<bool> stopping_ = false;
};

Dialler::Dialler(std::function<void()> wake) : wake_(std::move(wake)) {}

Dialler::~Dialler() {
    if (!thread_.joinable()) return;
    loop_->stop();
    thread_.join();
}

Status Dialler::start() {
    loop_ = std::make_unique<Loop>(*this);
    if (Status status = loop_->connect(); !status.ok()) return status;
    thread_ = std::thread([this] { loop_->run(); });
    return {};
}

void Dialler::nudge() {
    if (loop_) loop_->nudge();
}

}  // namespace zbridge::net
