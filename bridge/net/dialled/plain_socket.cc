#include "bridge/net/dialled/plain_socket.h"

#include <utility>

#include <zmq.hpp>

#include "bridge/net/dialled/wait_any.h"

namespace zbridge::net {

struct PlainSockets::Context {
    zmq::context_t context{1};
};

struct PlainSocket::Socket {
    Socket(zmq::socket_t its, std::string to) : socket(std::move(its)), address(std::move(to)) {}

    zmq::socket_t socket;
    std::string address;
};

namespace {

zmq::socket_type libzmq_type(SocketType type) {
    switch (type) {
        case SocketType::kPub:
            return zmq::socket_type::pub;
        case SocketType::kSub:
            return zmq::socket_type::sub;
        case SocketType::kReq:
            return zmq::socket_type::req;
        case SocketType::kRep:
            return zmq::socket_type::rep;
        case SocketType::kDealer:
            return zmq::socket_type::dealer;
        case SocketType::kPull:
            return zmq::socket_type::pull;
        default:
            return zmq::socket_type::push;
    }
}

Status in_words(const std::string& address, const zmq::error_t& error) {
    return {Code::kUnavailable, address + ": " + error.what()};
}

}  // namespace

PlainSockets::PlainSockets() : context_(std::make_unique<Context>()) {
    context_->context.set(zmq::ctxopt::max_sockets, 10'000);
}
PlainSockets::~PlainSockets() = default;

Result<std::unique_ptr<PlainSocket>> PlainSockets::connect(const std::string& address,
                                                           const Setup& setup) {
    try {
        zmq::socket_t socket(context_->context, libzmq_type(setup.type));
        const auto linger = std::chrono::duration_cast<std::chrono::milliseconds>(setup.linger);
        socket.set(zmq::sockopt::linger, static_cast<int>(linger.count()));
        socket.set(zmq::sockopt::sndhwm, setup.high_water_mark);
        socket.set(zmq::sockopt::rcvhwm, setup.high_water_mark);
        // What is sent has somebody who takes it.
        socket.set(zmq::sockopt::immediate, true);
        if (setup.type == SocketType::kSub) socket.set(zmq::sockopt::subscribe, setup.subscribe);
        socket.connect(address);
        return std::unique_ptr<PlainSocket>(
            new PlainSocket(std::make_unique<PlainSocket::Socket>(std::move(socket), address)));
    } catch (const zmq::error_t& error) {
        return Status(Code::kInvalid, address + ": " + error.what());
    }
}

PlainSocket::PlainSocket(std::unique_ptr<Socket> socket) : socket_(std::move(socket)) {}
PlainSocket::~PlainSocket() = default;

Result<bool> PlainSocket::send(std::span<const std::string_view> frames) {
    try {
        bool taken = true;
        for (size_t i = 0; i < frames.size(); i++) {
            const auto more =
                i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
            const auto sent =
                socket_->socket.send(zmq::buffer(frames[i]), more | zmq::send_flags::dontwait);
            if (!sent && i == 0) return false;
            // The connection has ended in the middle: libzmq throws away the rest (send_message.h).
            if (!sent) taken = false;
        }
        return taken;
    } catch (const zmq::error_t& error) {
        return in_words(socket_->address, error);
    }
}

Result<size_t> PlainSocket::receive(std::vector<std::string>& frames) {
    try {
        size_t count = 0;
        for (zmq::message_t frame; count == 0 || frame.more(); count++) {
            if (!socket_->socket.recv(frame, zmq::recv_flags::dontwait)) return size_t{0};
            if (frames.size() == count) frames.emplace_back();
            frames[count].assign(frame.data<char>(), frame.size());
        }
        return count;
    } catch (const zmq::error_t& error) {
        return in_words(socket_->address, error);
    }
}

void PlainSocket::wait(std::span<PlainSocket* const> sockets, Wait what, Duration time) {
    std::vector<zmq::socket_t*> theirs;
    theirs.reserve(sockets.size());
    for (const PlainSocket* each : sockets)
        theirs.push_back(&each->socket_->socket);
    try {
        wait_any(theirs, what == Wait::kRoom ? WaitFor::kRoom : WaitFor::kArrival, time);
    } catch (const zmq::error_t&) {
        return;  // whoever uses them next is told
    }
}

}  // namespace zbridge::net
