// What is said of a topic or group that is not there: with the one that may be meant.
//
// Limits: of the engine's own nothing is told, and of names as bridge/base/nearest.h says.
#pragma once

#include <string>
#include <string_view>

#include "plugins/durable/groups/groups.h"

namespace zbridge::durable {

// "there is no topic `ordres`; did you mean "orders"?"
std::string no_topic(const Topics& topics, std::string_view name);
std::string no_group(const Groups& groups, std::string_view name);

}  // namespace zbridge::durable
