#include "bridge/net/dialled/dealer.h"

#include <algorithm>
#include <climits>

#include <zmq.hpp>

#include "bridge/net/dialled/wait_any.h"

namespace zbridge::net {

struct Dealer::Socket {
    explicit Socket(std::string to) : address(std::move(to)) {}

    std::string address;
    zmq::context_t context{1};
    zmq::socket_t socket{context, zmq::socket_type::dealer};
};

namespace {

int in_ms(Duration patience) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(patience).count();
    return static_cast<int>(std::clamp<int64_t>(ms, 0, INT_MAX));
}

Status nobody(const std::string& address) {
    return {Code::kUnavailable, "nobody answers at " + address};
}

}  // namespace

Dealer::Dealer(std::unique_ptr<Socket> socket) : socket_(std::move(socket)) {}
Dealer::~Dealer() = default;

Result<std::unique_ptr<Dealer>> Dealer::open(const std::string& address) {
    try {
        auto its = std::make_unique<Socket>(address);
        its->socket.set(zmq::sockopt::linger, 0);
        its->socket.connect(address);
        return std::unique_ptr<Dealer>(new Dealer(std::move(its)));
    } catch (const zmq::error_t& error) {
        return Status(Code::kInvalid, address + ": " + error.what());
    }
}

Status Dealer::send(const std::vector<std::string_view>& frames, Duration patience) {
    try {
        socket_->socket.set(zmq::sockopt::sndtimeo, in_ms(patience));
        for (size_t i = 0; i < frames.size(); i++) {
            const auto flags =
                i + 1 < frames.size() ? zmq::send_flags::sndmore : zmq::send_flags::none;
            if (!socket_->socket.send(zmq::buffer(frames[i]), flags))
                return nobody(socket_->address);
        }
        return {};
    } catch (const zmq::error_t& error) {
        return {Code::kUnavailable, socket_->address + ": " + error.what()};
    }
}

Result<std::vector<std::string>> Dealer::receive(Duration patience) {
    try {
        socket_->socket.set(zmq::sockopt::rcvtimeo, in_ms(patience));
        std::vector<std::string> frames;
        for (zmq::message_t frame; frames.empty() || frame.more();) {
            if (!socket_->socket.recv(frame)) return nobody(socket_->address);
            frames.push_back(frame.to_string());
        }
        return frames;
    } catch (const zmq::error_t& error) {
        return Status(Code::kUnavailable, socket_->address + ": " + error.what());
    }
}

void Dealer::wait(Duration time) {
    zmq::socket_t* const its = &socket_->socket;
    try {
        wait_any({&its, 1}, WaitFor::kArrival, time);
    } catch (const zmq::error_t&) {
        return;  // the next receive() tells
    }
}

}  // namespace zbridge::net
