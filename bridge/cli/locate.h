// Which bridge a command speaks to.
//
// --at, else ZBRIDGE_AT: an address (ipc://...; a bridge answers at no other), the path of an
// admin socket, a data directory, a YAML file, which names one, or the folder of either. Without
// --at: as if it were the current folder.
#pragma once

#include <string>

#include "bridge/base/result.h"
#include "bridge/settings/environment.h"

namespace zbridge::cli {

// The address of its admin endpoint. The error says where was looked, and what was found if it was
// more than one.
Result<std::string> locate_bridge(const std::string& at, const settings::Environment& environment);

}  // namespace zbridge::cli
