// Reads the file of `check` and `run`, whose plugins are loaded and tried out meanwhile: one that
// does not come back is named on stderr.
#pragma once

#include <string>

#include "bridge/base/clock.h"
#include "bridge/cli/command.h"
#include "bridge/plugin/catalog.h"
#include "bridge/settings/load.h"

namespace zbridge::cli {

settings::Loaded load_watched(const std::string& file, const Terminal& terminal,
                              plugin::Catalog& catalog, const Clock& clock);

}  // namespace zbridge::cli
