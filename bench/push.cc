// A PUSH producer: sends as fast as it is let, until the control page says stop. With --window never
// further ahead of its consumers: what is stored for them stays little.
#include <zmq.hpp>

#include "bench/control_page.h"
#include "bench/options.h"
#include "bench/pacer.h"
#include "bench/payload.h"

using namespace zbridge::bench;

int main(int argc, char** argv) {
    PeerOptions options;
    Flow flow;
    CLI::App app("PUSH producer");
    add_peer_options(app, options);
    add_flow_options(app, flow);
    CLI11_PARSE(app, argc, argv);

    ControlPage& control = map_control_page(options.control);
    const Payload payload(options.message_bytes);
    zmq::context_t context(1);
    auto socket = connected(context, zmq::socket_type::push, options);

    Pacer pacer(control, flow);
    uint64_t sent = 0;
    while (!control.stopped()) {
        pacer.wait_for(sent);
        zmq::message_t message(payload.size());
        payload.write(sent, message.data());
        if (socket.send(message, zmq::send_flags::none)) ++sent;
    }
    control.producer_done(sent);
    fmt::print("{{\"sent\": {}, \"given_up\": {}}}\n", sent, pacer.given_up());
}
