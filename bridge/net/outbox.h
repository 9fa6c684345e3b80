// What waits to be written to one peer: slices of shared memory, whole messages one behind the
// other.
//
// A message that follows its neighbour in memory too costs no entry of its own: a run of messages
// is one slice, one iovec.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "bridge/model/message.h"

namespace zbridge::net {

class Outbox {
 public:
    bool empty() const { return segments_.empty(); }
    uint64_t bytes() const { return bytes_; }        // that wait, headers included
    uint64_t messages() const { return messages_; }  // of which at least the last byte waits
    uint64_t appended() const { return appended_; }  // bytes, ever
    uint64_t written() const { return appended_ - bytes_; }

    // Appends a whole message, or its last part behind append_part()s.
    void append(const Slice& wire) { add(wire, 1); }
    // Appends whole messages that follow each other. REQUIRES: none is begun.
    void append_run(const Slice& wire, uint32_t messages) { add(wire, messages); }
    // Appends bytes that are the beginning of a message: append() must follow.
    void append_part(const Slice& wire) { add(wire, 0); }
    // Appends a frame of the bridge's own between two messages (a PONG): it is no message, is never
    // dropped, and nobody gets it in this peer's place.
    void append_command(const Slice& wire);
    uint64_t commands() const { return commands_; }  // that wait

    // Describes the first bytes for writev; returns how many entries were filled.
    size_t gather(std::span<iovec> into) const;
    // Takes off what was written.
    void consume(size_t bytes);
    // Takes off the oldest message if it stands in one piece and no byte of it was written (else
    // the next one); false if there is none.
    bool drop_oldest();
    // Takes out, oldest first, every message whose last byte was not written: the peer cannot have
    // it. One in several pieces is put together. The outbox is empty afterwards.
    std::vector<Message> take_unfinished(MemoryBudget& memory);
    // Copies slices of sparsely used chunks together, so that those chunks can go.
    void compact(MemoryBudget& memory);

 private:
    struct Segment {
        Slice slice;
        uint32_t ends = 0;  // messages that end in it
        bool run = false;  // whole messages, each in one piece: their boundaries can be found again
        bool command = false;  // no message at all
    };
    void add(const Slice& wire, uint32_t ends);
    void pop_written();
    void drop_from_run(size_t segment, size_t start);

    std::deque<Segment> segments_;
    std::vector<Slice> begun_;  // written pieces of the first message, whose last one is waiting
    size_t cut_ = 0;  // written bytes of the first segment; of a run, less than its first message
    bool unended_ = false;  // append_part() was last
    uint64_t bytes_ = 0;
    uint64_t messages_ = 0;
    uint64_t commands_ = 0;
    uint64_t appended_ = 0;
};

}  // namespace zbridge::net
