// Where the messages of a load arrive: an interface for each way out of a bridge.
//
// Thread:  one.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "bridge/base/clock.h"
#include "bridge/base/result.h"

namespace zbridge::cli::bench {

using OnMessage = std::function<void(uint32_t consumer, std::span<const std::string> frames)>;

class Source {
 public:
    virtual ~Source() = default;

    // Takes what there is, some of it where it is much; else waits for one, `time` at most.
    virtual Status take(Duration time, const OnMessage& on_message) = 0;
    // Gives back what it was given and has not taken.
    virtual Status leave() { return {}; }
};

}  // namespace zbridge::cli::bench
