// The programs of flow_kill9.py: a producer that goes on behind the last message whose receipt it has
// written down, and a consumer that writes down what it is given and what it was told to be settled.
//
//    client_cpp_kill9 producer ADDRESS FILE COUNT
//    client_cpp_kill9 consumer ADDRESS FILE [NAME]
#include <chrono>
#include <deque>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <zbridge/consumer.hpp>
#include <zbridge/producer.hpp>

using namespace zbridge::client;

namespace {

constexpr uint64_t kFirstSeq = 1;

void append(std::ofstream& file, const std::string& lines) {
    file << lines << std::flush;  // one write: what is written outlives this process
}

void produce(const std::string& address, const std::string& path, uint64_t count) {
    uint64_t receipted = 0;
    {
        std::ifstream before(path);
        for (std::string line; std::getline(before, line) && !before.eof();)
            receipted++;
    }
    Options options;
    options.name = "producer";
    options.max_in_flight = 500;
    options.first_seq = kFirstSeq;
    const Client client(address, options);
    ProducerOptions once;
    once.once = true;
    once.timeout.reset();
    const Producer producer(client, "orders", once);
    std::ofstream file(path, std::ios::app);
    std::deque<std::future<Receipt>> open;
    const auto write_down = [&](size_t left) {
        std::string lines;
        while (open.size() > left) {
            const Receipt receipt = open.front().get();
            open.pop_front();
            lines += std::to_string(receipt.seq) + (receipt.duplicate ? " 1\n" : " 0\n");
        }
        append(file, lines);
    };
    for (uint64_t n = receipted; n < count; n++) {
        open.push_back(producer.publish_async(std::to_string(n), kFirstSeq + n));
        if (open.size() > 400) write_down(300);
    }
    write_down(0);
    std::cout << "all have their receipts" << std::endl;
    std::string line;
    std::getline(std::cin, line);  // until it is killed
}

std::string noted(const char* what, const std::vector<std::string>& bodies) {
    const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
    std::string lines;
    for (const std::string& each : bodies)
        lines += std::to_string(now.count()) + " " + what + " " + each + "\n";
    return lines;
}

[[noreturn]] void consume(const std::string& address, const std::string& path,
                          const std::string& name) {
    Options options;
    options.name = name;
    const Client client(address, options);
    const PullConsumer consumer(client, "logistics");
    std::ofstream file(path, std::ios::app);
    std::deque<std::pair<std::vector<std::string>, std::future<void>>> waiting;
    while (true) {
        const std::vector<Delivery> given = consumer.receive(100, milliseconds(200));
        std::vector<std::string> bodies;
        for (const Delivery& each : given)
            bodies.emplace_back(each.body());
        append(file, noted("given", bodies));
        if (!given.empty()) waiting.emplace_back(bodies, settle(given, Verdict::kAck));
        while (!waiting.empty() && (waiting.size() > 5 || given.empty())) {
            try {
                waiting.front().second.get();
                append(file, noted("acked", waiting.front().first));
            } catch (const Stale&) {
                // The lease was over, or nobody knows: it comes again.
            }
            waiting.pop_front();
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    try {
        if (std::string(argv[1]) == "producer")
            produce(argv[2], argv[3], std::stoull(argv[4]));
        else
            consume(argv[2], argv[3], argc > 4 ? argv[4] : "");
    } catch (const std::exception& broken) {
        std::cout << "failed: " << broken.what() << std::endl;
        return 1;
    }
}
