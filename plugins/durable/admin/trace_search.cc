#include "plugins/durable/admin/trace_search.h"

#include <algorithm>
#include <utility>

#include "plugins/durable/groups/dead_letter.h"
#include "plugins/durable/topics/attributes.h"

namespace zbridge::durable {

namespace {

std::string_view text_of(std::string_view attributes, std::string_view property) {
    const zb_value value = property_in(attributes, property);
    return value.kind == ZB_STRING ? std::string_view(value.text.data, value.text.size)
                                   : std::string_view();
}

bool covers(const Acks& acks, Offset offset) {
    return std::any_of(acks.ranges.begin(), acks.ranges.end(), [&](const OffsetRange& range) {
        return range.first <= offset && offset < range.end();
    });
}

MessageId id_of(const SeenMsg& msg, Offset offset) {
    return {msg.head.first_id.epoch, msg.head.first_id.sequence + (offset - msg.head.first)};
}

TracedEvent::Kind kind_of(RecordType type) {
    switch (type) {
        case RecordType::kPark:
            return TracedEvent::Kind::kParked;
        case RecordType::kLease:
            return TracedEvent::Kind::kLongLease;
        case RecordType::kDead:
            return TracedEvent::Kind::kDead;
        default:
            return TracedEvent::Kind::kRetry;
    }
}

}  // namespace

TraceSearch::TraceSearch(std::string id, const OwnTopics& own)
    : id_(std::move(id)), message_(MessageId::parse(id_)), own_(own) {}

// ---- copies ----

void TraceSearch::look_for_copies(const Place& place, std::string_view body) {
    for (size_t at = 0; at < body.size();) {
        const auto record = record_at(body, at);
        if (!record) return;
        at = record->end;
        if (const auto msg = read_seen_msg(*record))
            look_for_copies(*msg, place);
        else if (const auto moved = read_seen_moved(*record))
            look_for_copies(place, moved->records);
    }
}

void TraceSearch::look_for_copies(const SeenMsg& msg, const Place& place) {
    Offset first, end;
    if (!is_meant(msg, first, end)) return;
    for (Offset at = first; at < end; at = at + 1) {
        if (const auto known = find(msg.head.topic, at))
            copies_[*known].segment = place.segment;
        else
            (void)add(msg, at, place);
    }
}

// Which of them: those from `first` to `end`.
bool TraceSearch::is_meant(const SeenMsg& msg, Offset& first, Offset& end) const {
    const MessageId& its = msg.head.first_id;
    if (message_ && message_->epoch == its.epoch &&
        message_->sequence - its.sequence < msg.head.count) {
        first = msg.head.first + (message_->sequence - its.sequence);
        end = first + 1;
        return true;
    }
    first = msg.head.first;
    end = msg.head.end();
    return id_in(msg.attributes) == id_ ||
           (message_ && (text_of(msg.attributes, "dead.id") == id_ ||
                         text_of(msg.attributes, "redriven.id") == id_));
}

std::optional<size_t> TraceSearch::find(TopicId topic, Offset offset) const {
    for (size_t i = 0; i < copies_.size(); i++) {
        if (copies_[i].topic == topic && copies_[i].offset == offset) return i;
    }
    return std::nullopt;
}

// None: there are too many.
std::optional<size_t> TraceSearch::add(const SeenMsg& msg, Offset offset, const Place& place) {
    if (copies_.size() == kCopiesMax) {
        left_out_++;
        return std::nullopt;
    }
    TracedCopy copy;
    copy.topic = msg.head.topic;
    copy.offset = offset;
    copy.id = id_of(msg, offset);
    copy.stored_ms = msg.head.stored_ms;
    copy.segment = place.segment;
    copy.producer_id = id_in(msg.attributes);
    copy.reason = text_of(msg.attributes, "dead.reason");
    if (!msg.attributes_cut) copy.attributes.emplace(msg.attributes);
    if (msg.head.topic == own_.delays)
        copy.kind = TracedCopy::Kind::kDelayed;
    else if (msg.head.topic == own_.prepared)
        copy.kind = TracedCopy::Kind::kPrepared;
    else if (!text_of(msg.attributes, "dead.id").empty())
        copy.kind = TracedCopy::Kind::kLetter;
    else if (!text_of(msg.attributes, "redriven.id").empty())
        copy.kind = TracedCopy::Kind::kRedriven;
    copies_.push_back(std::move(copy));
    return copies_.size() - 1;
}

// ---- what became of them ----

void TraceSearch::look_for_events(const Place& place, std::string_view body) {
    std::optional<SeenMsg> before;  // the record before, if that is one of messages
    for (size_t at = 0; at < body.size();) {
        const auto record = record_at(body, at);
        if (!record) return;
        at = record->end;
        const auto msg = read_seen_msg(*record);
        if (msg) {
            for (size_t i = 0; i < copies_.size(); i++) {
                const bool its = copies_[i].topic == msg->head.topic &&
                                 msg->head.first <= copies_[i].offset &&
                                 copies_[i].offset < msg->head.end();
                if (its) add_event({TracedEvent::Kind::kStored, i, {}, {}, place});
            }
        } else {
            look_at(*record, place, before);
        }
        before = msg;
    }
}

void TraceSearch::look_at(const Record& record, const Place& place,
                          const std::optional<SeenMsg>& before) {
    if (record.type == RecordType::kAcks) {
        if (const auto acks = read_acks(record.payload)) on_acks(*acks, place, before);
    } else if (record.type == RecordType::kReset) {
        const auto reset = read_reset(record.payload);
        const TracedGroup* group = reset ? group_of(reset->group) : nullptr;
        for (size_t i = 0; group != nullptr && i < copies_.size(); i++) {
            if (copies_[i].topic != group->topic) continue;
            TracedEvent event{TracedEvent::Kind::kReset, i, {}, reset->group, place};
            event.reset_to = reset->offset;
            add_event(event);
        }
    } else if (record.type >= RecordType::kRetry && record.type <= RecordType::kLease) {
        if (const auto its = read_exception(record.payload))
            on_exception(record.type, *its, place, before);
    }
}

const TracedGroup* TraceSearch::group_of(GroupId id) const {
    const bool known = id.number() < groups_.size() && groups_[id.number()].is_there;
    return known ? &groups_[id.number()] : nullptr;
}

void TraceSearch::on_acks(const Acks& acks, const Place& place,
                          const std::optional<SeenMsg>& before) {
    const TracedGroup* group = group_of(acks.group);
    if (group == nullptr) return;
    const size_t known = copies_.size();
    for (size_t i = 0; i < known; i++) {
        if (copies_[i].topic != group->topic || !covers(acks, copies_[i].offset)) continue;
        TracedEvent event = settled(i, *group, place, before);
        event.group = acks.group;
        event.place = place;
        add_event(event);
    }
}

// The last message of the record, as a copy. None: there are too many.
std::optional<size_t> TraceSearch::copy_of(const SeenMsg& msg, const Place& place) {
    const Offset offset{msg.head.end().number - 1};
    if (const auto known = find(msg.head.topic, offset)) return known;
    const auto added = add(msg, offset, place);
    if (added) add_event({TracedEvent::Kind::kStored, *added, {}, {}, place});
    return added;
}

// Who publishes and settles at once writes the settlement right behind the message.
TracedEvent TraceSearch::settled(size_t copy, const TracedGroup& group, const Place& place,
                                 const std::optional<SeenMsg>& before) {
    TracedEvent event;
    event.kind = TracedEvent::Kind::kSettled;
    event.copy = copy;
    if (copies_[copy].kind == TracedCopy::Kind::kPrepared) return resolved(copy, place, before);
    if (group.hands_over) {
        const bool delivered = before && before->head.first_id == copies_[copy].id;
        event.kind = delivered ? TracedEvent::Kind::kDelivered : TracedEvent::Kind::kRecalled;
        return event;
    }
    if (!group.marks) return event;
    event.kind = TracedEvent::Kind::kLetterGone;
    const std::string_view its = before ? text_of(before->attributes, "redriven.id") : "";
    const bool redriven = !its.empty() && copies_[copy].attributes &&
                          its == text_of(*copies_[copy].attributes, "dead.id");
    if (!redriven) return event;
    event.kind = TracedEvent::Kind::kRedriven;
    event.became = copy_of(*before, place);
    return event;
}

// What became of one that was prepared.
TracedEvent TraceSearch::resolved(size_t copy, const Place& place,
                                  const std::optional<SeenMsg>& before) {
    TracedEvent event;
    event.copy = copy;
    event.kind = TracedEvent::Kind::kRolledBack;
    if (!before) return event;
    const MessageId its = copies_[copy].id;
    if (before->head.first_id == its) event.kind = TracedEvent::Kind::kCommitted;
    if (text_of(before->attributes, "dead.id") != its.text()) return event;
    event.kind = TracedEvent::Kind::kUnresolved;
    event.became = copy_of(*before, place);
    return event;
}

void TraceSearch::on_exception(RecordType type, const ExceptionRecord& record, const Place& place,
                               const std::optional<SeenMsg>& before) {
    const TracedGroup* group = group_of(record.group);
    const auto copy = group != nullptr ? find(group->topic, record.offset) : std::nullopt;
    if (!copy) return;
    TracedEvent event;
    const bool prepared = copies_[*copy].kind == TracedCopy::Kind::kPrepared;
    if (record.level == ExceptionRecord::kHeldLevel) type = RecordType::kDead;
    event.kind = prepared ? TracedEvent::Kind::kPrepared : kind_of(type);
    event.copy = *copy;
    event.group = record.group;
    event.place = place;
    event.due_ms = record.due_ms;
    event.attempts = record.attempts;
    // Its letter stands before it, if it was not written again by the cleaner.
    const std::string its_id = copies_[*copy].id.text();
    if (type == RecordType::kDead && before && text_of(before->attributes, "dead.id") == its_id)
        event.became = copy_of(*before, place);
    add_event(event);
}

void TraceSearch::add_event(TracedEvent event) {
    const auto before = std::find_if(events_.rbegin(), events_.rend(), [&](const auto& each) {
        return each.copy == event.copy && each.group == event.group;
    });
    if (before != events_.rend()) {
        const bool same = before->kind == event.kind && before->due_ms == event.due_ms &&
                          before->attempts == event.attempts;
        // Written again by the cleaner.
        const bool again =
            event.kind == TracedEvent::Kind::kRetry || event.kind == TracedEvent::Kind::kPrepared ||
            event.kind == TracedEvent::Kind::kParked ||
            event.kind == TracedEvent::Kind::kLongLease || event.kind == TracedEvent::Kind::kDead;
        if (same && again) return;
        // A message that is to die is a retry until it is dead.
        if (event.kind == TracedEvent::Kind::kDead && before->kind == TracedEvent::Kind::kRetry &&
            before->attempts == event.attempts) {
            events_.erase(std::next(before).base());
        }
    }
    if (events_.size() == kEventsMax)
        left_out_++;
    else
        events_.push_back(event);
}

}  // namespace zbridge::durable
