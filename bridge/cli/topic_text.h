// What the routes of a configuration do with a topic, for `check`.
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

// "earliest", or a time.
std::string start_text(const settings::StartConfig& start);

}  // namespace zbridge::cli
