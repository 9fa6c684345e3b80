// What `topic set` makes of a topic's options.
#pragma once

#include <map>
#include <string>

#include "bridge/base/result.h"
#include "plugins/durable/admin/values.h"
#include "plugins/durable/topics/options.h"

namespace zbridge::durable {

// By the names of the file, in its units: durations in ns, sizes in bytes. Nothing: as the option is
// by itself. The error names the option.
Result<TopicOptions> changed(TopicOptions options,
                             const std::map<std::string, Request::Value>& changes);

}  // namespace zbridge::durable
