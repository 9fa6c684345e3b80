// Gives each player a seat in a team of four of the same league.
#include <chrono>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>

#include <zmq.hpp>

#include "../arguments.h"
#include "../database.h"

std::string seat(Database& db, const std::string& player, const std::string& league,
                 const std::string& matcher) {
    db.run("BEGIN IMMEDIATE");
    const auto taken = db.run("SELECT count(*) FROM seats WHERE league = ?", {league})[0][0];
    const auto team = std::to_string(std::stoi(taken) / 4 + 1);
    db.run("INSERT INTO seats VALUES (?, ?, ?, ?)", {player, league, team, matcher});
    db.run("COMMIT");
    return league + " team " + team + ", given by " + matcher;
}

int main(int argc, char** argv) {
    const Arguments arguments(argc, argv);
    const std::string name = arguments.get("--name", "matcher");
    const std::chrono::duration<double> thinking(std::stod(arguments.get("--seconds", "0.01")));
    Database db(arguments.get("--teams", "teams.db"));
    db.run(
        "CREATE TABLE IF NOT EXISTS seats (player TEXT PRIMARY KEY, league TEXT, team INTEGER, "
        "matcher TEXT)");

    zmq::context_t context;
    zmq::socket_t players(context, zmq::socket_type::rep);
    players.connect(arguments.get("--connect", "tcp://127.0.0.1:5566"));
    std::cout << name << " waits for players" << std::endl;

    while (true) {
        zmq::message_t request;
        (void)players.recv(request);
        std::istringstream words(request.to_string());
        std::string verb, player, league;
        words >> verb >> player >> league;
        std::cout << player << " asks" << std::endl;
        std::this_thread::sleep_for(thinking);
        players.send(zmq::buffer(seat(db, player, league, name)));
    }
}
