// What the answers say of a message.
#pragma once

#include <cstdint>

#include "plugins/durable/admin/values.h"
#include "plugins/sdk/zbridge_engine.h"

namespace zbridge::durable {

// The first `count` messages of a run, each a map.
void write_messages(ValueWriter& writer, const zb_run& run, uint32_t count);

// The one message of a run, which waits for its time: a map.
void write_delayed(ValueWriter& writer, const zb_run& one, uint64_t due_ms);

}  // namespace zbridge::durable
