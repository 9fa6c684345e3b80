// Messages of a load to an endpoint, by one socket a producer: PUSH or PUB.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridge/cli/bench/sink.h"
#include "bridge/net/dialled/plain_socket.h"

namespace zbridge::cli::bench {

class PlainSink final : public Sink {
 public:
    struct Setup {
        std::string address;
        SocketType socket = SocketType::kPush;
        uint16_t producers = 1;
        std::string first_frame = {};  // before the body; empty: none
        int high_water_mark = 1000;
    };
    // What they have taken is let go before the end of `sockets`.
    static Result<std::unique_ptr<PlainSink>> open(net::PlainSockets& sockets, const Setup& setup);

    bool answers() const override { return false; }
    std::optional<uint16_t> next_producer() override;
    Result<bool> send(const Stamp& stamp, std::string_view body) override;
    Status hear(Duration time, bool for_room, const OnOutcome& on_outcome) override;

 private:
    static constexpr Duration kLinger = std::chrono::seconds(30);
    explicit PlainSink(const Setup& setup) : setup_(setup) {}

    const Setup setup_;
    std::vector<std::unique_ptr<net::PlainSocket>> sockets_;
    std::vector<net::PlainSocket*> all_;
    uint16_t next_ = 0;
};

}  // namespace zbridge::cli::bench
