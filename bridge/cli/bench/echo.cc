#include "bridge/cli/bench/echo.h"

namespace zbridge::cli::bench {

Result<std::unique_ptr<Echo>> Echo::open(net::PlainSockets& sockets, const std::string& address,
                                         uint32_t workers) {
    std::unique_ptr<Echo> its(new Echo);
    for (uint32_t i = 0; i < workers; i++) {
        auto socket = sockets.connect(address, {.type = SocketType::kRep});
        if (!socket.ok()) return std::move(socket).error();
        its->all_.push_back(socket->get());
        its->sockets_.push_back(*std::move(socket));
    }
    its->thread_ = std::thread([echo = its.get()] { echo->run(); });
    return its;
}

Echo::~Echo() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
}

void Echo::run() {
    constexpr Duration kWaitMax = std::chrono::milliseconds(20);
    while (!stop_) {
        bool any = false;
        for (net::PlainSocket* each : all_)
            any = serve(*each) || any;
        if (!any) net::PlainSocket::wait(all_, net::PlainSocket::Wait::kArrival, kWaitMax);
    }
}

bool Echo::serve(net::PlainSocket& socket) {
    const auto count = socket.receive(frames_);
    if (!count.ok() || *count == 0) return false;
    reply_.assign(frames_.begin(), frames_.begin() + static_cast<ptrdiff_t>(*count));
    // A reply that is not taken has nobody who waits for it: the bridge has gone.
    (void)socket.send(reply_);
    return true;
}

}  // namespace zbridge::cli::bench
