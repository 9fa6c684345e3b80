// A route: from a source, through its shape, to its targets. Built by app/, used by intake/,
// counted for status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bridge/delivery/outlet.h"
#include "bridge/model/refusal.h"
#include "bridge/routing/shape.h"
#include "bridge/rpc/service.h"

namespace zbridge::intake {

struct Route {
    std::string name;
    routing::Shape shape;
    std::optional<delivery::OnFull> on_full;
    std::vector<delivery::Outlet*> outlets;
    std::vector<rpc::Service*> services;

    uint64_t messages = 0;  // that took this route
    uint64_t bytes = 0;
    RefusalCounts refusals;
};

}  // namespace zbridge::intake
