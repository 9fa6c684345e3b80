#include "bridge/net/dialled/ask.h"

#include <zmq.hpp>

namespace zbridge::net {

Result<std::string> ask(const std::string& address, const std::string& question, Duration timeout) {
    const int timeout_ms =
        static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count());
    try {
        zmq::context_t context(1);
        zmq::socket_t socket(context, zmq::socket_type::req);
        socket.set(zmq::sockopt::linger, 0);
        socket.set(zmq::sockopt::rcvtimeo, timeout_ms);
        socket.set(zmq::sockopt::sndtimeo, timeout_ms);
        socket.connect(address);
        zmq::message_t answer;
        if (!socket.send(zmq::buffer(question)) || !socket.recv(answer)) {
            return Status(Code::kUnavailable, "nobody answers at " + address);
        }
        return answer.to_string();
    } catch (const zmq::error_t& error) {
        return Status(Code::kInvalid, address + ": " + error.what());
    }
}

}  // namespace zbridge::net
