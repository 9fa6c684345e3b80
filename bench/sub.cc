// Many SUB subscribers in one process: sockets shared out over a few threads. Measures what all of
// them have received, and what they have lost. Exit 1: a message was damaged or out of order, or
// none came.
#include <thread>
#include <zmq.hpp>

#include "bench/options.h"
#include "bench/reception.h"

using namespace zbridge::bench;

namespace {

// One SUB and what it has seen.
class Subscriber {
 public:
    Subscriber(zmq::socket_t socket, const Reception& reception)
        : socket_(std::move(socket)), reception_(reception) {}

    // Takes what is there, up to a quantum, so that no subscriber starves another. False: there was
    // nothing.
    bool take() {
        constexpr int kQuantum = 256;
        int taken = 0;
        while (taken < kQuantum && socket_.recv(message_, zmq::recv_flags::dontwait)) {
            reception_.on_message(message_.data(), message_.size());
            ++taken;
        }
        reception_.on_batch_end();
        return taken > 0;
    }

    zmq::socket_t& socket() { return socket_; }

 private:
    zmq::socket_t socket_;
    Reception reception_;
    zmq::message_t message_;
};

void receive(std::vector<Subscriber>& subscribers, const Totals& totals) {
    std::vector<zmq::pollitem_t> items;
    for (auto& one : subscribers)
        items.push_back({one.socket().handle(), 0, ZMQ_POLLIN, 0});
    while (!totals.end) {
        // zmq_poll over 64 sockets costs as much as many messages: only when all of them were
        // empty.
        bool any = false;
        for (auto& one : subscribers)
            any |= one.take();
        if (!any) zmq::poll(items, std::chrono::milliseconds(100));
    }
}

}  // namespace

int main(int argc, char** argv) {
    PeerOptions options;
    WindowOptions window_options;
    uint32_t count = 1, threads_count = 1;
    CLI::App app("SUB subscribers of one PUB");
    add_peer_options(app, options);
    add_window_options(app, window_options);
    app.add_option("--subscribers", count)->check(CLI::Range(1u, kConsumersMax));
    app.add_option("--threads", threads_count)->check(CLI::Range(1u, 64u));
    CLI11_PARSE(app, argc, argv);

    ControlPage& control = map_control_page(options.control);
    const Payload payload(options.message_bytes);
    Totals totals;
    Window window(window_options);
    zmq::context_t context(1);
    context.set(zmq::ctxopt::max_sockets, static_cast<int>(kConsumersMax) + 16);
    std::vector<std::vector<Subscriber>> shares(threads_count);
    for (uint32_t i = 0; i < count; ++i) {
        shares[i % threads_count].emplace_back(connected(context, zmq::socket_type::sub, options),
                                               Reception(payload, control, totals, i));
    }
    std::vector<std::thread> threads;
    for (auto& share : shares) {
        threads.emplace_back([&] { receive(share, totals); });
    }
    oversee(window, control, totals, count);
    for (auto& thread : threads)
        thread.join();
    return conclude(window, control, totals, count, false);
}
