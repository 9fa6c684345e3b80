// One connection to the bridge at a time, over a DEALER of its own.
//
// Flow:    the core's link_number() -> follow() -> send(), sleep(), is_lost(), receive()
// Thread:  that of its client; the sockets are used in no other. wake() may come from any thread, one
//          at a time.
// Promise: one socket is one connection: libzmq does not connect it again, so nothing goes over a
//          connection that the core does not know to be a new one.
// Limits:  kReceiveMessagesMax at a time: between them what is due gets its turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "core/command.hpp"

namespace zbridge::client {

// Called with each socket before it connects: for PLAIN, CURVE, a proxy.
using Configure = std::function<void(zmq::socket_t&)>;

// What came: a message of one frame or two; `nonsense`: of others.
struct Came {
    zmq::message_t header;
    std::shared_ptr<const zmq::message_t> block;
    bool nonsense = false;
};

class Link {
 public:
    static constexpr size_t kReceiveMessagesMax = 64;

    Link(std::string address, Configure configure);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() { disconnect(); }

    uint64_t number() const { return number_; }
    // Becomes the connection of this number, or none for 0.
    void follow(uint64_t number);
    // As far as it takes them now: the rest goes with the next calls, or with the connection.
    void send(std::vector<core::Said> messages);
    // Until something comes, or this time is over, or somebody wakes it; below 0: for ever. It may
    // end before.
    void sleep(int64_t ms);
    void wake() { waker_.send(zmq::message_t(), zmq::send_flags::dontwait); }
    // Whether it has ended. Ask before the last receive(): what came before the end is still there.
    bool is_lost();
    std::vector<Came> receive();

 private:
    // No -1, and no IMMEDIATE: with either libzmq throws away, when a connection ends, what has come
    // over it and was not read yet. That would be the bridge's last words.
    static constexpr int kNeverMs = 3'600'000;
    static constexpr int kLost =
        ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

    void connect(uint64_t number);
    void disconnect();
    bool send_one(core::Said& said);
    bool is_ready();
    void drain_wakes();

    std::string address_;
    Configure configure_;
    zmq::context_t context_;
    zmq::socket_t waker_;
    zmq::socket_t woken_;
    zmq::socket_t socket_;
    zmq::socket_t monitor_;
    std::deque<core::Said> unsent_;
    uint64_t number_ = 0;
    bool lost_ = false;
    bool event_ = false;    // the monitor may have some
    bool drained_ = false;  // nothing to read, and nothing was sent since: news come to its fd
};

inline Link::Link(std::string address, Configure configure)
    : address_(std::move(address)),
      configure_(std::move(configure)),
      context_(1),
      waker_(context_, zmq::socket_type::pair),
      woken_(context_, zmq::socket_type::pair) {
    woken_.bind("inproc://wake");
    waker_.connect("inproc://wake");
    drain_wakes();
}

inline void Link::follow(uint64_t number) {
    if (number == number_) return;
    disconnect();
    if (number != 0) connect(number);
    number_ = number;
}

inline void Link::connect(uint64_t number) {
    socket_ = zmq::socket_t(context_, zmq::socket_type::dealer);
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::reconnect_ivl, kNeverMs);
    // What may come is bounded by credit, and by what was published.
    socket_.set(zmq::sockopt::rcvhwm, 0);
    if (configure_) configure_(socket_);
    // A name of its own: that of the last one may not be free yet.
    const std::string events = "inproc://monitor-" + std::to_string(number);
    if (zmq_socket_monitor(socket_.handle(), events.c_str(), kLost) != 0) throw zmq::error_t();
    monitor_ = zmq::socket_t(context_, zmq::socket_type::pair);
    monitor_.connect(events);
    event_ = true;
    socket_.connect(address_);
}

inline void Link::disconnect() {
    unsent_.clear();
    lost_ = event_ = drained_ = false;
    if (socket_) {
        zmq_socket_monitor(socket_.handle(), nullptr, 0);
        socket_.close();
    }
    if (monitor_) monitor_.close();
}

inline void Link::send(std::vector<core::Said> messages) {
    for (core::Said& each : messages)
        unsent_.push_back(std::move(each));
    if (!socket_ || unsent_.empty()) return;
    drained_ = false;
    while (!unsent_.empty() && send_one(unsent_.front()))
        unsent_.pop_front();
}

inline bool Link::send_one(core::Said& said) {
    const auto flags = zmq::send_flags::dontwait;
    zmq::message_t header(said.header.data(), said.header.size());
    if (!said.block) return socket_.send(header, flags).has_value();
    if (!socket_.send(header, flags | zmq::send_flags::sndmore)) return false;
    zmq::message_t body(said.block->data(), said.block->size());
    return socket_.send(body, flags).has_value();
}

inline bool Link::is_ready() {
    const int wanted = ZMQ_POLLIN | (unsent_.empty() ? 0 : ZMQ_POLLOUT);
    return (socket_.get(zmq::sockopt::events) & wanted) != 0;
}

// Polls what the sockets signal through, not the sockets: zmq_poll() asks each of those again and
// again, with a system call each. Such a signal comes only to a socket that was found empty before,
// and any call of the socket may take it away: so each is read to its end first, and is_ready() is
// asked where a call may have taken one.
inline void Link::sleep(int64_t ms) {
    if (socket_ && !drained_) {
        if (is_ready()) return;
        drained_ = unsent_.empty();
    }
    zmq::pollitem_t items[] = {{nullptr, woken_.get(zmq::sockopt::fd), ZMQ_POLLIN, 0},
                               {nullptr, 0, ZMQ_POLLIN, 0},
                               {nullptr, 0, ZMQ_POLLIN, 0}};
    if (socket_) {
        items[1].fd = socket_.get(zmq::sockopt::fd);
        items[2].fd = monitor_.get(zmq::sockopt::fd);
    }
    zmq::poll(items, socket_ ? 3 : 1, std::chrono::milliseconds(ms));
    event_ = event_ || items[2].revents != 0;
    if (items[0].revents != 0) drain_wakes();
}

inline void Link::drain_wakes() {
    zmq::message_t nothing;
    while (woken_.recv(nothing, zmq::recv_flags::dontwait)) {
    }
}

inline bool Link::is_lost() {
    if (!std::exchange(event_, false)) return lost_;
    zmq::message_t event, address;
    while (monitor_ && monitor_.recv(event, zmq::recv_flags::dontwait)) {
        (void)monitor_.recv(address, zmq::recv_flags::none);  // the second frame is there with it
        uint16_t kind = 0;
        if (event.size() >= sizeof kind) std::memcpy(&kind, event.data(), sizeof kind);
        lost_ = lost_ || (kind & kLost) != 0;
    }
    return lost_;
}

inline std::vector<Came> Link::receive() {
    std::vector<Came> found;
    while (socket_ && found.size() < kReceiveMessagesMax) {
        Came came;
        if (!socket_.recv(came.header, zmq::recv_flags::dontwait)) {
            drained_ = unsent_.empty();
            break;
        }
        bool more = came.header.more();
        while (more) {
            auto frame = std::make_shared<zmq::message_t>();
            (void)socket_.recv(*frame, zmq::recv_flags::none);
            more = frame->more();
            came.nonsense = came.nonsense || came.block != nullptr;
            came.block = std::move(frame);
        }
        found.push_back(std::move(came));
    }
    return found;
}

}  // namespace zbridge::client
