// A message as `topic browse` tells of it, again as one that passes.
#pragma once

#include "bridge/base/memory.h"
#include "bridge/model/attributes.h"
#include "bridge/model/message.h"
#include "bridge/model/watch.h"
#include "bridge/telemetry/report.h"

namespace zbridge::app {

class StoredMessage {
 public:
    StoredMessage(const telemetry::Report& told, MemoryBudget& memory);

    uint64_t offset() const { return offset_; }
    int64_t stored_us() const { return stored_us_; }
    // A view of this.
    Passing passing() const;

 private:
    uint64_t offset_;
    int64_t stored_us_;
    std::optional<MessageId> id_;
    Attributes attributes_;
    Slice wire_;
};

}  // namespace zbridge::app
