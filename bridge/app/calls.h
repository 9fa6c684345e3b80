// The admin calls of this bridge, on an ipc endpoint in its data directory (mode 0600) that speaks
// ZBP/1.
#pragma once

#include <string>

#include "bridge/admin/admin.h"
#include "bridge/app/bridge.h"
#include "bridge/app/live_calls.h"
#include "bridge/app/taps.h"

namespace zbridge::app {

// Limits:  kCallersMax at once; further ones are closed and counted. They have places of their own,
//          beside those of bridge.max_connections.
class Calls {
 public:
    static constexpr uint32_t kCallersMax = 64;

    Calls(Bridge& bridge, const Clock& clock, telemetry::Log& log);
    // Listens at this path.
    Status serve(const std::string& path);

 private:
    void status(bool peers, const admin::Admin::Tell& tell);
    void health(const admin::Admin::Tell& tell);
    void change_topic(const std::string& verb, const telemetry::Report& args,
                      const admin::Admin::Tell& tell);
    void ask_engine(const std::string& verb, const telemetry::Report& args,
                    const admin::Admin::Tell& tell);

    Bridge& bridge_;
    const Clock& clock_;
    telemetry::Log& log_;
    LiveCalls live_;
    admin::Admin admin_;
    Taps taps_;
};

}  // namespace zbridge::app
