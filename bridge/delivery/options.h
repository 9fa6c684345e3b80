// The options of a target endpoint, with their defaults. The YAML's names and units are in
// settings/.
#pragma once

#include <cstdint>

namespace zbridge::delivery {

// What happens to a message for a peer, or a line, that is full.
enum class OnFull : uint8_t {
    kBlock,       // the source is held
    kDropNewest,  // the message is dropped for this peer, and counted
    kDropOldest,  // its oldest waiting message is, instead
    kDisconnect,  // the peer is disconnected; where PULLs share, as kBlock
};

// The line: messages for PULLs of an endpoint while none of them takes any.
struct LineOptions {
    uint64_t bytes_max = 16 << 20;
    uint32_t messages_max = 100'000;
};

}  // namespace zbridge::delivery
