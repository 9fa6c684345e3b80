// What becomes of a message that somebody has taken over for a while: a sink, a step with a thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bridge/model/refusal.h"

namespace zbridge::plugin {

// Names a message on its way, so that whoever sent it can be told.
using Ticket = uint64_t;

class Settling {
 public:
    virtual ~Settling() = default;
    // Once for each time that the ticket was given. None: it is done with.
    virtual void on_settled(Ticket ticket, std::optional<Refusal> why, std::string_view reason) = 0;
};

}  // namespace zbridge::plugin
