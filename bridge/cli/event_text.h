// Events of a bridge, one a line, as its log would write them.
#pragma once

#include <string>

#include "bridge/telemetry/report.h"

namespace zbridge::cli {

std::string event_line(const telemetry::Report& event);

}  // namespace zbridge::cli
