// Work on dead letters, as the bridge does it: a piece a call.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bridge/cli/command.h"
#include "bridge/telemetry/report.h"

namespace zbridge::cli {

struct DeadAsked {
    std::string at, group, where;
    bool dry_run = false;
};

constexpr uint64_t kPieceMax = 1'000;

// Asks until all is done, as far as there was something at the first call: what comes meanwhile is
// not waited for. `which`: an offset or an id, or empty: all. `take` is told each answer, and says
// how many the next piece may have: 0 ends it.
Exit ask_in_pieces(const DeadAsked& asked, const std::string& call, const std::string& which,
                   Terminal& terminal,
                   const std::function<uint64_t(const telemetry::Report& piece)>& take,
                   uint64_t first_max = kPieceMax);

}  // namespace zbridge::cli
