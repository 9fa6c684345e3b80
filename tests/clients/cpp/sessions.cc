// The program of flow_sessions.py: what the client promises of threads, refusals, and connections
// that are lost, with the whole bridge. It says how far it is; the test cuts its connection then.
//
//    client_cpp_sessions ADDRESS ADDRESS_THAT_IS_CUT
#include <atomic>
#include <future>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <zbridge/consumer.hpp>
#include <zbridge/producer.hpp>
#include <zbridge/push_consumer.hpp>

using namespace zbridge::client;

namespace {

constexpr milliseconds kPatience{60'000};

struct Broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void check(bool kept, const std::string& promise) {
    if (!kept) throw Broken("not true: " + promise);
}

Options named(const char* name) {
    Options options;
    options.name = name;
    options.batch_messages = 20;
    return options;
}

template <class Call>
void refused_with(const std::string& code, Call call) {
    try {
        call();
    } catch (const Error& error) {
        check(error.code() == code, code + ", and not " + error.what());
        return;
    }
    check(false, "it is refused: " + code);
}

void refusals(const std::string& address) {
    const Client client(address);
    client.wait_open();
    Message many;
    many.frames.assign(65, "x");
    refused_with("not_found", [&] { Producer(client, "nowhere").publish("1"); });
    refused_with("too_many_frames", [&] { Producer(client, "orders").publish(many); });
    refused_with("too_large",
                 [&] { Producer(client, "orders").publish(std::string(16 << 20, 'x')); });
    refused_with("not_found", [&] { PullConsumer(client, "nobody").receive(); });
    refused_with("not_found", [&] { (void)Consumer(client, "nobody").receive(kPatience); });
    ConsumerOptions greedy;
    greedy.credit = 100'001;
    refused_with("out_of_range",
                 [&] { (void)Consumer(client, "logistics", greedy).receive(kPatience); });
    check(client.losses() == 0, "no connection is lost over it");
}

void callbacks(const std::string& address) {
    const Client client(address);
    const Producer producer(client, "others");
    std::promise<std::string> code;
    producer.publish_async("1", [&](const Published&) {
        try {
            producer.publish_async("2");  // does not wait
            client.flush();
        } catch (const WrongThread& wrong) {
            code.set_value(wrong.code());
        }
    });
    check(code.get_future().get() == "wrong_thread", "what waits is refused in a callback");
    client.flush();
}

void without_a_bridge() {
    const auto began = std::chrono::steady_clock::now();
    std::future<Receipt> open;
    {
        Client client("tcp://127.0.0.1:1");
        refused_with("no_answer", [&] { client.wait_open(milliseconds(50)); });
        open = Producer(client, "orders").publish_async("1");
        client.close(milliseconds(100));
        refused_with("closed", [&] { Producer(client, "orders").publish("1"); });
    }
    refused_with("closed", [&] { open.get(); });
    check(std::chrono::steady_clock::now() - began < kPatience, "it ends when it is to");
}

void replaced(const std::string& address) {
    Client older(address, named("till"));
    Producer(older, "others").publish("1");
    Client newer(address, named("till"));
    Producer(newer, "others").publish("2");
    refused_with("replaced", [&] {
        while (true)
            Producer(older, "others").publish("3");
    });
}

// The test publishes one when it is told, loses it on its way here, and cuts the connection.
void a_lost_answer(const std::string& address) {
    const Client client(address, named("picker"));
    client.wait_open();
    std::cout << "fetching" << std::endl;
    const auto given = PullConsumer(client, "logistics").receive(1, kPatience);
    check(given.size() == 1 && given[0].body() == "on its way", "what was lost comes");
    check(given[0].attempt() == 1, "and no attempt is counted");
    given[0].ack_async().get();
    check(client.losses() == 1, "the connection was lost");
}

// Published once, handled once: `7` fails the first time.
void arrives_once(const std::string& address, int count) {
    Client client(address, named("shop"));
    std::mutex mutex;
    std::map<std::string, int> handled;
    std::promise<void> all;
    int left = count + 1;
    PushOptions options;
    options.threads = 3;
    PushConsumer consumer(
        client, "logistics",
        [&](const Delivery& delivery) {
            const std::lock_guard lock(mutex);
            handled[std::string(delivery.body())]++;
            if (--left == 0) all.set_value();
            if (left > 0 && left % 500 == 0) std::cout << "handled" << std::endl;
            if (delivery.body() == "7" && delivery.attempt() == 1) throw Broken("not yet");
        },
        options);
    ProducerOptions once;
    once.once = true;
    const Producer producer(client, "orders", once);
    std::vector<std::future<Receipt>> open;
    for (int n = 0; n < count; n++) {
        if (n % 300 == 100) {
            open[static_cast<size_t>(n - 30)].wait();
            std::cout << "published" << std::endl;
        }
        open.push_back(producer.publish_async(std::to_string(n)));
    }
    for (auto& each : open)
        each.get();
    check(all.get_future().wait_for(kPatience) == std::future_status::ready, "all are handled");
    client.flush();
    consumer.close();
    check(consumer.failures() == 1, "one was not handled at first");
    for (int n = 0; n < count; n++)
        check(handled[std::to_string(n)] == (n == 7 ? 2 : 1), "each is handled once");
    check(client.losses() > 0, "connections were lost");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    try {
        const std::string direct = argv[1], cut = argv[2];
        refusals(direct);
        callbacks(direct);
        without_a_bridge();
        replaced(direct);
        a_lost_answer(cut);
        arrives_once(cut, 3000);
        std::cout << "done" << std::endl;
    } catch (const std::exception& broken) {
        std::cout << "failed: " << broken.what() << std::endl;
        return 1;
    }
}
