// The options of a target endpoint, with their defaults. The YAML's names and units are in
// settings/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridge/base/clock.h"

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

// What a worker's reply makes of the message that it was given, if the first frame of its body
// begins so.
struct SettleRule {
    enum class As : uint8_t { kAck, kRetry, kReject };
    As as = As::kAck;
    std::string prefix;

    bool operator==(const SettleRule&) const = default;
};

// Consumers of a group.
struct ConsumersOptions {
    // What a REQ says.
    enum class Puller : uint8_t {
        kReqVerbs,  // NEXT, ACK ...; a DEALER is a worker
        kVerbs,     // the same, and a DEALER too
        kReady,     // anything: done, next; a DEALER is a worker
    };
    Puller puller = Puller::kReqVerbs;
    uint32_t credit = 1;             // messages that a DEALER worker holds at once
    std::vector<SettleRule> settle;  // the first that matches; none: every reply is the ack
    // A worker that connects soon after an unclean start may be busy with a message of the life
    // before: it is given nothing for so long, unless it speaks before.
    Duration resume_grace = std::chrono::seconds(2);
};

}  // namespace zbridge::delivery
