// A shared object with a plugin in it. The one place that knows the dynamic loader.
//
// Promise: it stays loaded until the process ends: messages and threads may still be in it.
// Failure: not a shared object, for another architecture, a dependency that is missing, no entry
//          symbol: each a sentence with the path.
#pragma once

#include <string>

#include "bridge/base/result.h"
#include "plugins/sdk/zbridge_plugin.h"

namespace zbridge::plugin {

Result<const zb_plugin*> load_library(const std::string& path);

}  // namespace zbridge::plugin
