// What the routes of a configuration do with a topic, or a group, for `check`.
#pragma once

#include <string>
#include <vector>

#include "bridge/settings/config.h"

namespace zbridge::cli {

// The names of routes that use a topic, each way.
struct TopicUses {
    std::vector<std::string> publish, read, reject;
};

TopicUses uses_of(size_t topic, const settings::Config& config);

// "published to by orders; read by feed"
std::string topic_text(size_t topic, const settings::Config& config);

// "of topic/orders; consumed at packers"
std::string group_text(size_t group, const settings::Config& config);

// "earliest", or a time.
std::string start_text(const settings::StartConfig& start);

}  // namespace zbridge::cli
