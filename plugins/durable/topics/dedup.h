// The producers' ids that a topic has seen lately: who sends one again is told of the first one.
//
// Thread:  the reactor.
// Promise: within the window, and among the last `max`, an id is known; also after a restart: the
//          start fills it again from the log.
// Limits:  max ids; beyond it the oldest is forgotten. About kIdBytes each, counted in the budget.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "bridge/base/memory.h"
#include "plugins/durable/ids.h"
#include "plugins/durable/topics/options.h"
#include "plugins/durable/topics/siphash.h"

namespace zbridge::durable {

class Dedup {
 public:
    static constexpr size_t kIdBytes = 48;

    // `memory` outlives it.
    Dedup(const DedupOptions& options, const HashKey& key, MemoryBudget& memory);
    ~Dedup();
    Dedup(const Dedup&) = delete;
    Dedup& operator=(const Dedup&) = delete;

    // The message that had this id. None: it is a new one.
    std::optional<MessageId> find(std::string_view producer_id, int64_t now_ms);
    // REQUIRES: find() knew none.
    void add(std::string_view producer_id, MessageId message, int64_t now_ms);

    // From now on: what is forgotten already stays so.
    void change(const DedupOptions& options);

    size_t size() const { return size_; }

 private:
    struct Seen {
        Digest digest;
        MessageId message;
        int64_t stored_ms = 0;
    };
    static constexpr uint32_t kFree = UINT32_MAX;

    size_t slot_of(const Digest& digest) const;
    void forget_old(int64_t now_ms);
    void forget_oldest();
    void grow();

    DedupOptions options_;
    HashKey key_;
    MemoryBudget& memory_;
    std::vector<Seen> ring_;       // a power of two; the oldest is at first_
    std::vector<uint32_t> slots_;  // twice as many: places in ring_, by digest, open addressing
    size_t first_ = 0;
    size_t size_ = 0;
    uint64_t counted_ = 0;
};

}  // namespace zbridge::durable
