// The error template of a service: what a client is told instead of a reply. Silent unless the YAML
// gives frames.
#pragma once

#include <string>
#include <vector>

#include "bridge/base/memory.h"
#include "bridge/model/refusal.h"

namespace zbridge::rpc {

class ErrorReply {
 public:
    // One string a frame; {code}, {reason} and {id} are replaced in each. None: silent.
    explicit ErrorReply(std::vector<std::string> frames) : frames_(std::move(frames)) {}

    bool silent() const { return frames_.empty(); }
    // The frames on the wire, to be put behind the client's envelope. REQUIRES: not silent().
    Slice render(MemoryBudget& memory, Refusal why, const std::string& id) const;

 private:
    std::vector<std::string> frames_;
};

}  // namespace zbridge::rpc
