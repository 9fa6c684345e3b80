// `topics:` of the file: the table of its options, and what an entry says.
#pragma once

#include "plugins/durable/topics/options.h"
#include "plugins/sdk/zbridge_engine.h"
#include "plugins/sdk/zbridge_plugin.hpp"

namespace zbridge::durable {

extern const zb_section kTopicsSection;

// Throws zbridge::Error, after it has told the host which option is wrong.
DeclaredTopic read_topic(std::string_view name, const Options& given);

}  // namespace zbridge::durable
