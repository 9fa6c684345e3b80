// `topic set`, `topic create`: options as a person writes them, checked against the engine's table.
#pragma once

#include "bridge/base/result.h"
#include "bridge/plugin/options.h"
#include "bridge/telemetry/report.h"

namespace zbridge::app {

// "72h" becomes the number that the engine is given, "" nothing: as the option is by itself. The error
// names the option, and what was expected.
Result<telemetry::Report> read_topic_options(const telemetry::Report& texts,
                                             const plugin::Declared& engine);

}  // namespace zbridge::app
