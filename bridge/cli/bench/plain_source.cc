#include "bridge/cli/bench/plain_source.h"

namespace zbridge::cli::bench {

Result<std::unique_ptr<PlainSource>> PlainSource::open(net::PlainSockets& sockets,
                                                       const Setup& setup) {
    std::unique_ptr<PlainSource> its(new PlainSource);
    const net::PlainSockets::Setup each{.type = setup.socket,
                                        .high_water_mark = setup.high_water_mark,
                                        .subscribe = setup.subscribe};
    for (uint32_t i = 0; i < setup.consumers; i++) {
        auto socket = sockets.connect(setup.address, each);
        if (!socket.ok()) return std::move(socket).error();
        its->all_.push_back(socket->get());
        its->sockets_.push_back(*std::move(socket));
    }
    return its;
}

Status PlainSource::take(Duration time, const OnMessage& on_message) {
    bool any = false;
    for (uint32_t i = 0; i < sockets_.size(); i++) {
        for (size_t taken = 0; taken < kTurn; taken++) {
            const auto count = sockets_[i]->receive(frames_);
            if (!count.ok()) return count.error();
            if (*count == 0) break;
            any = true;
            on_message(i, std::span<const std::string>(frames_).first(*count));
        }
    }
    if (!any) net::PlainSocket::wait(all_, net::PlainSocket::Wait::kArrival, time);
    return {};
}

}  // namespace zbridge::cli::bench
