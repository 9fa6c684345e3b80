// The answer of the `status` call as tables for a terminal.
#pragma once

#include <string>

#include "bridge/telemetry/report.h"

namespace zbridge::cli {

// `peers`: a line for each peer too. `width_max`: as Table::text() has it.
std::string status_text(const telemetry::Report& status, bool peers, size_t width_max);
// Its parts, each a table; empty: there are none.
std::string endpoints_text(const telemetry::Report& endpoints, size_t width_max);
std::string routes_text(const telemetry::Report& routes, size_t width_max);
std::string services_text(const telemetry::Report& services, size_t width_max);
// The peers of endpoints, or of one of them, each with its `endpoint`.
telemetry::Report peers_of(const telemetry::Report& endpoints, const std::string& endpoint = "");
std::string peers_text(const telemetry::Report& peers, size_t width_max);
// Of what `topic ls` answers, and `status` too; empty: there are none.
std::string topics_text(const telemetry::Report& topics, size_t width_max);

}  // namespace zbridge::cli
