// A PULL consumer: measures the window, checks that each message is whole and in order, and
// receives all that was sent. Exit 1: something was lost, damaged or out of order.
#include <zmq.hpp>

#include "bench/control_page.h"
#include "bench/options.h"
#include "bench/payload.h"

using namespace zbridge::bench;

int main(int argc, char** argv) {
    PeerOptions options;
    WindowOptions window_options;
    CLI::App app("PULL consumer of one PUSH producer");
    add_peer_options(app, options);
    add_window_options(app, window_options);
    CLI11_PARSE(app, argc, argv);

    ControlPage& control = map_control_page(options.control);
    const Payload payload(options.message_bytes);
    Window window(window_options);
    zmq::context_t context(1);
    auto socket = connected(context, zmq::socket_type::pull, options);

    constexpr uint64_t kMessagesPerLook = 256;
    constexpr int kSilentSecondsMax = 5;
    uint64_t received = 0, next = 0, damaged = 0, out_of_order = 0;
    int silent_seconds = 0;
    const auto has_all = [&] { return control.producers_done > 0 && received >= control.sent; };

    while (!has_all() && silent_seconds < kSilentSecondsMax) {
        zmq::message_t message;
        if (!socket.recv(message)) {
            ++silent_seconds;
        } else {
            silent_seconds = 0;
            uint64_t sequence = 0;
            if (!payload.read(message.data(), message.size(), sequence)) ++damaged;
            if (sequence != next) ++out_of_order;
            next = sequence + 1;
            if (++received % kMessagesPerLook != 0 && !window.ended()) continue;
        }
        if (window.advance(received)) control.stop = 1;
    }
    control.stop = 1;
    const bool good = window.ended() && has_all() && damaged == 0 && out_of_order == 0;
    fmt::print("{{{}, \"received\": {}, \"sent\": {}, \"damaged\": {}, \"out_of_order\": {}}}\n",
               window.json(), received, control.sent.load(), damaged, out_of_order);
    return good ? 0 : 1;
}
