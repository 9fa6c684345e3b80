// The line: messages that wait for whichever PULL takes them first, in the order they came.
//
// Limits:  LineOptions; whoever appends asks has_room() first.
#pragma once

#include <cstdint>
#include <deque>

#include "bridge/delivery/options.h"
#include "bridge/model/message.h"

namespace zbridge::delivery {

class Line {
 public:
    explicit Line(LineOptions options) : options_(options) {}

    bool empty() const { return runs_.empty(); }
    uint64_t bytes() const { return bytes_; }
    uint64_t messages() const { return messages_; }
    bool has_room() const {
        return bytes_ < options_.bytes_max && messages_ < options_.messages_max;
    }
    // Half empty: those who were held may go on.
    bool has_much_room() const {
        return bytes_ <= options_.bytes_max / 2 && messages_ <= options_.messages_max / 2;
    }

    void append(const Message& message);
    // Puts back what a consumer did not get: it waits in front of all others.
    void put_back(const Message& message);
    // The oldest message. REQUIRES: !empty().
    Message take();
    void compact(MemoryBudget& memory);

 private:
    struct Run {  // of messages that follow each other in memory
        Slice slice;
        uint32_t messages = 0;
    };

    LineOptions options_;
    std::deque<Run> runs_;
    uint64_t bytes_ = 0;
    uint64_t messages_ = 0;
};

}  // namespace zbridge::delivery
