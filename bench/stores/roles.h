// What each program of this folder does: it publishes with receipts or consumes with acknowledgements, so many open
// at a time, and says how many came a second.
//
// Flow:    run_store() -> publish(): send -> receipts, until the window has ended and all have come
//                      -> consume(): take -> acknowledge, until the window has ended or all are acknowledged
// Failure: Failed, thrown by a store or by silence; said on standard error, exit 1.
// Limits:  StoreOptions.in_flight open at a time; kSilentSecondsMax without a receipt or a message.
#pragma once

#include <CLI/CLI.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/options.h"
#include "bench/payload.h"
#include "bench/window.h"

namespace zbridge::bench {

inline constexpr double kSilentSecondsMax = 30;

struct Failed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct StoreOptions {
    std::string role;     // publish or consume
    std::string address;  // HOST:PORT
    size_t message_bytes = 100;
    size_t in_flight = 512;
    uint64_t messages = 0;  // consume: ends with so many; 0: with the window
    WindowOptions window;

    std::string host() const { return address.substr(0, address.rfind(':')); }
    int port() const { return std::stoi(address.substr(address.rfind(':') + 1)); }
};

// Each message once, whole and in order.
class Check {
 public:
    explicit Check(size_t bytes) : payload_(bytes) {}

    void on_message(const void* body, size_t size) {
        uint64_t sequence = 0;
        if (!payload_.read(body, size, sequence) || sequence != next_) ++wrong_;
        ++next_;
    }

    uint64_t wrong() const { return wrong_; }

 private:
    Payload payload_;
    uint64_t next_ = 0, wrong_ = 0;
};

// Says that nothing has come for too long.
class Patience {
 public:
    void on_progress(size_t count) {
        const auto now = Monotonic::now();
        if (count > 0) since_ = now;
        if (seconds_between(since_, now) > kSilentSecondsMax)
            throw Failed("nothing comes any more");
    }

 private:
    Monotonic::time_point since_ = Monotonic::now();
};

// A Producer has send(body, size) and receipts(): how many have come since it was asked last; it waits a moment for one.
template <class Producer>
int publish(const StoreOptions& options) {
    const Payload payload(options.message_bytes);
    std::vector<unsigned char> body(payload.size());
    Producer producer(options);
    Window window(options.window);
    Patience patience;
    uint64_t sent = 0, receipted = 0;
    while (!window.ended() || receipted < sent) {
        while (!window.ended() && sent - receipted < options.in_flight) {
            payload.write(sent++, body.data());
            producer.send(body.data(), body.size());
        }
        const size_t come = producer.receipts();
        patience.on_progress(come);
        receipted += come;
        window.advance(receipted);
    }
    fmt::print("{{{}, \"stored\": {}}}\n", window.json(), receipted);
    return 0;
}

// A Consumer has take(check): gives messages to the check and acknowledges them, and returns how many acknowledgements
// are done since it was asked last; it waits a moment for a message.
template <class Consumer>
int consume(const StoreOptions& options) {
    Check check(options.message_bytes);
    Consumer consumer(options);
    Window window(options.window);
    Patience patience;
    uint64_t acked = 0;
    while (!window.ended()) {
        const size_t done = consumer.take(check);
        patience.on_progress(done);
        acked += done;
        window.advance(acked);
        if (options.messages > 0 && acked >= options.messages) window.end(acked, Monotonic::now());
    }
    fmt::print("{{{}, \"wrong\": {}}}\n", window.json(), check.wrong());
    return check.wrong() == 0 ? 0 : 1;
}

template <class Producer, class Consumer>
int run_store(int argc, char** argv) {
    StoreOptions options;
    CLI::App app("publishes into a store with receipts, or consumes with acknowledgements");
    app.add_option("role", options.role)->required()->check(CLI::IsMember({"publish", "consume"}));
    app.add_option("address", options.address, "HOST:PORT")->required();
    app.add_option("--bytes", options.message_bytes, "size of a message");
    app.add_option("--in-flight", options.in_flight, "without a receipt, or an acknowledgement");
    app.add_option("--messages", options.messages, "consume: so many");
    add_window_options(app, options.window);
    CLI11_PARSE(app, argc, argv);
    try {
        return options.role == "publish" ? publish<Producer>(options) : consume<Consumer>(options);
    } catch (const std::exception& broken) {
        fmt::print(stderr, "{}: {}\n", options.role, broken.what());
        return 1;
    }
}

}  // namespace zbridge::bench
