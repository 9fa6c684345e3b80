// The simulated twin of PosixNet: links between applications and the bridge, in memory, driven by a
// seed.
//
// A link has a pipe each way: bytes that are written wait on the wire, arrive some time later, a
// piece at a time, and wait again until they are read. Both places are small, so that writes are
// cut short and writers wait. Readiness is edge-triggered as epoll tells it: bytes or an end that
// arrive, room after a write that was cut short.
// Time:    wait() is where the world goes on: what is due happens, and when nothing is ready the
//          clock jumps to the next happening, or to the end of the timeout.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bridge/base/random.h"
#include "bridge/net/net.h"
#include "tests/sim/agenda.h"
#include "tests/sim/byte_queue.h"
#include "tests/sim/trace.h"

namespace zbridge::sim {

struct NetOptions {
    size_t buffer_bytes_min = 64,
           buffer_bytes_max = 64 * 1024;                // of the wire and of what has arrived, each
    Duration delay_max = std::chrono::milliseconds(2);  // of a piece on the wire
    uint32_t accept_failures_in_1000 = 0;
    uint32_t events_max = 16;  // told by one wait()
    bool tells_all =
        true;  // an event names everything that is ready, as epoll does; or only the change
    Duration turn_cost_max = std::chrono::microseconds(50);
    Duration lateness_max = std::chrono::milliseconds(1);  // of a timeout
};

// The application's end of a link.
class LinkUser {
 public:
    virtual ~LinkUser() = default;
    virtual void on_arrived() = 0;  // bytes, or the end
    virtual void on_room() = 0;     // after a write that was cut short
};

class SimNet final : public net::Net {
 public:
    SimNet(NetOptions options, Random& random, Agenda& agenda, Trace& trace)
        : options_(options), random_(random), agenda_(agenda), trace_(trace) {}

    // The bridge's side.
    Result<net::Listening> listen(const net::Address& address,
                                  const net::SocketOptions& options) override;
    Result<std::optional<net::Accepted>> accept(net::Socket listener,
                                                const net::SocketOptions& options) override;
    net::IoResult read(net::Socket socket, std::span<const iovec> into) override;
    net::IoResult write(net::Socket socket, std::span<const iovec> from) override;
    void shutdown_write(net::Socket socket) override;
    void close(net::Socket socket) override;
    Status watch(net::Socket socket, uint64_t token) override;
    size_t wait(std::span<net::NetEvent> events, std::optional<Duration> timeout) override;
    void wake() override { woken_ = true; }

    // The applications' side. Links are numbered from 1 and never again.
    using LinkId = uint32_t;
    static constexpr LinkId kRefused = 0;
    LinkId connect(uint16_t port, LinkUser& user);
    size_t app_write(LinkId link, std::string_view bytes);  // returns how many were taken
    struct AppRead {
        std::string bytes;
        bool ended = false;  // nothing more will come
    };
    AppRead app_read(LinkId link, size_t bytes_max);
    void app_close(LinkId link);  // what was written still arrives, unless something unread is
                                  // thrown away by it
    void app_reset(LinkId link);  // and some of what was written is lost

    // From now on bytes are under way for moments only.
    void hurry() {
        options_.delay_max = std::min<Duration>(options_.delay_max, std::chrono::microseconds(20));
    }

    // What the world knows of a link.
    uint64_t read_by_bridge(LinkId link) const { return links_.at(link)->up.taken; }
    // Bytes on the wire or arrived and not read, both ways.
    uint64_t under_way(LinkId link) const {
        const auto found = links_.find(link);
        if (found == links_.end()) return 0;
        const Link& each = *found->second;
        return each.up.wire.size() + each.up.arrived.size() + each.down.wire.size() +
               each.down.arrived.size();
    }
    bool closed_by_bridge(LinkId link) const { return links_.at(link)->bridge_closed; }
    bool ended_by_bridge(LinkId link) const {
        return links_.at(link)->bridge_closed || links_.at(link)->down.fin ||
               links_.at(link)->reset_at_app;
    }
    bool accepted(LinkId link) const { return links_.at(link)->accepted; }
    // Bytes that the bridge wrote and the application did not read, once both have closed.
    std::string lost_by_app(LinkId link) const {
        return links_.at(link)->lost + links_.at(link)->lost_behind;
    }
    static std::string address_of(LinkId link);
    size_t open_sockets() const { return sockets_.size(); }
    // Rises with everything that moves: a bridge that turns without it spins.
    uint64_t progress() const { return progress_ + agenda_.happened(); }
    // Before the bridge reads or closes a link: what it took before this is in its counters.
    std::function<void()> before_io;
    // After it has read: so many bytes of the link, in all.
    std::function<void(LinkId, uint64_t)> after_read;

 private:
    struct Pipe {
        ByteQueue wire, arrived;
        size_t wire_max = 0, arrived_max = 0;
        bool fin = false, fin_arrived = false;  // behind all bytes
        bool starved = false;                   // a write was cut short
        bool moving = false;                    // an arrival is planned
        uint64_t taken = 0;                     // bytes read, ever
    };
    struct Link {
        LinkId id = 0;
        LinkUser* user = nullptr;  // none: the application has closed
        Pipe up, down;             // to the bridge, from the bridge
        net::Socket socket = net::kNoSocket;
        bool accepted = false, bridge_closed = false;
        bool reset_at_bridge = false, reset_at_app = false;
        std::string lost, lost_behind;
    };
    struct Listener {
        uint16_t port = 0;
        std::vector<LinkId> backlog;
    };
    struct Open {  // a socket of the bridge
        Link* link = nullptr;
        Listener* listener = nullptr;
        bool watched = false;
        uint64_t token = 0;
        bool readable = false, writable = false, ended = false;  // not told yet
        bool pending() const { return watched && (readable || writable || ended); }
    };

    net::Socket new_socket();
    Link& link_of(net::Socket socket);
    void plan_arrival(Link& link, bool up);
    void arrive(Link& link, bool up);
    void tell_bridge(Link& link, bool readable, bool writable, bool ended);
    void tell_app(Link& link);
    void reset_bridge(Link& link);
    void reset_app(Link& link);
    bool something_pending() const;
    Duration some_delay() {
        return Duration(static_cast<int64_t>(
            random_.below(static_cast<uint64_t>(options_.delay_max.count()) + 1)));
    }
    size_t some_size(size_t least, size_t most) { return least + random_.below(most - least + 1); }

    NetOptions options_;
    Random& random_;
    Agenda& agenda_;
    Trace& trace_;
    std::map<LinkId, std::unique_ptr<Link>> links_;
    std::map<net::Socket, Open> sockets_;
    std::map<net::Socket, std::unique_ptr<Listener>> listeners_;
    LinkId next_link_ = 1;
    uint16_t next_port_ = 5000;
    bool woken_ = false;
    uint64_t progress_ = 0;
};

}  // namespace zbridge::sim
