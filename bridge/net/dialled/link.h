// One address that the bridge connects to: the mailboxes between the reactor and the dialler's
// thread.
//
// Thread:  both, under its lock.
// Limits:  kMailboxBytes and kMailboxItems each way; a batch may go beyond them by its last
// message. Full: the
//          thread stops reading that socket (libzmq then holds or drops at the application's side,
//          as its socket type does), the reactor keeps what waits in the peer's outbox.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "bridge/model/socket_type.h"

namespace zbridge::net {

class Link {
 public:
    static constexpr size_t kMailboxBytes = 1 << 20;
    static constexpr size_t kMailboxItems = 256;
    static constexpr int kHighWaterMark =
        100;  // of libzmq's own queue: small, what is in it is lost with the peer

    struct Incoming {
        enum class Kind : uint8_t { kOpened, kClosed, kBytes };
        Kind kind;
        std::string bytes;  // whole messages, as on the wire
    };

    Link(std::string address, SocketType socket) : address_(std::move(address)), socket_(socket) {}

    const std::string& address() const { return address_; }
    SocketType socket() const { return socket_; }

    // The reactor's side. push() takes the bytes if there is room.
    bool push(std::string& bytes);
    bool pop(Incoming& into);
    size_t waiting_bytes() const;  // that the thread has not given to libzmq
    // Ends the connection, with what libzmq holds for it, and makes a new one: kClosed comes, then
    // kOpened. What was pushed is for whoever is there then, as after any other end.
    void renew();

    // The thread's side.
    void put(Incoming incoming);
    bool has_room() const;  // for what comes in
    bool has_outgoing() const;
    // True: `into` is the next of what was pushed. `made_room`: the reactor waits for that.
    bool take_outgoing(std::string& into, bool& made_room);
    bool take_renewal();  // true once after each renew()

 private:
    const std::string address_;
    const SocketType socket_;
    mutable std::mutex lock_;
    std::deque<std::string> outgoing_;
    std::deque<Incoming> incoming_;
    size_t outgoing_bytes_ = 0, incoming_bytes_ = 0;
    bool wants_room_ = false;  // the reactor found outgoing_ full
    bool renewal_ = false;
};

}  // namespace zbridge::net
