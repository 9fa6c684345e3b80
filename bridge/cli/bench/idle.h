// Options of a bench that have no effect on what it measures. They are refused: its figures would be read
// as those of something else.
#pragma once

#include <string>

#include "bridge/cli/bench/place.h"

namespace CLI {
class App;
}

namespace zbridge::cli::bench {

// Each says which one was given, and why it does nothing; empty: none was.
struct SendsTo {
    const Place& place;
    SocketType by;          // of an endpoint
    bool is_taken = false;  // by the same bench, which knows what has arrived
};
std::string idle_option(const CLI::App& app, const SendsTo& to);
struct TakesFrom {
    const Place& place;
    SocketType by;  // of an endpoint
};
std::string idle_option(const CLI::App& app, const TakesFrom& from);

// "--producers", "one session publishes to a topic" -> what is said, if it was given.
std::string idle_if_given(const CLI::App& app, const char* option, const std::string& why);

}  // namespace zbridge::cli::bench
