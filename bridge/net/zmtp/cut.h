// Cuts the next message or command out of bytes that a peer sent. Looks at headers only, allocates nothing.
//
// Source: ZMTP 2.0 and 3.x framing, RFC 15 and 23. A command may stand between the frames of a message (libzmq sends PING
// so); it is told as kInterleaved and the caller takes it out.
#pragma once

#include <cstdint>
#include <string_view>

#include "bridge/model/refusal.h"
#include "bridge/net/options.h"

namespace zbridge::net::zmtp {

struct Cut {
    enum class Kind : uint8_t { kMessage, kCommand, kInterleaved, kPartial, kRefused };
    Kind kind = Kind::kPartial;
    size_t size = 0;      // kMessage, kCommand: bytes from the beginning; kPartial: at least so many are needed
    uint32_t frames = 0;  // kMessage
    size_t command_start = 0, command_size = 0;  // kInterleaved; kCommand: start is 0
    size_t command_body = 0;                     // kInterleaved, kCommand: where its body begins
    Refusal refusal = Refusal::kMalformed;       // kRefused
};

Cut cut_next(std::string_view bytes, const PeerLimits& limits);

}  // namespace zbridge::net::zmtp
