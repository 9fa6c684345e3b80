// Packs the orders that it is given.
#include <iostream>
#include <string>

#include <zmq.hpp>

#include "../arguments.h"

int main(int argc, char** argv) {
    const Arguments arguments(argc, argv);
    const std::string name = arguments.get("--name", "packer");

    zmq::context_t context;
    zmq::socket_t orders(context, zmq::socket_type::pull);
    orders.connect(arguments.get("--connect", "tcp://127.0.0.1:5561"));
    std::cout << name << " waits for orders" << std::endl;

    while (true) {
        zmq::message_t order;
        (void)orders.recv(order);
        std::cout << name << " packed " << order.to_string_view() << std::endl;
    }
}
