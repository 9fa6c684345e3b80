// zbridge with plain sockets: a DEALER that plays a REQ publishes, one with a credit consumes a group and answers each
// message with its token.
#include <string_view>
#include <zmq.hpp>

#include "bench/stores/roles.h"

using namespace zbridge::bench;

namespace {

class Dealer {
 public:
    explicit Dealer(const StoreOptions& options) : context_(1) {
        PeerOptions peer;
        peer.address = "tcp://" + options.address;
        peer.hwm = 0;  // what is in flight is limited by the one who asks
        socket_ = connected(context_, zmq::socket_type::dealer, peer);
    }

 protected:
    zmq::context_t context_;
    zmq::socket_t socket_;
};

class Producer : Dealer {
 public:
    using Dealer::Dealer;

    void send(const void* body, size_t size) {
        socket_.send(zmq::message_t(), zmq::send_flags::sndmore);
        socket_.send(zmq::const_buffer(body, size), zmq::send_flags::none);
    }

    size_t receipts() {
        zmq::message_t delimiter, receipt;
        if (!socket_.recv(delimiter) || !socket_.recv(receipt)) return 0;
        const std::string_view text(receipt.data<char>(), receipt.size());
        if (!text.starts_with("OK ")) throw Failed(std::string(text));
        return 1;
    }
};

class Consumer : Dealer {
 public:
    using Dealer::Dealer;

    size_t take(Check& check) {
        zmq::message_t token, delimiter, body;
        if (!socket_.recv(token) || !socket_.recv(delimiter) || !socket_.recv(body)) return 0;
        check.on_message(body.data(), body.size());
        socket_.send(token, zmq::send_flags::sndmore);
        socket_.send(delimiter, zmq::send_flags::sndmore);
        socket_.send(zmq::message_t(), zmq::send_flags::none);
        return 1;
    }
};

}  // namespace

int main(int argc, char** argv) {
    return run_store<Producer, Consumer>(argc, argv);
}
