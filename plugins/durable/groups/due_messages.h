// Messages that are due soon, in memory: read ahead in the order of their offsets. One by one in the
// order of their times each would cost its whole batch.
//
// Flow:    read_on() ... -> find(); what was written behind the back of that: read_from() -> find()
// Promise: what find() has is what the topic has there; what it does not have may be there all the
//          same.
// Limits:  kBytesMax, of which kBytesEach for each, and kMessagesMax: those that are due first stay.
//          kSliceMax are read in one go. A walk ends behind kKnownMax that are there already.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/durable/groups/exceptions.h"
#include "plugins/durable/groups/reader.h"

namespace zbridge::durable {

class DueMessages {
 public:
    static constexpr size_t kMessagesMax = 65'536;
    static constexpr size_t kBytesMax = 32 << 20;
    static constexpr size_t kBytesEach = 256;   // beside its own
    static constexpr size_t kFirstTime = 64;    // so many until their size is known
    static constexpr size_t kSliceMax = 4'096;  // read in one go
    static constexpr size_t kKnownMax = 64;
    static constexpr uint64_t kAheadMs = 60'000;

    using Due = Exceptions::Due;
    // Of the topic's messages those below `head` are there. `reader` is nobody else's.
    struct From {
        const Exceptions& exceptions;
        Offset head;
        uint64_t now_ms;
        Reader& reader;
    };

    // The next ones, once there are not many left.
    void read_on(const From& from);
    // From this one on, if it is not on its way.
    void read_from(const Due& due, const From& from);
    // Null: it is not there. Those before it are not asked for any more.
    const zb_run* find(const Due& due);
    void done_with(const Due& due) {
        if (const auto at = held_.find(due); at != held_.end()) drop(at);
    }
    // It may be among those that are being read.
    bool is_on_its_way(const Due& due) const {
        return !wanted_.empty() && first_ <= due && due <= last_;
    }
    // read_on() has more to do at once; else Topics tells when.
    bool more() const { return !wanted_.empty() && !waits_; }
    void clear();

    size_t messages() const { return held_.size(); }
    size_t bytes() const { return bytes_; }
    uint64_t passes() const { return passes_; }

 private:
    struct Held {
        zb_run run{};
        std::string bytes;  // attributes, then the wire
    };

    void gather(Due at, const From& from);
    void read_slice(Reader& reader);
    void hold(const Due& due, zb_run run);
    void drop(std::map<Due, Held>::iterator at);

    std::map<Due, Held> held_;
    size_t bytes_ = 0;
    std::vector<Due> wanted_;  // of this pass, the last one is read next
    Due first_, last_;         // of them, in the order of their times
    std::optional<Due> cut_;   // from here on there was no room
    bool waits_ = false;       // for the disk
    size_t wanted_max_ = kFirstTime;
    uint64_t pass_messages_ = 0, pass_bytes_ = 0;
    uint64_t passes_ = 0;
};

}  // namespace zbridge::durable
