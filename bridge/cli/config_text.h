// What a configuration means: the roles that were inferred, who may connect, where messages go.
#pragma once

#include <string>

#include "bridge/settings/load.h"

namespace zbridge::cli {

// For people: a line of counts and, if the file is right, a table each of endpoints, services,
// topics, routes.
std::string config_text(const std::string& file, const settings::Loaded& loaded, bool colour);

// For programs: {"file", "ok", "errors", "warnings", "endpoints", "services", "topics",
// "routes"}; the last four are left out if there are errors.
std::string config_json(const std::string& file, const settings::Loaded& loaded, bool ok);

}  // namespace zbridge::cli
