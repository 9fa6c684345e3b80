// Who else has records in the log of topics: consumer groups.
//
// Flow:    at the start: replay() of each record -> begin(); then Topics::write() -> on_written()
// Promise: what was written is told in its order, once it is durable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/result.h"
#include "plugins/durable/ids.h"
#include "plugins/durable/record.h"

namespace zbridge::durable {

// What a record of a tenant is to do once it is durable: the tenant knows what these mean.
struct TenantEffect {
    uint32_t who = 0, what = 0;
    Offset offset;
};

// A record that goes into the same batch as messages: all of them are there after a crash, or none.
struct Companion {
    RecordType type{};
    std::string_view payload;
    std::optional<TenantEffect> effect = {};
    // It makes room rather than takes it: a full disk is no reason to refuse.
    bool frees = false;
    // What has a producer's id that was seen lately is published all the same.
    bool again = false;
};

class Tenant {
 public:
    virtual ~Tenant() = default;
    // kInvalid: what it says is impossible.
    virtual Status replay(const Record& record, uint64_t segment) = 0;
    // All topics are there, as they are to be.
    virtual Status begin(bool was_clean) = 0;
    // All it has, by Topics::write(): what is before is not needed to know it.
    virtual void write_snapshot() = 0;
    virtual void on_written(const TenantEffect& effect, uint64_t segment) = 0;
    // Where messages wait for their time; made, if need be. None: as many wait as may, or it cannot.
    virtual std::optional<TopicId> delays() = 0;
    // This one was written there, in the batch that fills, for `target`: its record is to be in it
    // too, and has kDelayBytes of room.
    virtual void on_delayed(Offset offset, int64_t due_ms, TopicId target) = 0;
    static constexpr size_t kDelayBytes = 64;
    // Likewise, where prepared messages wait; and what was written there.
    virtual std::optional<TopicId> prepared() { return std::nullopt; }
    virtual void on_prepared(Offset) {}
    // Of an answer to the tenant itself: what it had done is durable, or will never be.
    virtual void on_answer(uint64_t, bool, const std::string&) {}
    // Of a topic that keep_for_tenant() has named: somebody still wants this message.
    virtual bool needs(TopicId topic, Offset offset) const = 0;
    // More may be written.
    virtual void on_room() = 0;
    // All effects of a batch were told.
    virtual void on_batch() = 0;
};

constexpr bool is_of_tenant(RecordType type) {
    return (type >= RecordType::kAcks && type <= RecordType::kReset) || type == RecordType::kGroup;
}

}  // namespace zbridge::durable
