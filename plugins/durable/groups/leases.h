// Messages that consumers of a group have now, and until when.
//
// Limits:  an entry for messages that were given together, as long as they are settled so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "bridge/base/clock.h"
#include "plugins/durable/groups/range_set.h"

namespace zbridge::durable {

// What is the same of all of an entry's messages.
struct Lease {
    Instant until;
    uint64_t consumer = 0;
    uint32_t key = 0;  // of its order; 0: it has none
    uint16_t grant = 0;
    uint8_t attempt = 1;
    Instant since = {};  // it was given
    uint8_t level = 0;   // as Exception::level
};

struct LeasedRange {
    OffsetRange range;
    Lease lease;
    uint64_t bytes = 0;  // of a part of what was given together: its share
};

class Leases {
 public:
    // REQUIRES: none of them is leased.
    void add(const LeasedRange& leased);
    // The first of this range that are leased.
    std::optional<LeasedRange> first_of(OffsetRange range) const;
    // REQUIRES: first_of() told them, or a part of these.
    void remove(OffsetRange range);

    std::optional<Instant> next_due() const;
    // The one that ends first, if that is by now; it stays until it is removed.
    std::optional<LeasedRange> due(Instant now) const;
    void clear();

    uint64_t messages() const { return messages_; }
    uint64_t bytes() const { return bytes_; }
    template <class Visit>
    void each(Visit visit) const {
        for (const auto& [first, entry] : entries_)
            visit(LeasedRange{{first, entry.count}, entry.lease, entry.bytes});
    }

 private:
    using Dues = std::multimap<Instant, Offset>;
    struct Entry {
        uint64_t count = 0;
        Lease lease;
        uint64_t bytes = 0;
        Dues::iterator due;
    };

    std::map<Offset, Entry> entries_;  // by their first offset; they do not overlap
    Dues dues_;
    uint64_t messages_ = 0;
    uint64_t bytes_ = 0;
};

}  // namespace zbridge::durable
