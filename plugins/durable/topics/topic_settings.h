// A topic's options as its TOPIC record carries them, where no file says them: what `topic set` said.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plugins/durable/topics/options.h"

namespace zbridge::durable {

// Those that are not as they are by themselves; durability stands in the record's head.
std::vector<TopicSetting> settings_of(const TopicOptions& options);
// None: a setting that is not known, or a value that cannot be.
std::optional<TopicOptions> options_of(const std::vector<TopicSetting>& settings);

}  // namespace zbridge::durable
