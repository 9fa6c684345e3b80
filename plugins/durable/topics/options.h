// What the file says of a topic, and of all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/durable/topics/payload.h"

namespace zbridge::durable {

// What goes first, once there is more than this; none: nothing goes.
struct Retention {
    std::optional<int64_t> age_ms;
    std::optional<uint64_t> bytes;  // of messages, as they were published
    std::optional<uint64_t> count;
    bool keep_unread = true;  // what a group has not settled stays; `bytes` then refuses publishing
    bool operator==(const Retention&) const = default;
};

struct DedupOptions {
    int64_t window_ms = 0;  // 0: off
    uint32_t max = 1'000'000;
    bool operator==(const DedupOptions&) const = default;
};

enum class Keep : uint8_t { kAll = 1, kLastPerKey = 2 };  // on the disk

struct TopicOptions {
    Retention retention;
    DedupOptions dedup;
    Durability durability = Durability::kFsync;
    Keep keep = Keep::kAll;
    uint32_t keys_max = 1'000'000;            // of kLastPerKey: see KeyTable
    uint64_t message_bytes_max = UINT64_MAX;  // the store has its own limit
    bool operator==(const TopicOptions&) const = default;
};

struct DeclaredTopic {
    std::string name;
    TopicOptions options;
};

struct TopicsOptions {
    std::vector<DeclaredTopic> topics;
    size_t hot_bytes = 16 << 20;   // of the newest batches, kept for readers that are nearly there
    size_t cold_bytes = 16 << 20;  // of batches read from the disk
    uint64_t clean_bytes_a_second = 16 << 20;  // of messages that are moved; 0: none is
};

}  // namespace zbridge::durable
