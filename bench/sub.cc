// Many SUB subscribers in one process: sockets shared out over a few threads. Measures what all of
// them have received, and what they have lost. Exit 1: a message was damaged or out of order, or
// none came.
#include <zmq.hpp>

#include <thread>

#include "bench/control_page.h"
#include "bench/options.h"
#include "bench/payload.h"

using namespace zbridge::bench;

namespace {

struct Totals {
    std::atomic<uint64_t> received{0};  // of all subscribers
    std::atomic<uint64_t> damaged{0}, out_of_order{0};
    std::atomic<bool> end{false};
};

// One SUB and what it has seen.
class Subscriber {
 public:
    Subscriber(zmq::socket_t socket, std::atomic<uint64_t>& progress, const Payload& payload)
        : socket_(std::move(socket)), progress_(progress), payload_(payload) {}

    // Takes what is there, up to a quantum, so that no subscriber starves another.
    uint64_t take(ControlPage& control, Totals& totals) {
        constexpr int kQuantum = 256;
        uint64_t taken = 0;
        for (int i = 0; i < kQuantum; ++i) {
            if (!socket_.recv(message_, zmq::recv_flags::dontwait)) break;
            uint64_t sequence = 0;
            if (!payload_.read(message_.data(), message_.size(), sequence)) {
                ++totals.damaged;
                continue;
            }
            if (sequence == kHello) {
                if (!ready_) ++control.consumers_ready;
                ready_ = true;
                continue;
            }
            if (sequence < next_) ++totals.out_of_order;
            next_ = sequence + 1;
            ++taken;
        }
        if (taken > 0) progress_.store(next_, std::memory_order_relaxed);
        return taken;
    }

    zmq::socket_t& socket() { return socket_; }

 private:
    zmq::socket_t socket_;
    std::atomic<uint64_t>& progress_;
    const Payload& payload_;
    zmq::message_t message_;
    uint64_t next_ = 0;
    bool ready_ = false;
};

void receive(std::vector<Subscriber>& subscribers, ControlPage& control, Totals& totals) {
    std::vector<zmq::pollitem_t> items;
    for (auto& one : subscribers)
        items.push_back({one.socket().handle(), 0, ZMQ_POLLIN, 0});
    while (!totals.end) {
        zmq::poll(items, std::chrono::milliseconds(100));
        uint64_t taken = 0;
        for (size_t i = 0; i < items.size(); ++i) {
            if ((items[i].revents & ZMQ_POLLIN) != 0) taken += subscribers[i].take(control, totals);
        }
        if (taken > 0) totals.received.fetch_add(taken, std::memory_order_relaxed);
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
                                               control.progress[i].next, payload);
    }
    std::vector<std::thread> threads;
    for (auto& share : shares) {
        threads.emplace_back([&] { receive(share, control, totals); });
    }

    constexpr auto kLook = std::chrono::milliseconds(5);
    constexpr double kSilentSecondsMax = 1;
    uint64_t seen = 0;
    auto seen_at = Monotonic::now();
    const auto has_all = [&] {
        return control.producers_done > 0 && totals.received >= control.sent * count;
    };
    while (!has_all()) {
        std::this_thread::sleep_for(kLook);
        const uint64_t received = totals.received;
        if (received != seen) {
            seen = received;
            seen_at = Monotonic::now();
        }
        if (window.advance(received)) control.stop = 1;
        const double patience = window.ended() ? kSilentSecondsMax : 10;
        if (seconds_between(seen_at, Monotonic::now()) > patience) break;
    }
    control.stop = 1;
    totals.end = true;
    for (auto& thread : threads)
        thread.join();

    const uint64_t expected = control.sent * count;
    fmt::print(
        "{{{}, \"received\": {}, \"expected\": {}, \"lost\": {}, \"damaged\": {}, "
        "\"out_of_order\": {}}}\n",
        window.json(), totals.received.load(), expected,
        expected - std::min<uint64_t>(expected, totals.received), totals.damaged.load(),
        totals.out_of_order.load());
    return window.ended() && totals.damaged == 0 && totals.out_of_order == 0 ? 0 : 1;
}
