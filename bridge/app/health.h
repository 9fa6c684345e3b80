// Whether a bridge is as it should be, judged by its status: what `zbridge health` says.
//
// A reason is something that somebody has to look at: messages are lost or refused, or nobody is
// there for what waits. What was asked for (a pause), and back-pressure, are none.
#pragma once

#include "bridge/telemetry/report.h"

namespace zbridge::app {

// {"ok", "name", "state", "connections", "memory_bytes", "reasons": [{"level": "critical" or
// "warning", "about": "topic/orders", "text"}, ...]}, critical ones first.
telemetry::Report health_report(const telemetry::Report& status);

}  // namespace zbridge::app
