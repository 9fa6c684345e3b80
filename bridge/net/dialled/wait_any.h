// Waits for sockets of libzmq, to the microsecond: its own poll counts in milliseconds.
#pragma once

#include <span>

#include <zmq.hpp>

#include "bridge/base/clock.h"

namespace zbridge::net {

enum class WaitFor : uint8_t { kArrival, kRoom };  // kRoom: or an arrival

// Until one of them has something, or takes something, or `time` is over; or before that, for nothing.
void wait_any(std::span<zmq::socket_t* const> sockets, WaitFor what, Duration time);

}  // namespace zbridge::net
