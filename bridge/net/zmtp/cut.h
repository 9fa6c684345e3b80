// Cuts the next message or command out of bytes that a peer sent. Looks at headers only, allocates
// nothing.
//
// Source:  ZMTP 2.0 and 3.x framing, RFC 15 and 23. A command may stand between the frames of a
//          message (libzmq sends PING so): it is told as kInterleaved, and take_out_commands()
//          makes the message whole.
// Promise: a header that was seen is not looked at again when more bytes have come (CutFrom): the
//          work is linear, however small the pieces are in which a message arrives.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "bridge/model/refusal.h"
#include "bridge/net/options.h"

namespace zbridge::net::zmtp {

// Where to go on: the frames before have been seen.
struct CutFrom {
    size_t at = 0;  // of a frame's header
    uint32_t frames = 0;
};

struct Cut {
    enum class Kind : uint8_t { kMessage, kCommand, kInterleaved, kPartial, kRefused };
    Kind kind = Kind::kPartial;
    size_t size =
        0;  // kMessage, kCommand: bytes from the beginning; kPartial: at least so many are needed
    uint32_t frames = 0;                    // kMessage
    size_t command_body = 0;                // kCommand: where its body begins
    CutFrom from;                           // kPartial, kInterleaved: where to go on
    Refusal refusal = Refusal::kMalformed;  // kRefused
};

Cut cut_next(std::string_view bytes, const PeerLimits& limits, CutFrom from = {});

// Takes whole commands out of `size` bytes that begin with the frames of one message, from the
// frame at `at` on to the end of that message, in one pass: what follows moves up. Calls
// on_command(body) for each, until it says false: the bytes are then of no use any more. Returns
// how many bytes are left.
size_t take_out_commands(char* bytes, size_t size, size_t at,
                         const std::function<bool(std::string_view)>& on_command);

}  // namespace zbridge::net::zmtp
