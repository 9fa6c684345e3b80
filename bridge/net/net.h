// The Net seam: sockets and their readiness. PosixNet is the kernel's; the simulated one lives in
// tests/sim.
//
// Thread:  the reactor thread only, but for wake().
// Promise: readiness is told once a change (edge-triggered): read and write until they would block.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"
#include "bridge/net/address.h"

namespace zbridge::net {

using Socket = int;
inline constexpr Socket kNoSocket = -1;

struct SocketOptions {
    int backlog = 1024;
    int receive_buffer_bytes = 0;  // 0: the system's default
    int send_buffer_bytes = 0;
    Duration keepalive{};       // 0: off
    bool private_file = false;  // of an ipc listener: mode 0600
};

struct Listening {
    Socket socket = kNoSocket;
    Address bound;  // with the port that port 0 became
};

struct Accepted {
    Socket socket = kNoSocket;
    std::string address;  // of the peer, for people: "tcp://10.0.0.7:41234", "ipc://pid:123"
    std::string user;     // that the transport vouches for: "uid:1000" on ipc, else empty
    // On ipc: the process it is, in words that no other process ever has; empty if that is not known.
    std::string process{};
};

struct IoResult {
    enum class Kind : uint8_t { kDone, kWouldBlock, kClosed };
    Kind kind = Kind::kDone;
    size_t bytes = 0;     // kDone: 1 or more
    bool failed = false;  // kClosed: by an error, not by an orderly end
};

struct NetEvent {
    uint64_t token = 0;
    bool readable = false;
    bool writable = false;
    bool ended = false;  // the peer has ended, or the socket failed: read on until kClosed
};

class Net {
 public:
    virtual ~Net() = default;

    virtual Result<Listening> listen(const Address& address, const SocketOptions& options) = 0;
    // None when nobody waits. An error: out of descriptors and the like; the listener stays good.
    virtual Result<std::optional<Accepted>> accept(Socket listener,
                                                   const SocketOptions& options) = 0;
    virtual IoResult read(Socket socket, std::span<const iovec> into) = 0;
    virtual IoResult write(Socket socket, std::span<const iovec> from) = 0;
    virtual void shutdown_write(Socket socket) = 0;
    // How long the other machine has acknowledged nothing of what is repeated to it; 0 while it
    // answers, also where its application reads nothing (a window of zero).
    virtual Duration unanswered(Socket socket) const {
        (void)socket;
        return {};
    }
    virtual void close(Socket socket) = 0;  // a listener's ipc file goes too

    // Events of this socket carry `token` from now on, until close(). An error: the system watches
    // no more (memory, max_user_watches); nothing will ever be told of this socket.
    virtual Status watch(Socket socket, uint64_t token) = 0;
    // Waits for events until `timeout` has passed (none: for ever) or wake() was called. Returns
    // how many were stored.
    virtual size_t wait(std::span<NetEvent> events, std::optional<Duration> timeout) = 0;
    // The same for so long, without sleeping where that can be: for what comes in microseconds. A
    // wake() ends it, too.
    virtual size_t look(std::span<NetEvent> events, Duration most) {
        (void)most;
        return wait(events, Duration{});
    }
    // Ends a wait() from any thread, or the next one.
    virtual void wake() = 0;
};

}  // namespace zbridge::net
