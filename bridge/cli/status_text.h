// The answer of the `status` call as tables for a terminal.
#pragma once

#include <string>

#include "bridge/telemetry/report.h"

namespace zbridge::cli {

// `peers`: a line for each peer too. `width_max`: as Table::text() has it.
std::string status_text(const telemetry::Report& status, bool peers, size_t width_max);
// Of what `topic ls` answers, and `status` too; empty: there are none.
std::string topics_text(const telemetry::Report& topics, size_t width_max);

}  // namespace zbridge::cli
