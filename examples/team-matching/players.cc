// Many players who each ask for a seat in a team of their league, and wait for it.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <zmq.hpp>

#include "../arguments.h"

void play(zmq::context_t& context, const std::string& address, int number) {
    static const char* const leagues[] = {"bronze", "silver", "gold"};
    char player[16];
    std::snprintf(player, sizeof player, "player-%02d", number % 1000);

    zmq::socket_t server(context, zmq::socket_type::req);  // sockets are not shared between threads
    server.connect(address);
    const auto asked = std::chrono::steady_clock::now();
    server.send(zmq::buffer("join " + std::string(player) + " " + leagues[number % 3]));
    zmq::message_t seat;
    (void)server.recv(seat);
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - asked;
    std::printf("%s waited %.2f s: %s\n", player, waited.count(), seat.to_string().c_str());
    std::fflush(stdout);
}

int main(int argc, char** argv) {
    const Arguments arguments(argc, argv);
    const std::string address = arguments.get("--connect", "tcp://127.0.0.1:5565");
    zmq::context_t context;
    std::vector<std::thread> players;
    for (int number = 0; number < std::stoi(arguments.get("--players", "24")); ++number) {
        players.emplace_back([&context, address, number] { play(context, address, number); });
    }
    for (auto& player : players)
        player.join();
}
