// Asks a bank for transfers from alice to bob, and waits for the answer to each.
#include <iostream>
#include <string>

#include <zmq.hpp>

#include "../arguments.h"

int main(int argc, char** argv) {
    const Arguments arguments(argc, argv);
    const int transfers = std::stoi(arguments.get("--transfers", "5"));
    const std::string amount = arguments.get("--amount", "10");

    zmq::context_t context;
    zmq::socket_t bank(context, zmq::socket_type::req);
    bank.connect(arguments.get("--connect", "tcp://127.0.0.1:5555"));

    for (int number = 1; number <= transfers; ++number) {
        const std::string id = "t" + std::to_string(number);
        bank.send(zmq::buffer("transfer " + id + " alice bob " + amount));
        zmq::message_t answer;
        (void)bank.recv(answer);
        std::cout << id << ": " << answer.to_string_view() << std::endl;
    }
}
