// A peer of the bridge, as tests/peers/README.md has it, in C++ with cppzmq.
#include <iostream>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <zmq.hpp>
#include <zmq_addon.hpp>

namespace {

using Frames = std::vector<std::string>;

Frames message(long number) {
    return {number % 2 != 0 ? "odd" : "even",
            std::to_string(number) + ":" +
                std::string(static_cast<std::size_t>(number * 37 % 600), 'x'),
            ""};
}

void send_frames(zmq::socket_t& socket, const Frames& frames) {
    std::vector<zmq::const_buffer> buffers;
    for (const auto& frame : frames) {
        buffers.push_back(zmq::buffer(frame));
    }
    (void)zmq::send_multipart(socket, buffers);  // blocking: it is sent, or it throws
}

Frames receive_frames(zmq::socket_t& socket) {
    std::vector<zmq::message_t> parts;
    (void)zmq::recv_multipart(socket, std::back_inserter(parts));  // blocking, likewise
    Frames frames;
    for (const auto& part : parts) {
        frames.push_back(part.to_string());
    }
    return frames;
}

void show(const Frames& frames) {
    std::string line;
    for (const auto& frame : frames) {
        line += (&frame == &frames.front() ? "" : "|") + frame;
    }
    std::cout << line << std::endl;
}

void send(zmq::socket_t& socket, const std::string& role) {
    for (std::string line; std::getline(std::cin, line);) {
        send_frames(socket, message(std::stol(line)));
        if (role == "req") {
            show(receive_frames(socket));
        }
    }
}

void receive(zmq::socket_t& socket, const std::string& role) {
    bool last = false;
    while (!last) {
        auto frames = receive_frames(socket);
        show(frames);
        last = frames.at(1).rfind("0:", 0) == 0;
        if (role == "rep") {
            frames.front() = "reply";
            send_frames(socket, frames);
        }
    }
    std::cin.ignore(std::numeric_limits<std::streamsize>::max());
}

}  // namespace

int main(int argc, char** argv) {
    const std::map<std::string, zmq::socket_type> types{
        {"req", zmq::socket_type::req},   {"rep", zmq::socket_type::rep},
        {"push", zmq::socket_type::push}, {"pull", zmq::socket_type::pull},
        {"pub", zmq::socket_type::pub},   {"sub", zmq::socket_type::sub}};
    if (argc != 3 || types.count(argv[1]) == 0) {
        std::cerr << "usage: peer req|rep|push|pull|pub|sub ADDRESS\n";
        return 2;
    }
    const std::string role = argv[1];

    zmq::context_t context;
    zmq::socket_t socket(context, types.at(role));
    socket.connect(argv[2]);
    if (role == "sub") {
        socket.set(zmq::sockopt::subscribe, "even");
    }
    std::cout << "connected" << std::endl;
    if (role == "req" || role == "push" || role == "pub") {
        send(socket, role);
    } else {
        receive(socket, role);
    }
}
