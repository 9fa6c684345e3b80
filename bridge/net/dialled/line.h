// One socket of libzmq, connected to a link's address, and what is known of its connection.
//
// Thread:  the dialler's.
// Order:   kOpened, all that the connection brought, kClosed: the monitor's word of an end may come
//          while messages still wait in the socket, and is told when they have been read.
// Failure: an error of libzmq's leaves as zmq::error_t: the dialler makes the line anew.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <zmq.hpp>

#include "bridge/base/clock.h"
#include "bridge/net/dialled/link.h"

namespace zbridge::net {

class Line {
 public:
    // `number` is no other line's of this context. Throws zmq::error_t.
    Line(Link& link, zmq::context_t& context, uint64_t number, const Clock& clock);
    // What libzmq has not taken is lost.
    ~Line();
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    // Adds what to wait for. Returns whether the wait must be short: time alone brings it on.
    bool add_to(std::vector<zmq_pollitem_t>& items);
    // One round: hears, writes, reads. True: the reactor has something to do.
    bool turn();
    // The connection has ended, and the next one wants another socket.
    bool spent() const { return spent_; }
    // Told as opened, and not yet as closed.
    bool open() const { return open_; }
    // How long libzmq goes on sending when the context ends.
    void linger(int ms) { socket_.set(zmq::sockopt::linger, ms); }

 private:
    void hear();
    void write();
    bool send_frame(std::string_view body, bool more);
    void read();
    size_t read_burst();
    std::optional<Refusal> take_message(zmq::message_t& first, std::string& bytes);
    void stop_reading(size_t bytes);
    void lose_unsent();
    void settle();
    void put(Link::Incoming incoming);
    bool reads() const;
    bool may_write() const;

    Link& link_;
    const Clock& clock_;
    zmq::socket_t socket_;
    zmq::socket_t events_;  // of the monitor
    std::string unsent_;    // a batch from outgoing that libzmq has not taken whole
    size_t unsent_at_ = 0;
    size_t drain_bytes_ = 0;            // read since reading is to end
    std::optional<Instant> dry_since_;  // likewise: nothing has come

    bool open_ = false;
    bool spent_ = false;
    bool news_ = false;
    bool dry_ = false;              // nothing is left to read of what came before the last event
    std::optional<Instant> ended_;  // the monitor has said so, it is not told yet
    bool retried_ = false;          // since then libzmq has begun to connect again
    bool back_ = false;             // since then there is another connection
};

}  // namespace zbridge::net
