// A PUB producer. It never counts its own drops as success: a window (in messages) keeps it from
// running more than that ahead of the slowest subscriber, so that with a window within the
// high-water marks nothing needs to be dropped.
// --window 0: as fast as it can, drops and all (libzmq's default behaviour).
#include <sys/prctl.h>

#include <thread>
#include <zmq.hpp>

#include "bench/control_page.h"
#include "bench/options.h"
#include "bench/payload.h"

using namespace zbridge::bench;
using namespace std::chrono_literals;

namespace {

struct Flow {
    uint32_t subscribers = 1;
    uint64_t window = 1000;
};

// Waits until `sequence` is within the window. After a second without progress the tail is taken
// for lost.
class Pacer {
 public:
    Pacer(const ControlPage& control, Flow flow) : control_(control), flow_(flow) {}

    void wait_for(uint64_t sequence) {
        if (flow_.window == 0 || sequence < allowed_) return;
        const auto began = Monotonic::now();
        while (true) {
            allowed_ = std::max(allowed_, control_.slowest(flow_.subscribers) + flow_.window);
            if (sequence < allowed_ || control_.stopped()) return;
            if (Monotonic::now() - began > 1s) {
                ++given_up_;
                allowed_ = sequence + flow_.window;
                return;
            }
            std::this_thread::sleep_for(20us);
        }
    }

    uint64_t given_up() const { return given_up_; }

 private:
    const ControlPage& control_;
    Flow flow_;
    uint64_t allowed_ = 0;
    uint64_t given_up_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    PeerOptions options;
    Flow flow;
    CLI::App app("PUB producer");
    add_peer_options(app, options);
    app.add_option("--subscribers", flow.subscribers)->check(CLI::Range(1u, kConsumersMax));
    app.add_option("--window", flow.window,
                   "messages ahead of the slowest subscriber; 0: no limit");
    CLI11_PARSE(app, argc, argv);

    prctl(PR_SET_TIMERSLACK, 1000);  // a sleep of 20 us shall be one
    ControlPage& control = map_control_page(options.control);
    const Payload payload(options.message_bytes);
    zmq::context_t context(1);
    auto socket = connected(context, zmq::socket_type::pub, options);
    const auto send = [&](uint64_t sequence) {
        zmq::message_t message(payload.size());
        payload.write(sequence, message.data());
        (void)socket.send(message, zmq::send_flags::none);  // a PUB never says what it dropped
    };

    while (control.consumers_ready < flow.subscribers && !control.stopped()) {
        send(kHello);
        std::this_thread::sleep_for(2ms);
    }
    Pacer pacer(control, flow);
    uint64_t sent = 0;
    for (; !control.stopped(); ++sent) {
        pacer.wait_for(sent);
        send(sent);
    }
    control.producer_done(sent);
    fmt::print("{{\"sent\": {}, \"given_up\": {}}}\n", sent, pacer.given_up());
}
