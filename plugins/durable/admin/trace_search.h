// What the log tells of one message: where it and its copies were stored, and what groups settled of
// them. Twice through the log: the copies are found first, since a record of a group may stand
// before a message that was moved.
//
// Flow:    look_for_copies() of each batch -> follow() -> look_for_events() of each batch
// Copies:  in its topic; in those that it was published to with it; where it waited for its time,
//          or for its commit; a dead letter; as that was published again.
// Thread:  whoever calls, one at a time.
// Limits:  kCopiesMax, kEventsMax: what is beyond is counted. What a record says that the cleaner
//          has written again is told once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/message_id.h"
#include "plugins/durable/groups/payload.h"
#include "plugins/durable/store.h"
#include "plugins/durable/topics/short_body.h"

namespace zbridge::durable {

struct TracedCopy {
    enum class Kind : uint8_t { kMessage, kDelayed, kPrepared, kLetter, kRedriven };

    Kind kind = Kind::kMessage;
    TopicId topic;
    Offset offset;
    MessageId id;
    int64_t stored_ms = 0;
    uint64_t segment = 0;                   // where it lies now
    std::optional<std::string> attributes;  // none: too large to be looked at here
    std::string producer_id, reason;
};

struct TracedEvent {
    enum class Kind : uint8_t {
        kStored,
        kSettled,    // acked, filtered out, or gone
        kRetry,      // at due_ms; of a copy that waits for its time: then it is due
        kParked,     // behind its order key
        kLongLease,  // a consumer has it for very long, until due_ms
        kDead,       // into the dead letters
        kReset,      // its group begins at reset_to
        kPrepared,   // it waits for its commit; at due_ms it is asked for
        kCommitted,
        kRolledBack,  // or what it is a duplicate of was there
        kUnresolved,  // rolled back, and kept: nobody said what becomes of it
        kDelivered,   // its time had come
        kRecalled,    // or its topic was gone by then
        kRedriven,    // a dead letter is published again
        kLetterGone,  // it was removed, or published again in a way that cannot be told from here
    };

    Kind kind = Kind::kStored;
    size_t copy = 0;
    std::optional<size_t> became = {};  // the copy: the letter, the one that is published again
    GroupId group = {};
    Place place = {};  // of its batch
    uint64_t due_ms = 0;
    uint8_t attempts = 0;
    Offset reset_to = {};
};

// What the search has to know of a group.
struct TracedGroup {
    bool is_there = false;
    bool marks = false;       // of dead letters that are done with
    bool hands_over = false;  // of what waits for its time, or for its commit
    TopicId topic;
};

// The topics of the engine's own; none: it was never needed.
struct OwnTopics {
    std::optional<TopicId> delays, prepared;
};

class TraceSearch {
 public:
    static constexpr size_t kCopiesMax = 16;
    static constexpr size_t kEventsMax = 1'000;

    // `id`: a receipt's, or a producer's.
    TraceSearch(std::string id, const OwnTopics& own);

    void look_for_copies(const Place& place, std::string_view body);
    // By a group's number.
    void follow(std::vector<TracedGroup> groups) { groups_ = std::move(groups); }
    void look_for_events(const Place& place, std::string_view body);

    const std::vector<TracedCopy>& copies() const { return copies_; }
    const std::vector<TracedEvent>& events() const { return events_; }
    uint64_t left_out() const { return left_out_; }

 private:
    bool is_meant(const SeenMsg& msg, Offset& first, Offset& end) const;
    void look_for_copies(const SeenMsg& msg, const Place& place);
    std::optional<size_t> find(TopicId topic, Offset offset) const;
    std::optional<size_t> add(const SeenMsg& msg, Offset offset, const Place& place);
    void look_at(const Record& record, const Place& place, const std::optional<SeenMsg>& before);
    void on_acks(const Acks& acks, const Place& place, const std::optional<SeenMsg>& before);
    void on_exception(RecordType type, const ExceptionRecord& record, const Place& place,
                      const std::optional<SeenMsg>& before);
    TracedEvent settled(size_t copy, const TracedGroup& group, const Place& place,
                        const std::optional<SeenMsg>& before);
    TracedEvent resolved(size_t copy, const Place& place, const std::optional<SeenMsg>& before);
    std::optional<size_t> copy_of(const SeenMsg& msg, const Place& place);
    void add_event(TracedEvent event);
    const TracedGroup* group_of(GroupId id) const;

    std::string id_;
    std::optional<MessageId> message_;  // whose text it is, or may be
    OwnTopics own_;
    std::vector<TracedGroup> groups_;
    std::vector<TracedCopy> copies_;
    std::vector<TracedEvent> events_;
    uint64_t left_out_ = 0;
};

}  // namespace zbridge::durable
