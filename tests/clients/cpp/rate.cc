// How fast the C++ client is, beside a plain DEALER with one-frame receipts: messages a second.
//
//    client_cpp_rate dealer|publish|consume ADDRESS MESSAGES      (512 without a receipt, 100 B)
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <zbridge/consumer.hpp>
#include <zbridge/producer.hpp>

using namespace zbridge::client;

namespace {

constexpr uint64_t kInFlight = 512;
const std::string kBody(100, 'x');

struct Failed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// As bench/receipts.cc, without a look at the time of each.
void by_dealer(const std::string& address, uint64_t count) {
    zmq::context_t context(1);
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::sndhwm, 0);
    socket.set(zmq::sockopt::rcvhwm, 0);
    socket.set(zmq::sockopt::rcvtimeo, 10'000);
    socket.connect(address);
    uint64_t sent = 0, receipted = 0;
    zmq::message_t delimiter, receipt;
    while (receipted < count) {
        for (; sent < count && sent - receipted < kInFlight; sent++) {
            socket.send(zmq::message_t(), zmq::send_flags::sndmore);
            socket.send(zmq::buffer(kBody), zmq::send_flags::none);
        }
        if (!socket.recv(delimiter) || !socket.recv(receipt)) throw Failed("no receipt");
        const std::string_view text(receipt.data<char>(), receipt.size());
        if (text.substr(0, 3) != "OK ") throw Failed(std::string(text));
        receipted++;
    }
}

void publish(const std::string& address, uint64_t count) {
    Options options;
    options.max_in_flight = kInFlight;
    Client client(address, options);
    const Producer producer(client, "orders");
    uint64_t refused = 0;
    const Message message(kBody);
    for (uint64_t n = 0; n < count; n++)
        producer.publish_async(
            message, [&refused](const Published& published) { refused += published ? 0 : 1; });
    client.flush();
    client.close();
    if (refused > 0) throw Failed("some were refused");
}

void consume(const std::string& address, uint64_t count) {
    Client client(address);
    ConsumerOptions options;
    options.credit = 10'000;
    const Consumer consumer(client, "logistics", options);
    while (count > 0) {
        const auto given = consumer.receive_some(1000, milliseconds(10'000));
        if (given.empty()) throw Failed("nothing is delivered");
        for (const Delivery& each : given)
            each.ack();
        count -= std::min<uint64_t>(count, given.size());
    }
    client.flush();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    const std::string mode = argv[1];
    const uint64_t count = std::stoull(argv[3]);
    const auto began = std::chrono::steady_clock::now();
    try {
        if (mode == "dealer")
            by_dealer(argv[2], count);
        else if (mode == "publish")
            publish(argv[2], count);
        else
            consume(argv[2], count);
    } catch (const std::exception& broken) {
        std::fprintf(stderr, "%s: %s\n", mode.c_str(), broken.what());
        return 1;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%.0f\n", static_cast<double>(count) / took.count());
}
