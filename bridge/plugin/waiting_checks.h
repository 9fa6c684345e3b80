// Checks that wait for somebody who is free to be asked, the oldest first.
//
// Limits:  kMessagesMax of them, kBytesMax of their messages: beyond that none is taken.
#pragma once

#include <cstdint>
#include <deque>

#include "bridge/plugin/engine.h"

namespace zbridge::plugin {

class WaitingChecks {
 public:
    static constexpr size_t kMessagesMax = 1'000;
    static constexpr uint64_t kBytesMax = 4 << 20;

    // False: it has no room.
    bool add(const Check& check);
    // REQUIRES: !empty().
    Check take();
    // It is resolved, or asked for anew.
    void remove(TransactionToken token);
    void clear();

    bool empty() const { return line_.empty(); }
    size_t size() const { return line_.size(); }

 private:
    std::deque<Check> line_;
    uint64_t bytes_ = 0;
};

}  // namespace zbridge::plugin
