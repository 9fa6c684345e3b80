// A PUB producer. It never counts its own drops as success: a window (in messages) keeps it from
// running more than that ahead of the slowest subscriber, so that with a window within the
// high-water marks nothing needs to be dropped.
// --window 0: as fast as it can, drops and all (libzmq's default behaviour).
#include <thread>
#include <zmq.hpp>

#include "bench/control_page.h"
#include "bench/options.h"
#include "bench/pacer.h"
#include "bench/payload.h"

using namespace zbridge::bench;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
    PeerOptions options;
    Flow flow{.consumers = 1, .window = 1000};
    CLI::App app("PUB producer");
    add_peer_options(app, options);
    add_flow_options(app, flow);
    CLI11_PARSE(app, argc, argv);

    ControlPage& control = map_control_page(options.control);
    const Payload payload(options.message_bytes);
    zmq::context_t context(1);
    auto socket = connected(context, zmq::socket_type::pub, options);
    const auto send = [&](uint64_t sequence) {
        zmq::message_t message(payload.size());
        payload.write(sequence, message.data());
        (void)socket.send(message, zmq::send_flags::none);  // a PUB never says what it dropped
    };

    while (control.consumers_ready < flow.consumers && !control.stopped()) {
        send(kHello);
        std::this_thread::sleep_for(2ms);
    }
    Pacer pacer(control, flow);
    uint64_t sent = 0;
    for (; !control.stopped(); ++sent) {
        pacer.wait_for(sent);
        send(sent);
    }
    control.producer_done(sent);
    fmt::print("{{\"sent\": {}, \"given_up\": {}}}\n", sent, pacer.given_up());
}
