// Many producers, each with an endpoint and so, perhaps, a topic of its own: a PUSH each, so many
// messages at a time in turn; and a SUB that counts what comes out. Exit 1: a message was damaged, or
// not all came.
#include <atomic>
#include <thread>
#include <zmq.hpp>

#include "bench/options.h"
#include "bench/payload.h"

using namespace zbridge::bench;

namespace {

struct Traffic {
    std::atomic<uint64_t> sent = 0, received = 0;
    std::atomic<bool> stop = false;
    std::atomic<uint32_t> told = 0;  // changes when the producers are to look again

    void tell() {
        told++;
        told.notify_one();
    }
};

// As fast as they are let, but not further ahead of the SUB than this: a SUB that lags by a topic's
// hot memory reads from the disk, and that is another measure.
constexpr uint64_t kAheadMax = 20'000;

void produce(std::vector<zmq::socket_t>& producers, size_t burst, const Payload& payload,
             Traffic& traffic) {
    for (size_t turn = 0;; turn++) {
        const uint32_t told = traffic.told;
        if (traffic.stop) return;
        if (traffic.sent - traffic.received > kAheadMax) {
            traffic.told.wait(told);
            continue;
        }
        zmq::socket_t& its = producers[turn % producers.size()];
        for (size_t i = 0; i < burst; i++) {
            zmq::message_t message(payload.size());
            payload.write(traffic.sent, message.data());
            if (its.send(message, zmq::send_flags::none)) traffic.sent++;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    PeerOptions options;
    WindowOptions window_options;
    std::vector<int> ports;
    size_t burst = 1;
    CLI::App app("a PUSH an endpoint, and a SUB of all");
    add_peer_options(app, options);
    add_window_options(app, window_options);
    app.add_option("--ports", ports, "of the endpoints, on 127.0.0.1")->required();
    app.add_option("--burst", burst, "messages of one producer behind each other");
    CLI11_PARSE(app, argc, argv);

    constexpr int kSilentSecondsMax = 5;
    constexpr uint64_t kTellEvery = 256;
    const Payload payload(options.message_bytes);
    zmq::context_t context(1);
    context.set(zmq::ctxopt::max_sockets, static_cast<int>(ports.size()) + 16);
    options.hwm = 0;  // kAheadMax bounds what waits
    auto consumer = connected(context, zmq::socket_type::sub, options);
    std::vector<zmq::socket_t> producers;
    for (const int port : ports) {
        options.address = fmt::format("tcp://127.0.0.1:{}", port);
        producers.push_back(connected(context, zmq::socket_type::push, options));
    }
    Traffic traffic;
    Window window(window_options);
    std::thread producing([&] { produce(producers, burst, payload, traffic); });
    uint64_t damaged = 0;
    int silent_seconds = 0;
    zmq::message_t message;
    while (silent_seconds < kSilentSecondsMax &&
           !(window.ended() && traffic.received == traffic.sent)) {
        if (!consumer.recv(message)) {
            silent_seconds++;
            continue;
        }
        silent_seconds = 0;
        uint64_t sequence = 0;
        if (!payload.read(message.data(), message.size(), sequence)) damaged++;
        const uint64_t received = ++traffic.received;
        if (received % kTellEvery != 0 && !traffic.stop) continue;
        traffic.tell();
        if (window.advance(received) && !traffic.stop) {
            traffic.stop = true;
            traffic.tell();
            producing.join();
        }
    }
    const bool good = window.ended() && traffic.received == traffic.sent && damaged == 0;
    traffic.stop = true;
    traffic.tell();
    if (producing.joinable()) producing.join();
    fmt::print("{{{}, \"sent\": {}, \"received\": {}, \"damaged\": {}}}\n", window.json(),
               traffic.sent.load(), traffic.received.load(), damaged);
    return good ? 0 : 1;
}
