#include "bridge/cli/watched_load.h"

#include "bridge/plugin/watchdog.h"
#include "bridge/telemetry/log.h"

namespace zbridge::cli {

settings::Loaded load_watched(const std::string& file, const Terminal& terminal,
                              plugin::Catalog& catalog, const Clock& clock) {
    telemetry::Log log({}, clock);
    const plugin::Watchdog watchdog(catalog.lives(), log);
    return settings::load_file(file, terminal.environment, &catalog);
}

}  // namespace zbridge::cli
