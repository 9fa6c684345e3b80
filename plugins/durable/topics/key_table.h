// Where the newest message of each key stands: what `keep: last_per_key` asks.
//
// Thread:  the reactor.
// Limits:  keys_max keys; of a further one nothing is known, so that its messages are kept as if they
//          had none: counted. kKeyBytes a key, at most three times as much, counted in the budget.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "bridge/base/memory.h"
#include "plugins/durable/ids.h"
#include "plugins/durable/topics/siphash.h"

namespace zbridge::durable {

class KeyTable {
 public:
    static constexpr size_t kKeyBytes = 32;

    struct Newest {
        Offset offset;
        uint32_t bytes = 0;
        constexpr bool operator==(const Newest&) const = default;
    };

    // `memory` outlives it.
    KeyTable(uint32_t keys_max, const HashKey& key, MemoryBudget& memory)
        : keys_max_(keys_max), key_(key), memory_(memory) {}
    ~KeyTable() { memory_.take_back(counted_); }
    KeyTable(const KeyTable&) = delete;
    KeyTable& operator=(const KeyTable&) = delete;

    // In any order. Returns which message is replaced by a newer one now: that which was the newest
    // one so far, or this one itself. Keys whose newest message stands below `floor` may be forgotten.
    std::optional<Newest> note(std::string_view key, const Newest& message, Offset floor);
    // None: nothing is known of this key.
    std::optional<Offset> newest(std::string_view key) const;
    void set_keys_max(uint32_t keys_max) { keys_max_ = keys_max; }

    size_t size() const { return size_; }
    uint64_t not_remembered() const { return not_remembered_; }  // messages

 private:
    struct Slot {
        Digest digest;
        uint64_t place = 0;  // the offset and one; 0: free
        uint32_t bytes = 0;
    };
    static_assert(sizeof(Slot) == kKeyBytes);

    size_t slot_of(const Digest& digest) const;
    bool make_room(Offset floor);
    void rebuild(size_t slots, Offset floor);

    uint32_t keys_max_;
    HashKey key_;
    MemoryBudget& memory_;
    std::vector<Slot> slots_;  // a power of two, open addressing, at most three quarters are used
    size_t size_ = 0;
    uint64_t not_remembered_ = 0;
    uint64_t next_sweep_ = 0;  // once so many were not remembered
    Offset swept_;             // what stood below it is forgotten
    uint64_t counted_ = 0;
};

}  // namespace zbridge::durable
