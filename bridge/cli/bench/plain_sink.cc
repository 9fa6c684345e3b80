#include "bridge/cli/bench/plain_sink.h"

#include <array>

namespace zbridge::cli::bench {

Result<std::unique_ptr<PlainSink>> PlainSink::open(net::PlainSockets& sockets, const Setup& setup) {
    std::unique_ptr<PlainSink> its(new PlainSink(setup));
    const net::PlainSockets::Setup each{
        .type = setup.socket, .high_water_mark = setup.high_water_mark, .linger = kLinger};
    for (uint16_t i = 0; i < setup.producers; i++) {
        auto socket = sockets.connect(setup.address, each);
        if (!socket.ok()) return std::move(socket).error();
        its->all_.push_back(socket->get());
        its->sockets_.push_back(*std::move(socket));
    }
    return its;
}

std::optional<uint16_t> PlainSink::next_producer() {
    return next_;
}

Result<bool> PlainSink::send(const Stamp& stamp, std::string_view body) {
    const std::array<std::string_view, 2> frames{setup_.first_frame, body};
    const std::span<const std::string_view> all(frames);
    auto sent = sockets_[stamp.producer]->send(setup_.first_frame.empty() ? all.subspan(1) : all);
    if (sent.ok()) next_ = static_cast<uint16_t>((stamp.producer + 1) % setup_.producers);
    return sent;
}

Status PlainSink::hear(Duration time, bool for_room, const OnOutcome& /*none*/) {
    using Wait = net::PlainSocket::Wait;
    if (time <= Duration{}) return {};
    if (for_room) {
        net::PlainSocket* const blocked = sockets_[next_].get();
        net::PlainSocket::wait({&blocked, 1}, Wait::kRoom, time);
    } else {
        net::PlainSocket::wait(all_, Wait::kArrival, time);
    }
    return {};
}

}  // namespace zbridge::cli::bench
