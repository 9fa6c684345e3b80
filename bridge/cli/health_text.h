// How a bridge is, on one line.
#pragma once

#include <string>

#include "bridge/telemetry/report.h"

namespace zbridge::cli {

std::string health_line(const telemetry::Report& health);

}  // namespace zbridge::cli
