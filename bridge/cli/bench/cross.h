// Sends a load and takes it at the same time, in one process: what was sent is known where it arrives.
#pragma once

#include <string>

#include "bridge/cli/bench/crossing.h"
#include "bridge/cli/bench/measured.h"
#include "bridge/cli/bench/sending.h"
#include "bridge/cli/bench/taking.h"

namespace zbridge::cli::bench {

// Returns when all has arrived, or nothing comes any more. The sender is a thread of its own meanwhile, and has
// begun once all consumers are there. An error of either side ends both.
Status cross(Sending& sending, Taking& taking, Crossing& crossing);

// What it has shown. REQUIRES: cross() has returned.
Measured crossed(std::string bench, const Sending& sending, const Arrivals& arrivals);

}  // namespace zbridge::cli::bench
