// Runs one stage of a check in a process of its own, so that a plugin that crashes, ends the
// process or never returns is a finding and not the end of the check.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/cli/plugin_check/board.h"

namespace zbridge::cli {

struct StageReport {
    std::string name;
    std::string said;  // empty: there was nothing to do
    std::vector<std::string> findings;
};

// `folder` becomes the stage's working folder. What has not ended within `limit` is killed.
StageReport run_stage(const std::string& name, const std::string& folder, Duration limit,
                      const std::function<void(Board&)>& stage);

}  // namespace zbridge::cli
