// A socket of libzmq as programs of users have it, for the command line, which has no reactor: what is
// measured with it is what they would see.
//
// Thread:  each socket one, and a PlainSockets may be shared by many. Nothing blocks but wait() and the
//          end of PlainSockets, which lets go what sockets have taken, `linger` at most.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"
#include "bridge/model/socket_type.h"

namespace zbridge::net {

class PlainSocket;

// What they have in common: libzmq's own thread.
class PlainSockets {
 public:
    PlainSockets();
    ~PlainSockets();
    PlainSockets(const PlainSockets&) = delete;
    PlainSockets& operator=(const PlainSockets&) = delete;

    struct Setup {
        SocketType type = SocketType::kPush;
        int high_water_mark = 1000;  // libzmq's own
        std::string subscribe = {};  // of a SUB: the prefix
        Duration linger = {};
    };
    // kInvalid: libzmq does not take the address. Whether anybody is there shows later.
    Result<std::unique_ptr<PlainSocket>> connect(const std::string& address, const Setup& setup);

 private:
    struct Context;
    std::unique_ptr<Context> context_;
};

class PlainSocket {
 public:
    ~PlainSocket();
    PlainSocket(const PlainSocket&) = delete;
    PlainSocket& operator=(const PlainSocket&) = delete;

    // One message. False: nobody is connected, or whoever is takes no more for now.
    Result<bool> send(std::span<const std::string_view> frames);
    // The next message; its frames are those of `frames` up to the number that is returned, the
    // strings behind them are kept for their room. 0: there is none for now.
    Result<size_t> receive(std::vector<std::string>& frames);

    enum class Wait : uint8_t { kArrival, kRoom };  // kRoom: or an arrival
    // Until one of them has something, or takes something, or `time` is over, to some microseconds; or
    // before that, for nothing.
    static void wait(std::span<PlainSocket* const> sockets, Wait what, Duration time);

 private:
    friend class PlainSockets;
    struct Socket;
    explicit PlainSocket(std::unique_ptr<Socket> socket);

    std::unique_ptr<Socket> socket_;
};

}  // namespace zbridge::net
