// Publishes each line of its input, "author: text", as a post whose topic is the author.
#include <iostream>
#include <string>

#include <zmq.hpp>

#include "../arguments.h"

int main(int argc, char** argv) {
    const Arguments arguments(argc, argv);
    const std::string picture(std::stoul(arguments.get("--picture-kib", "0")) * 1024, '\0');

    zmq::context_t context;  // its destructor returns when the last post has left
    zmq::socket_t feed(context, zmq::socket_type::pub);
    feed.connect(arguments.get("--connect", "tcp://127.0.0.1:5571"));

    std::string line;
    while (std::getline(std::cin, line)) {
        const size_t colon = line.find(": ");
        if (colon == std::string::npos) continue;
        const auto more = picture.empty() ? zmq::send_flags::none : zmq::send_flags::sndmore;
        feed.send(zmq::buffer(line.substr(0, colon)), zmq::send_flags::sndmore);
        feed.send(zmq::buffer(line.substr(colon + 2)), more);
        if (!picture.empty()) feed.send(zmq::buffer(picture), zmq::send_flags::none);
    }
}
