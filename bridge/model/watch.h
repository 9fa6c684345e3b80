// Somebody who looks at messages as they pass: nothing of them is changed, held or kept from anybody.
//
// Flow:    a peer, a route, a group -> [on_passing] -> a tap
// Cost:    a place that nobody watches pays one comparison with null a message, or a batch.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bridge/base/memory.h"
#include "bridge/base/message_id.h"
#include "bridge/model/attributes.h"
#include "bridge/model/ids.h"

namespace zbridge {

// One message, or several that follow each other in memory. A view: for the call.
struct Passing {
    enum class Way : uint8_t {
        kIn,      // a peer has sent it
        kOut,     // it is for a peer: it waits in its outbox
        kRouted,  // a route gives it to its targets
        kGiven,   // a consumer of a group is lent it
        kStored,  // it stands in a topic
    };
    Way way = Way::kIn;
    Slice head;  // frames before it, if they lie elsewhere
    Slice wire;
    uint32_t messages = 1;
    const Attributes* attributes = nullptr;  // null: not known here
    PeerId peer{};                           // 0: not known, or none
    std::string_view address, identity, user;
    std::optional<uint64_t> offset = {};  // of the first
    std::optional<MessageId> id = {};     // likewise
    uint32_t attempt = 0;                 // 0: not known here
};

class Watch {
 public:
    virtual ~Watch() = default;
    virtual void on_passing(const Passing& passing) = 0;
};

}  // namespace zbridge
