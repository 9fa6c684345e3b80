// A Net in memory for unit tests: what applications do at their end of a connection is done by the
// test.
//
// Readiness is edge-triggered as epoll's: an event comes when bytes arrive, room appears or the
// peer ends, and not again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/net/net.h"

namespace zbridge::testing {

class FakeNet final : public net::Net {
 public:
    // The application's verbs. `socket` is what connect() returned: the bridge's end of the
    // connection.
    net::Socket connect(net::Socket listener, std::string address = "tcp://10.0.0.7:41234",
                        std::string user = {});
    void send(net::Socket socket, std::string_view bytes);
    // Takes all that the bridge has written.
    std::string receive(net::Socket socket);
    // The bridge may write so many bytes more before it would block; takes the place of what was
    // said before.
    void set_room(net::Socket socket, size_t bytes);
    void end(net::Socket socket);    // after what was sent
    void reset(net::Socket socket);  // at once: writing fails, reading fails after what was sent
    bool closed(net::Socket socket) const { return ends_.at(socket).closed; }
    bool half_closed(net::Socket socket) const { return ends_.at(socket).half_closed; }
    size_t unread(
        net::Socket socket) const;  // bytes that were sent and wait for the bridge to read them

    // The world's: an accept() or a watch() that fails so many times, a read of at most so many
    // bytes at once.
    void fail_accepts(size_t times) { failing_accepts_ = times; }
    void fail_watches(size_t times) { failing_watches_ = times; }
    void read_at_most(size_t bytes) { read_max_ = bytes; }
    bool has_news() const;  // wait() would tell of something

    Result<net::Listening> listen(const net::Address& address,
                                  const net::SocketOptions& options) override;
    Result<std::optional<net::Accepted>> accept(net::Socket listener,
                                                const net::SocketOptions& options) override;
    net::IoResult read(net::Socket socket, std::span<const iovec> into) override;
    net::IoResult write(net::Socket socket, std::span<const iovec> from) override;
    void shutdown_write(net::Socket socket) override { ends_.at(socket).half_closed = true; }
    void close(net::Socket socket) override;
    Status watch(net::Socket socket, uint64_t token) override;
    size_t wait(std::span<net::NetEvent> events, std::optional<Duration> timeout) override;
    void wake() override {}

 private:
    struct End {
        bool listener = false;
        std::string address, user;
        std::vector<net::Socket> backlog;  // of a listener
        std::string to_bridge;
        size_t read = 0;  // of to_bridge
        std::string to_peer;
        size_t room = ~size_t{0};
        bool ended = false, failed = false, closed = false, half_closed = false;
        std::optional<uint64_t> token;
        net::NetEvent event;  // to be told; token unused
        bool told = true;
    };
    void tell(End& end, bool readable, bool writable);

    std::map<net::Socket, End> ends_;
    net::Socket next_ = 3;
    size_t failing_accepts_ = 0, failing_watches_ = 0;
    size_t read_max_ = ~size_t{0};
};

}  // namespace zbridge::testing
