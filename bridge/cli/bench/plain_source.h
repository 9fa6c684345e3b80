// What arrives of a load at an endpoint, by one socket a consumer: PULL or SUB.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridge/cli/bench/source.h"
#include "bridge/net/dialled/plain_socket.h"

namespace zbridge::cli::bench {

class PlainSource final : public Source {
 public:
    struct Setup {
        std::string address;
        SocketType socket = SocketType::kPull;
        uint32_t consumers = 1;
        std::string subscribe = {};  // of SUBs: the prefix
        int high_water_mark = 1000;
    };
    static Result<std::unique_ptr<PlainSource>> open(net::PlainSockets& sockets,
                                                     const Setup& setup);

    Status take(Duration time, const OnMessage& on_message) override;

 private:
    static constexpr size_t kTurn = 256;  // of one socket, before it is the next one's
    PlainSource() = default;

    std::vector<std::unique_ptr<net::PlainSocket>> sockets_;
    std::vector<net::PlainSocket*> all_;
    std::vector<std::string> frames_;
};

}  // namespace zbridge::cli::bench
