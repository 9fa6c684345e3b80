// One address that the bridge connects to: the mailboxes between the reactor and the dialler's
// thread.
//
// Thread:  both, under its lock.
// Limits:  kMailboxBytes and kMailboxItems each way; a batch may go beyond them by its last
//          message. Full: the thread stops reading that socket (libzmq then holds or drops at the
//          application's side, as its socket type does), the reactor keeps what waits in the peer's
//          outbox.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "bridge/model/refusal.h"
#include "bridge/model/socket_type.h"
#include "bridge/net/options.h"

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
        uint64_t messages = 0;
    };
    // What waits, in messages.
    struct Waiting {
        uint64_t incoming = 0;  // for the reactor
        uint64_t outgoing = 0;  // for libzmq to take
    };

    Link(std::string address, SocketType socket, const PeerLimits& limits)
        : address_(std::move(address)), socket_(socket), limits_(limits) {}

    const std::string& address() const { return address_; }
    SocketType socket() const { return socket_; }
    const PeerLimits& limits() const { return limits_; }

    // The reactor's side. push() takes the bytes, whole messages, if there is room. What was pushed
    // when a connection ends goes with it; a PUSH's is for whoever comes next.
    bool push(std::string& bytes, uint64_t messages);
    bool pop(Incoming& into);
    bool has_incoming() const;
    Waiting waiting() const;
    // Ends the connection, with what libzmq holds for it, and makes a new one: kClosed comes, then
    // kOpened.
    void renew();
    // A planned stop: the reactor is woken whenever all that was pushed is libzmq's. With
    // `stop_reading`, what has come in is handed over, and then no more.
    void drain(bool stop_reading);
    bool read_out() const;  // that has been done
    uint64_t lost() const;  // messages for a peer that had gone
    RefusalCounts refusals() const;
    std::string trouble()
        const;  // an error of libzmq's that made the socket anew, the last; else empty

    // The thread's side.
    void put(Incoming incoming);
    bool has_room() const;  // for what comes in
    bool has_outgoing() const;
    bool take_outgoing(std::string& into);  // true: the next of what was pushed
    // Libzmq has taken so much of that. True: the reactor waits for it.
    bool sent(size_t bytes, uint64_t messages);
    // So much of it is given up.
    void lose(size_t bytes, uint64_t messages);
    bool stops_reading() const;
    void set_read_out();
    void refuse(Refusal why);
    void set_trouble(std::string what);
    bool take_renewal();  // true once after each renew()

 private:
    struct Batch {
        std::string bytes;
        uint64_t messages;
    };
    bool keeps_outgoing() const { return socket_ == SocketType::kPush; }
    void lose_locked(size_t bytes, uint64_t messages);

    const std::string address_;
    const SocketType socket_;
    const PeerLimits limits_;
    mutable std::mutex lock_;
    std::deque<Batch> outgoing_;
    std::deque<Incoming> incoming_;
    // Outgoing until libzmq has taken it.
    size_t outgoing_bytes_ = 0, incoming_bytes_ = 0;
    Waiting waiting_;
    uint64_t lost_ = 0;
    std::string trouble_;
    RefusalCounts refusals_;
    uint32_t ends_untold_ = 0;  // kClosed in incoming_: what is pushed is still for who has gone
    bool wants_room_ = false;   // the reactor found outgoing_ full
    bool renewal_ = false;
    bool draining_ = false, stops_reading_ = false, read_out_ = false;
};

}  // namespace zbridge::net
