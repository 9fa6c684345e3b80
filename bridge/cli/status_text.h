// The answer of the `status` call as tables for a terminal.
#pragma once

#include <string>

#include "bridge/telemetry/report.h"

namespace zbridge::cli {

// `peers`: a line for each peer too.
std::string status_text(const telemetry::Report& status, bool peers);

}  // namespace zbridge::cli
