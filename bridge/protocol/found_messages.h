// What the engine's answer to a query has, as FOUND says it.
#pragma once

#include <string>
#include <vector>

#include "bridge/protocol/answer.h"
#include "bridge/telemetry/report.h"

namespace zbridge::protocol {

struct FoundMessages {
    std::vector<FoundMessage> messages;
    std::string block;
};
FoundMessages read_found(const telemetry::Report& report);

}  // namespace zbridge::protocol
