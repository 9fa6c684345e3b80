// What `zbridge status` shows: a bridge with all its parts, as a report. The names here are what
// scripts read.
#pragma once

#include "bridge/app/bridge.h"
#include "bridge/telemetry/report.h"

namespace zbridge::app {

// `peers`: with one entry for each peer; else endpoints have their number only.
telemetry::Report status_report(const Bridge& bridge, Instant now, bool peers);

}  // namespace zbridge::app
