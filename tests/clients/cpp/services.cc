// The program of flow_services.py: calls of a service, transactions and questions, with the whole
// bridge. A line for each that the bridge serves.
//
//    client_cpp_services ADDRESS ADMIN_ADDRESS
#include <iostream>
#include <string>
#include <zbridge/admin.hpp>
#include <zbridge/caller.hpp>
#include <zbridge/consumer.hpp>
#include <zbridge/transactions.hpp>
#include <zbridge/worker.hpp>

using namespace zbridge::client;

namespace {

struct Broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void check(bool kept, const std::string& promise) {
    if (!kept) throw Broken("not true: " + promise);
}

void services(const Client& client) {
    WorkerOptions options;
    options.threads = 2;
    Worker worker(
        client, "accounts",
        [](const Request& request) {
            if (request.body() == "nobody") throw Broken("no such account");
            return Message("balance of " + std::string(request.body()));
        },
        options);
    const Caller caller(client, "accounts");
    check(caller.call("ann").body() == "balance of ann", "a call has its reply");
    std::vector<std::pair<std::string, std::future<Reply>>> open;
    for (int n = 0; n < 100; n++) {
        const std::string name = std::to_string(n);
        open.emplace_back(name, caller.call_async(name));
    }
    for (auto& [name, reply] : open)
        check(reply.get().body() == "balance of " + name, "each call has its own reply");
    try {
        caller.call("nobody");
        check(false, "what the worker throws is told");
    } catch (const Refused& refused) {
        check(refused.code() == "failed" && refused.text() == "no such account",
              "failed, and why: " + std::string(refused.what()));
    }
    worker.close();
    std::cout << "services" << std::endl;
}

void transactions(const Client& client) {
    const TransactionProducer producer(client, "orders");
    const Transaction kept = producer.prepare("kept");
    const Transaction gone = producer.prepare("gone");
    const PullConsumer consumer(client, "logistics");
    check(consumer.receive(10, milliseconds(0)).empty(), "nobody sees what is prepared");
    gone.rollback();
    check(kept.commit() == kept.id(), "its id is that of the commit");
    const auto given = consumer.receive(10, milliseconds(30'000));
    check(given.size() == 1 && given[0].body() == "kept", "what is committed is delivered");
    given[0].ack();
    try {
        Transaction(client, kept.token()).commit();
        check(false, "a second commit is stale");
    } catch (const Stale&) {
        std::cout << "transactions" << std::endl;
    }
}

void admin(const Client& client) {
    const Report report = Admin(client).ask("status").get();
    check(report.object().type == msgpack::type::MAP, "a report is a map");
    try {
        Admin(client).ask("no such call").get();
        check(false, "a call that is none is refused");
    } catch (const Refused&) {
        std::cout << "admin" << std::endl;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    try {
        Options options;
        options.name = "till";
        const Client client(argv[1], options), asker(argv[2]);
        client.wait_open();
        if (client.serves("calls")) services(client);
        if (client.serves("transactions")) transactions(client);
        try {
            asker.wait_open(milliseconds(2000));
            if (asker.serves("admin")) admin(asker);
        } catch (const Timeout&) {
            std::cerr << "the admin socket speaks no ZBP" << std::endl;
        }
    } catch (const std::exception& broken) {
        std::cerr << broken.what() << std::endl;
        return 1;
    }
}
