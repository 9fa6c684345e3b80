// Messages that wait for their time, and what became of one, as the command line shows them.
#pragma once

#include <string>

#include "bridge/telemetry/report.h"

namespace zbridge::cli {

// Empty: none waits.
std::string delayed_text(const telemetry::Report& messages, size_t width);

}  // namespace zbridge::cli
