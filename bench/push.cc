// A PUSH producer: sends as fast as it is let, until the control page says stop.
#include <zmq.hpp>

#include "bench/control_page.h"
#include "bench/options.h"
#include "bench/payload.h"

using namespace zbridge::bench;

int main(int argc, char** argv) {
    PeerOptions options;
    CLI::App app("PUSH producer");
    add_peer_options(app, options);
    CLI11_PARSE(app, argc, argv);

    ControlPage& control = map_control_page(options.control);
    const Payload payload(options.message_bytes);
    zmq::context_t context(1);
    auto socket = connected(context, zmq::socket_type::push, options);

    uint64_t sent = 0;
    while (!control.stopped()) {
        zmq::message_t message(payload.size());
        payload.write(sent, message.data());
        if (socket.send(message, zmq::send_flags::none)) ++sent;
    }
    control.producer_done(sent);
    fmt::print("{{\"sent\": {}}}\n", sent);
}
