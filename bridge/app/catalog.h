// The plugins of this process: those linked in, and where others are looked for.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "bridge/plugin/catalog.h"

namespace zbridge::app {

// `environment`: ZBRIDGE_PLUGIN_PATH, folders with `:` between them. They come before the
// installation's own, lib/zbridge/plugins beside the program.
std::unique_ptr<plugin::Catalog> make_catalog(
    const std::function<std::optional<std::string>(const std::string&)>& environment,
    const Clock& clock);

}  // namespace zbridge::app
