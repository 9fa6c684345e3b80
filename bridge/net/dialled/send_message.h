// Gives a socket of libzmq one message, frame by frame, without waiting.
//
// Source:  libzmq 4.3, lb.cpp. It takes all of a message or none, but for one whose connection ends
//          in the middle: that frame is refused, and what follows is taken for the rest of the
//          message, up to its last frame, and thrown away. So it is given that rest, and nothing
//          else.
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/model/message.h"

namespace zbridge::net {

enum class Sent : uint8_t {
    kSent,
    kLater,  // nothing of it was taken
    kLost,   // its connection has ended in the middle of it
};

// `send(body, more)`: false where libzmq says EAGAIN. `wire` begins with a whole message.
template <class Send>
Sent send_message(std::string_view wire, Send&& send) {
    bool lost = false;
    for (size_t at = 0;;) {
        const Frame frame = frame_at(wire, at);
        if (!send(frame.body, frame.more)) {
            if (at == 0) return Sent::kLater;
            lost = true;
        }
        if (!frame.more) return lost ? Sent::kLost : Sent::kSent;
        at = frame.end;
    }
}

}  // namespace zbridge::net
