// Workers of a group, each a thread that acknowledges what it is given: a REP by its reply, a DEALER by
// the token that came with the message. Measures what all of them have acknowledged. Exit 1: a
// message was damaged, out of order at its worker, or lost.
#include <zmq.hpp>

#include <thread>

#include "bench/control_page.h"
#include "bench/options.h"
#include "bench/reception.h"

using namespace zbridge::bench;

namespace {

// Of a DEALER: what it has taken is told to the page only so often.
constexpr uint32_t kMessagesPerLook = 64;

class Worker {
 public:
    Worker(zmq::socket_t socket, bool dealer, Reception reception)
        : socket_(std::move(socket)), dealer_(dealer), reception_(reception) {}

    void run(const Totals& totals) {
        uint32_t unseen = 0;
        while (!totals.end) {
            zmq::message_t token, message;
            if (!take(token, message)) {
                reception_.on_batch_end();
                unseen = 0;
                continue;
            }
            reception_.on_message(message.data(), message.size());
            answer(token);
            if (dealer_ && ++unseen < kMessagesPerLook) continue;
            reception_.on_batch_end();
            unseen = 0;
        }
    }

 private:
    bool take(zmq::message_t& token, zmq::message_t& message) {
        if (!dealer_) return socket_.recv(message).has_value();
        zmq::message_t delimiter;
        return socket_.recv(token) && socket_.recv(delimiter) && socket_.recv(message);
    }

    void answer(zmq::message_t& token) {
        if (dealer_) {
            socket_.send(token, zmq::send_flags::sndmore);
            socket_.send(zmq::message_t(), zmq::send_flags::sndmore);
        }
        socket_.send(zmq::str_buffer("done"), zmq::send_flags::none);
    }

    zmq::socket_t socket_;
    bool dealer_;
    Reception reception_;
};

}  // namespace

int main(int argc, char** argv) {
    PeerOptions options;
    WindowOptions window_options;
    std::string type = "REP";
    uint32_t count = 1;
    CLI::App app("workers that acknowledge");
    add_peer_options(app, options);
    add_window_options(app, window_options);
    app.add_option("--type", type)->check(CLI::IsMember({"REP", "DEALER"}));
    app.add_option("--workers", count)->check(CLI::Range(1u, kConsumersMax));
    CLI11_PARSE(app, argc, argv);

    ControlPage& control = map_control_page(options.control);
    const Payload payload(options.message_bytes);
    Totals totals;
    Window window(window_options);
    zmq::context_t context(1);
    std::vector<Worker> workers;
    for (uint32_t i = 0; i < count; ++i) {
        auto socket = connected(
            context, type == "REP" ? zmq::socket_type::rep : zmq::socket_type::dealer, options);
        socket.set(zmq::sockopt::rcvtimeo, 20);
        workers.emplace_back(std::move(socket), type == "DEALER",
                             Reception(payload, control, totals, i));
    }
    std::vector<std::thread> threads;
    for (Worker& worker : workers)
        threads.emplace_back([&worker, &totals] { worker.run(totals); });
    oversee(window, control, totals, 1);
    for (auto& thread : threads)
        thread.join();
    return conclude(window, control, totals, 1, /*loss_is_failure=*/true);
}
