// All segments of the log, one behind the other: what stands in each is looked at on a helper's
// thread.
//
// Flow:    walk_log() -> the helper: look ... of a segment -> the reactor -> the next one -> done
// Promise: what was committed before it began, and is kept, is looked at, in its order; what was moved
//          meanwhile perhaps twice. What cannot be read any more is left out.
// Thread:  the reactor; `look` on the helper's, never beside `done`.
// Failure: kIo: the disk. kUnavailable: `goes_on` said no.
#pragma once

#include <functional>

#include "plugins/durable/log.h"

namespace zbridge::durable {

// `log` outlives all of it. `done` may come within the call.
void walk_log(Log& log, Look look, std::function<bool()> goes_on,
              std::function<void(const Status&)> done);

}  // namespace zbridge::durable
