// What became of a message, as the command line shows it: by the day, a line for each thing that
// happened, and how it stands now.
#pragma once

#include <string>

#include "bridge/telemetry/report.h"

namespace zbridge::cli {

// Adds where the consumer of a lease is connected, and as whom, if it still is: `status` is the
// bridge's report with its peers.
void add_consumer(telemetry::Report& lease, const telemetry::Report& status);

// `width`: of the terminal; 0: there is none, and it is made for kTraceWidth.
constexpr size_t kTraceWidth = 80;
std::string trace_text(const telemetry::Report& trace, size_t width);

}  // namespace zbridge::cli
