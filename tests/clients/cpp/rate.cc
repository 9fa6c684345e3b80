// How fast the C++ client is, beside a plain DEALER with one-frame receipts: messages a second.
//
//    client_cpp_rate MODE ADDRESS MESSAGES      (100 B; 512 without a receipt, or not settled)
//
//    dealer:  a plain DEALER, each receipt a message        worker:  likewise, each acknowledgement
//    publish: a callback for each message                   consume: an ack() for each delivery
//    batches: publish_all_async(), 128 messages each        settle:  settle() for all that are there
#include <chrono>
#include <cstdio>
#include <deque>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <zbridge/consumer.hpp>
#include <zbridge/producer.hpp>

using namespace zbridge::client;

namespace {

constexpr uint64_t kInFlight = 512;
constexpr uint64_t kBatch = kInFlight / 4;
const std::string kBody(100, 'x');

struct Failed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

zmq::socket_t dealer_at(zmq::context_t& context, const std::string& address) {
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, -1);
    socket.set(zmq::sockopt::sndhwm, 0);
    socket.set(zmq::sockopt::rcvhwm, 0);
    socket.set(zmq::sockopt::rcvtimeo, 10'000);
    socket.connect(address);
    return socket;
}

// As bench/receipts.cc, without a look at the time of each.
void by_dealer(const std::string& address, uint64_t count) {
    zmq::context_t context(1);
    zmq::socket_t socket = dealer_at(context, address);
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

void publish_batches(const std::string& address, uint64_t count) {
    Options options;
    options.max_in_flight = kInFlight;
    Client client(address, options);
    const Producer producer(client, "orders");
    const std::vector<Message> batch(kBatch, Message(kBody));
    std::deque<std::future<Receipts>> on_way;
    const auto check_first = [&on_way] {
        on_way.front().get().check();
        on_way.pop_front();
    };
    for (uint64_t n = 0; n < count; n += kBatch) {
        if (on_way.size() * kBatch >= kInFlight) check_first();
        on_way.push_back(producer.publish_all_async(batch));
    }
    while (!on_way.empty())
        check_first();
}

// As bench/workers.cc; the endpoint says how many it is given at once.
void work(const std::string& address, uint64_t count) {
    zmq::context_t context(1);
    zmq::socket_t socket = dealer_at(context, address);
    zmq::message_t token, delimiter, message;
    for (; count > 0; count--) {
        if (!socket.recv(token) || !socket.recv(delimiter) || !socket.recv(message))
            throw Failed("nothing is delivered");
        socket.send(token, zmq::send_flags::sndmore);
        socket.send(zmq::message_t(), zmq::send_flags::sndmore);
        socket.send(zmq::str_buffer("done"), zmq::send_flags::none);
    }
}

void consume(const std::string& address, uint64_t count, bool together) {
    Client client(address);
    ConsumerOptions options;
    options.credit = kInFlight;
    const Consumer consumer(client, together ? "loading" : "logistics", options);
    std::future<void> last;
    while (count > 0) {
        const auto given = consumer.receive_some(1000, milliseconds(10'000));
        if (given.empty()) throw Failed("nothing is delivered");
        if (together) {
            last = settle(given, Verdict::kAck);
        } else {
            for (const Delivery& each : given)
                each.ack();
        }
        count -= std::min<uint64_t>(count, given.size());
    }
    client.flush();
    if (last.valid()) last.get();
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
        else if (mode == "batches")
            publish_batches(argv[2], count);
        else if (mode == "worker")
            work(argv[2], count);
        else
            consume(argv[2], count, mode == "settle");
    } catch (const std::exception& broken) {
        std::fprintf(stderr, "%s: %s\n", mode.c_str(), broken.what());
        return 1;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%.0f\n", static_cast<double>(count) / took.count());
}
