// A producer that is told: a DEALER with so many messages in flight, each waiting for its receipt.
// Receipts a second, and the time from a message to its receipt (p50, p99). Exit 1: a receipt was a
// refusal, out of order, or did not come.
#include <zmq.hpp>

#include <deque>

#include "bench/options.h"
#include "bench/payload.h"
#include "bench/percentile.h"

using namespace zbridge::bench;

int main(int argc, char** argv) {
    PeerOptions options;
    WindowOptions window_options;
    size_t in_flight = 512;
    CLI::App app("DEALER producer with receipts");
    add_peer_options(app, options);
    add_window_options(app, window_options);
    app.add_option("--in-flight", in_flight, "messages without a receipt at a time");
    CLI11_PARSE(app, argc, argv);

    const Payload payload(options.message_bytes);
    zmq::context_t context(1);
    options.hwm = 0;  // what is in flight is limited here
    auto socket = connected(context, zmq::socket_type::dealer, options);
    socket.set(zmq::sockopt::rcvtimeo, 5000);

    Window window(window_options);
    std::deque<Monotonic::time_point> sent_at;
    std::vector<uint32_t> latencies_ns;
    latencies_ns.reserve(1 << 22);
    uint64_t sent = 0, receipted = 0, wrong = 0;
    std::string last_id;
    bool silent = false;
    while (!window.ended() && !silent) {
        while (sent - receipted < in_flight) {
            zmq::message_t message(payload.size());
            payload.write(sent++, message.data());
            sent_at.push_back(Monotonic::now());
            socket.send(zmq::message_t(), zmq::send_flags::sndmore);
            socket.send(message, zmq::send_flags::none);
        }
        zmq::message_t delimiter, receipt;
        silent = !socket.recv(delimiter) || !socket.recv(receipt);
        if (silent) break;
        const std::string_view text(receipt.data<char>(), receipt.size());
        const std::string id(text.substr(std::min<size_t>(text.size(), 3)));
        if (!text.starts_with("OK ") || id <= last_id) ++wrong;  // ids are sortable
        last_id = id;
        const auto now = Monotonic::now();
        if (window.begun())
            latencies_ns.push_back(static_cast<uint32_t>((now - sent_at.front()).count()));
        sent_at.pop_front();
        ++receipted;
        window.advance(receipted);
    }
    std::sort(latencies_ns.begin(), latencies_ns.end());
    fmt::print("{{{}, \"p50_us\": {:.1f}, \"p99_us\": {:.1f}, \"wrong\": {}}}\n", window.json(),
               percentile_us(latencies_ns, 0.5), percentile_us(latencies_ns, 0.99), wrong);
    return window.ended() && wrong == 0 ? 0 : 1;
}
