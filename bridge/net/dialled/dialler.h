// The thread of the sockets that the bridge connects: libzmq through cppzmq, which reconnects by
// itself.
//
// Flow:    Link::outgoing -> [thread] -> libzmq -> the application;  libzmq -> [thread] ->
// Link::incoming -> wake() Thread:  sockets live on the dialler's own thread; a Link's mailboxes
// are shared under its lock; all else is set before
//          start().
// Limits:  kMailboxBytes and kMailboxItems each way and link. Full: the thread stops reading that
// socket (libzmq then holds
//          or drops at the application's side, as its socket type does), the reactor keeps what
//          waits in the peer's outbox.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"
#include "bridge/model/socket_type.h"

namespace zbridge::net {

// One connected socket.
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

class Dialler {
 public:
    // `wake` ends the reactor's wait, from the dialler's thread.
    explicit Dialler(std::function<void()> wake);
    ~Dialler();

    void add(std::shared_ptr<Link> link) { links_.push_back(std::move(link)); }
    const std::vector<std::shared_ptr<Link>>& links() const { return links_; }
    // Connects every link. REQUIRES: kDialledAddressesMax of them at most. The error names the
    // address that libzmq does not take.
    Status start();
    // Something was pushed, or popped off a full mailbox, or is to be renewed.
    void nudge();
    // Set when there is something to pop: the reactor takes it back.
    bool take_news() { return news_.exchange(false, std::memory_order_acquire); }

 private:
    class Loop;
    std::function<void()> wake_;
    std::vector<std::shared_ptr<Link>> links_;
    std::unique_ptr<Loop> loop_;
    std::thread thread_;
    std::atomic<bool> news_ = false;
};

}  // namespace zbridge::net
