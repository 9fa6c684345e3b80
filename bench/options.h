// The command line that the programs share, and their sockets' options.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <zmq.hpp>

#include "bench/window.h"

namespace zbridge::bench {

struct PeerOptions {
    std::string address;  // what to connect to
    std::string control;  // the file of the control page
    size_t message_bytes = 100;
    int hwm = 1000;  // libzmq's default, both directions
};

inline void add_peer_options(CLI::App& app, PeerOptions& options) {
    app.add_option("address", options.address, "what to connect to: tcp://127.0.0.1:PORT")
        ->required();
    app.add_option("--control", options.control, "file of the control page; made by run.py");
    app.add_option("--bytes", options.message_bytes, "size of a message");
    app.add_option("--hwm", options.hwm, "ZMQ_SNDHWM and ZMQ_RCVHWM");
}

inline void add_window_options(CLI::App& app, WindowOptions& options) {
    app.add_option("--warmup", options.warmup_seconds,
                   "seconds after the first message that do not count");
    app.add_option("--seconds", options.seconds, "length of the measured window");
    app.add_option("--watch", options.watch_pid,
                   "pid of the bridge: its processor time and memory");
}

// A connected socket that never waits for ever: sends and receives end after a second, to look at
// the control page.
inline zmq::socket_t connected(zmq::context_t& context, zmq::socket_type type,
                               const PeerOptions& options) {
    zmq::socket_t socket(context, type);
    socket.set(zmq::sockopt::sndhwm, options.hwm);
    socket.set(zmq::sockopt::rcvhwm, options.hwm);
    socket.set(zmq::sockopt::sndtimeo, 1000);
    socket.set(zmq::sockopt::rcvtimeo, 1000);
    socket.set(zmq::sockopt::linger, 2000);
    if (type == zmq::socket_type::sub) socket.set(zmq::sockopt::subscribe, "");
    socket.connect(options.address);
    return socket;
}

}  // namespace zbridge::bench
