// What the engine is asked by a verb of the command line, and its answer as a report.
#pragma once

#include <string_view>

#include "bridge/plugin/engine.h"
#include "bridge/protocol/commons.h"
#include "bridge/telemetry/report.h"

namespace zbridge::protocol {

// `engine`: null, where there are no topics: it is told so. `tell` is called once, in the call or later.
void ask_engine(plugin::Engine* engine, std::string_view verb, const telemetry::Report& args,
                const TellReport& tell);

}  // namespace zbridge::protocol
