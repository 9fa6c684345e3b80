// What zbridge is compared with: libzmq's own zmq_proxy, one I/O thread (its default), ended by a
// signal.
//   bench_proxy queue|pubsub|rpc FRONT BACK
#include "bench/options.h"

namespace {

struct Kind {
    zmq::socket_type front, back;
};

Kind kind_of(const std::string& name) {
    if (name == "queue") return {zmq::socket_type::pull, zmq::socket_type::push};
    if (name == "pubsub") return {zmq::socket_type::xsub, zmq::socket_type::xpub};
    return {zmq::socket_type::router, zmq::socket_type::dealer};
}

}  // namespace

int main(int argc, char** argv) {
    std::string kind, front_address, back_address;
    int hwm = 1000, io_threads = 1;
    CLI::App app("zmq_proxy between two bound sockets");
    app.add_option("kind", kind)->required()->check(CLI::IsMember({"queue", "pubsub", "rpc"}));
    app.add_option("front", front_address)->required();
    app.add_option("back", back_address)->required();
    app.add_option("--hwm", hwm, "ZMQ_SNDHWM and ZMQ_RCVHWM of both sockets");
    app.add_option("--io-threads", io_threads);
    CLI11_PARSE(app, argc, argv);

    zmq::context_t context(io_threads);
    zmq::socket_t front(context, kind_of(kind).front), back(context, kind_of(kind).back);
    for (auto* socket : {&front, &back}) {
        socket->set(zmq::sockopt::sndhwm, hwm);
        socket->set(zmq::sockopt::rcvhwm, hwm);
        socket->set(zmq::sockopt::linger, 0);
        socket->set(zmq::sockopt::backlog, 4096);  // 10,000 connections come at once
    }
    front.bind(front_address);
    back.bind(back_address);
    zmq::proxy(front, back);  // SIGTERM ends the process: nothing is to be kept
}
