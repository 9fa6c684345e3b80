// Pushes orders to logistics.
#include <iostream>
#include <string>

#include <zmq.hpp>

#include "../arguments.h"

int main(int argc, char** argv) {
    const Arguments arguments(argc, argv);
    const int first = std::stoi(arguments.get("--first", "1"));
    const int orders = std::stoi(arguments.get("--orders", "100"));

    zmq::context_t context;  // its destructor returns when the last order has left
    zmq::socket_t logistics(context, zmq::socket_type::push);
    logistics.connect(arguments.get("--connect", "tcp://127.0.0.1:5551"));

    for (int number = first; number < first + orders; ++number) {
        logistics.send(zmq::buffer("order-" + std::to_string(number) + ": " +
                                   std::to_string(number % 5 + 1) + " x tea"));
    }
    std::cout << "sent " << orders << " orders" << std::endl;
}
