// REP workers, each a thread that answers with the request itself, until the control page says
// stop.
#include <zmq.hpp>

#include <thread>

#include "bench/control_page.h"
#include "bench/options.h"

using namespace zbridge::bench;

int main(int argc, char** argv) {
    PeerOptions options;
    uint32_t count = 1;
    CLI::App app("REP workers");
    add_peer_options(app, options);
    app.add_option("--workers", count);
    CLI11_PARSE(app, argc, argv);

    ControlPage& control = map_control_page(options.control);
    zmq::context_t context(1);
    std::atomic<uint64_t> answered{0};
    std::vector<std::thread> threads;
    for (uint32_t i = 0; i < count; ++i) {
        threads.emplace_back([&] {
            auto socket = connected(context, zmq::socket_type::rep, options);
            socket.set(zmq::sockopt::rcvtimeo, 100);
            uint64_t mine = 0;
            while (!control.stopped()) {
                zmq::message_t request;
                if (!socket.recv(request)) continue;
                if (!socket.send(request, zmq::send_flags::none)) break;
                ++mine;
            }
            answered += mine;
        });
    }
    for (auto& thread : threads)
        thread.join();
    fmt::print("{{\"answered\": {}}}\n", answered.load());
}
