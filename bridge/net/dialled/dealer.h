// A DEALER, for the command line, which has no reactor. libzmq connects it anew by itself: what is said on a
// later connection a bridge refuses, for it has heard no HELLO there.
//
// Thread:  one. It blocks.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"

namespace zbridge::net {

class Dealer {
 public:
    // kInvalid: libzmq does not take the address. Whether anybody is there shows later.
    static Result<std::unique_ptr<Dealer>> open(const std::string& address);
    ~Dealer();
    Dealer(const Dealer&) = delete;
    Dealer& operator=(const Dealer&) = delete;

    // One message. kUnavailable: nobody took it within `patience`.
    Status send(const std::vector<std::string_view>& frames, Duration patience);
    // The next message. kUnavailable: none came within `patience`.
    Result<std::vector<std::string>> receive(Duration patience);
    // Until there is one, or so long, to some microseconds; or before that, for nothing.
    void wait(Duration time);

 private:
    struct Socket;  // of libzmq
    explicit Dealer(std::unique_ptr<Socket> socket);

    std::unique_ptr<Socket> socket_;
};

}  // namespace zbridge::net
