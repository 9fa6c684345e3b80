// Where the messages of a load go: an interface for each way into a bridge.
//
// Thread:  one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"
#include "bridge/cli/bench/stamp.h"

namespace zbridge::cli::bench {

// What became of one message. `refused`: why; empty: it was accepted, or answered.
using OnOutcome = std::function<void(const Stamp& stamp, std::string_view refused)>;

class Sink {
 public:
    virtual ~Sink() = default;

    // Whether each message has an outcome.
    virtual bool answers() const = 0;
    // Who may send now, in turn. None: nobody has room.
    virtual std::optional<uint16_t> next_producer() = 0;
    // False: not now, and nothing was sent.
    virtual Result<bool> send(const Stamp& stamp, std::string_view body) = 0;
    // Lets go what was gathered. Takes the outcomes that there are; else waits for one, or with
    // `for_room` until something can be sent, for `time` at most.
    virtual Status hear(Duration time, bool for_room, const OnOutcome& on_outcome) = 0;
};

}  // namespace zbridge::cli::bench
