// REQ clients, each a thread in a closed loop: requests a second of all, and each request's time
// (p50, p99, longest). Exit 1: a reply was wrong or missing.
#include <zmq.hpp>

#include <thread>

#include "bench/control_page.h"
#include "bench/options.h"
#include "bench/payload.h"
#include "bench/percentile.h"

using namespace zbridge::bench;

namespace {

struct Client {
    std::thread thread;
    std::atomic<uint64_t> answered{0};
    uint64_t wrong = 0, unanswered = 0;
    std::vector<uint32_t> latencies_ns;  // within the window
};

// The main thread moves it on: warming up, measuring, ended.
enum class Phase { kWarmup, kMeasure, kEnded };

void ask(Client& client, uint32_t number, zmq::context_t& context, const PeerOptions& options,
         const std::atomic<Phase>& phase) {
    const Payload payload(options.message_bytes);
    auto socket = connected(context, zmq::socket_type::req, options);
    socket.set(zmq::sockopt::rcvtimeo, 5000);
    client.latencies_ns.reserve(1 << 20);
    for (uint64_t i = 0; phase != Phase::kEnded; ++i) {
        const uint64_t sequence = (uint64_t{number} << 48) + i;
        const bool counts = phase == Phase::kMeasure;
        zmq::message_t request(payload.size()), reply;
        payload.write(sequence, request.data());
        const auto began = Monotonic::now();
        if (!socket.send(request, zmq::send_flags::none) || !socket.recv(reply)) {
            ++client.unanswered;  // a REQ cannot ask again: this client is out
            return;
        }
        const auto took = Monotonic::now() - began;
        uint64_t answered = 0;
        if (!payload.read(reply.data(), reply.size(), answered) || answered != sequence) {
            ++client.wrong;
        }
        client.answered.fetch_add(1, std::memory_order_relaxed);
        if (counts) client.latencies_ns.push_back(static_cast<uint32_t>(took.count()));
    }
}

}  // namespace

int main(int argc, char** argv) {
    PeerOptions options;
    WindowOptions window_options;
    uint32_t count = 1;
    CLI::App app("REQ clients");
    add_peer_options(app, options);
    add_window_options(app, window_options);
    app.add_option("--clients", count);
    CLI11_PARSE(app, argc, argv);

    ControlPage& control = map_control_page(options.control);
    zmq::context_t context(1);
    std::atomic<Phase> phase{Phase::kWarmup};
    std::vector<Client> clients(count);
    for (uint32_t i = 0; i < count; ++i) {
        clients[i].thread = std::thread([&, i] { ask(clients[i], i, context, options, phase); });
    }

    const auto answered = [&] {
        uint64_t sum = 0;
        for (const auto& client : clients)
            sum += client.answered;
        return sum;
    };
    Window window(window_options);
    const auto began = Monotonic::now();
    const double patience = 10 + window_options.warmup_seconds + window_options.seconds;
    while (!window.advance(answered()) && seconds_between(began, Monotonic::now()) < patience) {
        if (window.begun()) phase = Phase::kMeasure;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    phase = Phase::kEnded;

    uint64_t wrong = 0, unanswered = 0;
    std::vector<uint32_t> all_ns;
    for (auto& client : clients) {
        client.thread.join();
        wrong += client.wrong;
        unanswered += client.unanswered;
        all_ns.insert(all_ns.end(), client.latencies_ns.begin(), client.latencies_ns.end());
    }
    control.stop = 1;
    std::sort(all_ns.begin(), all_ns.end());
    fmt::print(
        "{{{}, \"p50_us\": {:.1f}, \"p99_us\": {:.1f}, \"p999_us\": {:.1f}, \"max_us\": {:.1f}, "
        "\"wrong\": {}, \"unanswered\": {}}}\n",
        window.json(), percentile_us(all_ns, 0.5), percentile_us(all_ns, 0.99),
        percentile_us(all_ns, 0.999), percentile_us(all_ns, 1), wrong, unanswered);
    return window.ended() && wrong == 0 && unanswered == 0 ? 0 : 1;
}
