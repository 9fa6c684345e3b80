// zbridge with its C++ client: receipts by callback; what has been received is acknowledged together, and counts when
// the bridge says that this is durable.
#include <atomic>
#include <deque>
#include <zbridge/consumer.hpp>
#include <zbridge/producer.hpp>

#include "bench/stores/roles.h"

using namespace zbridge::bench;
namespace zb = zbridge::client;

namespace {

constexpr std::chrono::milliseconds kWait{20};

class Producer {
 public:
    explicit Producer(const StoreOptions& options)
        : client_("tcp://" + options.address, client_options(options)),
          producer_(client_, "stored") {}

    void send(const void* body, size_t size) {
        const zb::Message message(std::string(static_cast<const char*>(body), size));
        producer_.publish_async(message, [this](const zb::Published& published) {
            if (!published) refused_ = true;
            come_.fetch_add(1);
            come_.notify_one();
        });
    }

    size_t receipts() {
        come_.wait(0);
        if (refused_) throw Failed("a message was refused");
        return come_.exchange(0);
    }

 private:
    static zb::Options client_options(const StoreOptions& options) {
        zb::Options chosen;
        chosen.max_in_flight = options.in_flight;
        return chosen;
    }

    std::atomic<size_t> come_ = 0;
    std::atomic<bool> refused_ = false;
    zb::Client client_;
    zb::Producer producer_;
};

class Consumer {
 public:
    explicit Consumer(const StoreOptions& options)
        : in_flight_(options.in_flight),
          client_("tcp://" + options.address, client_options()),
          consumer_(client_, "consumers", consumer_options(options)) {}

    size_t take(Check& check) {
        auto given = consumer_.receive_some(in_flight_, kWait);
        for (const zb::Delivery& each : given)
            check.on_message(each.body().data(), each.body().size());
        if (!given.empty()) acking_.push_back({zb::settle(given, zb::Verdict::kAck), given.size()});
        size_t done = 0;
        while (!acking_.empty() && is_done(acking_.front())) {
            acking_.front().durable.get();
            done += acking_.front().count;
            acking_.pop_front();
        }
        return done;
    }

 private:
    struct Acking {
        std::future<void> durable;
        size_t count;
    };

    static zb::Options client_options() {
        zb::Options chosen;
        // By default a verdict waits 5 ms for others: longer than a window of 512 takes.
        chosen.settle_linger = zb::milliseconds(0);
        return chosen;
    }

    static zb::ConsumerOptions consumer_options(const StoreOptions& options) {
        zb::ConsumerOptions chosen;
        chosen.credit = static_cast<uint32_t>(options.in_flight);
        return chosen;
    }

    static bool is_done(const Acking& one) {
        return one.durable.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }

    size_t in_flight_;
    zb::Client client_;
    zb::Consumer consumer_;
    std::deque<Acking> acking_;
};

}  // namespace

int main(int argc, char** argv) {
    return run_store<Producer, Consumer>(argc, argv);
}
