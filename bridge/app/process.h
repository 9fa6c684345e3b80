// The bridge as a process: the real network, clock, disk and log, the data directory, the signals.
//
// SIGTERM and SIGINT end it in order (Bridge::request_stop()); a second one ends it at once with
// status 1.
#pragma once

#include "bridge/base/result.h"
#include "bridge/plugin/catalog.h"
#include "bridge/settings/config.h"

namespace zbridge::app {

// Runs until it is told to end. An error: it could not start, or its end could not be marked.
// Blocks the signals that it waits for: call it before any other thread exists.
Status run_process(settings::Config config, plugin::Catalog& catalog);

}  // namespace zbridge::app
