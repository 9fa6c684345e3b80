// Calls about the running bridge itself: what happened, its peers, its services, its end.
#pragma once

#include <string>

#include "bridge/admin/admin.h"
#include "bridge/app/bridge.h"
#include "bridge/telemetry/log.h"

namespace zbridge::app {

class LiveCalls {
 public:
    // Both outlive it.
    LiveCalls(Bridge& bridge, telemetry::Log& log) : bridge_(bridge), log_(log) {}
    // It outlives `admin`.
    void serve(admin::Admin& admin);

 private:
    using Report = telemetry::Report;

    Result<Report> events(const Report& args) const;
    Result<Report> kick_peer(const Report& args);
    Result<Report> switch_service(const Report& args, bool pause);
    Result<Report> drain();
    Result<Report> stop();

    Bridge& bridge_;
    telemetry::Log& log_;
};

}  // namespace zbridge::app
