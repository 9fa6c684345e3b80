#include "bridge/net/dialled/wait_any.h"

#include <poll.h>

#include <algorithm>
#include <ctime>
#include <vector>

namespace zbridge::net {

void wait_any(std::span<zmq::socket_t* const> sockets, WaitFor what, Duration time) {
    const int looked_for = what == WaitFor::kRoom ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN;
    std::vector<pollfd> descriptors;
    descriptors.reserve(sockets.size());
    for (zmq::socket_t* each : sockets) {
        // Its descriptor tells of what changes from here on: to ask for the events takes in the rest.
        if ((each->get(zmq::sockopt::events) & looked_for) != 0) return;
        descriptors.push_back({each->get(zmq::sockopt::fd), POLLIN, 0});
    }
    const auto ns = std::max<int64_t>(time.count(), 0);
    const timespec left{ns / 1'000'000'000, ns % 1'000'000'000};
    (void)ppoll(descriptors.data(), descriptors.size(), &left,
                nullptr);  // the sockets say what it was
}

}  // namespace zbridge::net
