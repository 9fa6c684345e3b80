// What a trace answers.
#include <utility>

#include "plugins/durable/admin/traces.h"

namespace zbridge::durable {

namespace {

std::string_view name_of(TracedCopy::Kind kind) {
    switch (kind) {
        case TracedCopy::Kind::kMessage:
            return "message";
        case TracedCopy::Kind::kDelayed:
            return "delayed";
        case TracedCopy::Kind::kPrepared:
            return "prepared";
        case TracedCopy::Kind::kLetter:
            return "dead_letter";
        case TracedCopy::Kind::kRedriven:
            return "redriven";
    }
    return "";
}

std::string_view name_of(TracedEvent::Kind kind) {
    using Kind = TracedEvent::Kind;
    switch (kind) {
        case Kind::kStored:
            return "stored";
        case Kind::kSettled:
            return "settled";
        case Kind::kRetry:
            return "retry";
        case Kind::kParked:
            return "parked";
        case Kind::kLongLease:
            return "long_lease";
        case Kind::kDead:
            return "dead";
        case Kind::kReset:
            return "reset";
        case Kind::kPrepared:
            return "prepared";
        case Kind::kCommitted:
            return "committed";
        case Kind::kRolledBack:
            return "rolled_back";
        case Kind::kUnresolved:
            return "unresolved";
        case Kind::kDelivered:
            return "delivered";
        case Kind::kRecalled:
            return "recalled";
        case Kind::kRedriven:
            return "redriven";
        case Kind::kLetterGone:
            return "letter_gone";
    }
    return "";
}

int64_t ms_of(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

std::string Traces::answer(const Trace& trace, const Journal::Heads& heads) const {
    const TraceSearch& search = trace.search;
    uint64_t left_out = search.left_out();
    const auto now = states(trace, left_out);
    ValueWriter writer;
    writer.begin_map(5);
    writer.entry("id", trace.id);
    writer.key("copies");
    writer.begin_list(search.copies().size());
    for (const TracedCopy& each : search.copies())
        write_copy(each, writer);
    writer.key("events");
    writer.begin_list(search.events().size());
    for (size_t i = 0; i < search.events().size(); i++) {
        const TracedEvent& event = search.events()[i];
        write_event(event, heads[i], search.copies()[event.copy], writer);
    }
    writer.key("now");
    writer.begin_list(now.size());
    for (const State& each : now)
        write_state(each, search.copies()[each.copy], writer);
    writer.entry("left_out", left_out);
    return writer.take();
}

std::string Traces::topic_name(TopicId topic) const {
    const Topic* its = topics_.table().find(topic);
    return its == nullptr ? "" : its->name;
}

void Traces::write_copy(const TracedCopy& copy, ValueWriter& writer) const {
    const Topic* topic = topics_.table().find(copy.topic);
    writer.begin_map(9);
    writer.entry("kind", name_of(copy.kind));
    writer.entry("topic", topic_name(copy.topic));  // empty: it was removed
    writer.entry("offset", copy.offset.number);
    writer.entry("id", copy.id.text());
    writer.entry("producer_id", copy.producer_id);
    writer.entry("stored_ms", copy.stored_ms);
    writer.entry("segment", copy.segment);
    writer.entry("kept", topic != nullptr && copy.offset >= topic->floor);
    writer.entry("reason", copy.reason);
}

void Traces::write_event(const TracedEvent& event, const std::optional<BatchHeader>& head,
                         const TracedCopy& copy, ValueWriter& writer) const {
    using Kind = TracedEvent::Kind;
    // Neither what is done with nor what waits for its time or its commit is a group to anybody.
    const bool of_group = event.kind != Kind::kStored && event.kind != Kind::kRedriven &&
                          event.kind != Kind::kLetterGone &&
                          copy.kind != TracedCopy::Kind::kDelayed &&
                          copy.kind != TracedCopy::Kind::kPrepared;
    const Group* group = of_group ? groups_.find(event.group) : nullptr;
    const bool dues = event.kind == Kind::kRetry || event.kind == Kind::kLongLease ||
                      event.kind == Kind::kPrepared;
    const bool tries = event.kind == Kind::kPrepared ||
                       (of_group && (event.kind == Kind::kRetry || event.kind == Kind::kDead));
    const bool resets = event.kind == Kind::kReset;
    writer.begin_map(6 + (group != nullptr ? 1 : 0) + (dues ? 1 : 0) + (tries ? 1 : 0) +
                     (resets ? 1 : 0));
    writer.key("at_ms");  // nothing: its segment is gone meanwhile
    if (head)
        writer.number(head->time_us / 1000);
    else
        writer.nothing();
    writer.key("batch");
    if (head)
        writer.number(static_cast<int64_t>(head->seq));
    else
        writer.nothing();
    writer.entry("segment", event.place.segment);
    const bool waits = event.kind == Kind::kRetry && copy.kind == TracedCopy::Kind::kDelayed;
    writer.entry("what", waits ? "waits" : name_of(event.kind));
    writer.entry("copy", event.copy);
    writer.key("became");
    if (event.became)
        writer.number(static_cast<int64_t>(*event.became));
    else
        writer.nothing();
    if (group != nullptr) writer.entry("group", group->name());
    if (dues) writer.entry("due_ms", event.due_ms);
    if (tries) writer.entry("attempts", uint32_t{event.attempts});
    if (resets) writer.entry("reset_to", event.reset_to.number);
}

// ---- what is in memory ----

std::vector<Traces::State> Traces::states(const Trace& trace, uint64_t& left_out) const {
    std::vector<State> all;
    const auto& copies = trace.search.copies();
    for (size_t i = 0; i < copies.size(); i++) {
        const Topic* topic = topics_.table().find(copies[i].topic);
        if (topic == nullptr || copies[i].offset < topic->floor) continue;
        for (const GroupId id : groups_.of(copies[i].topic)) {
            const Group& group = *groups_.find(id);
            // Delivered, recalled, resolved: it is nowhere.
            if (group.hands_over && group.exceptions().find(copies[i].offset) == nullptr) continue;
            if (all.size() == kStatesMax)
                left_out++;
            else
                all.push_back({i, &group});
        }
        if (copies[i].kind == TracedCopy::Kind::kLetter) all.push_back({i, nullptr});
    }
    return all;
}

void Traces::write_state(const State& state, const TracedCopy& copy, ValueWriter& writer) const {
    if (state.group != nullptr) return write_where(state, copy, writer);
    const Group* marks = groups_.marks_of(copy.topic);
    writer.begin_map(3);
    writer.entry("copy", state.copy);
    writer.entry("group", std::string());
    writer.entry("state", marks != nullptr && marks->is_marked(copy.offset) ? "done_with" : "dead");
}

void Traces::write_where(const State& state, const TracedCopy& copy, ValueWriter& writer) const {
    const Group& group = *state.group;
    const auto begin = [&](size_t more, std::string_view name) {
        writer.begin_map(3 + more);
        writer.entry("copy", state.copy);
        writer.entry("group", group.hands_over ? std::string() : group.name());
        writer.entry("state", name);
    };
    const Exception* its = group.exceptions().find(copy.offset);
    if (const auto leased = group.leases().first_of({copy.offset, 1})) {
        const Lease& lease = leased->lease;
        const auto wall_of = [&](Instant at) { return now_ms() + ms_of(at - clock_.now()); };
        begin(4, "leased");
        writer.entry("consumer", lease.consumer);
        writer.entry("attempt", uint32_t{lease.attempt});
        writer.entry("since_ms", wall_of(lease.since));
        return writer.entry("until_ms", wall_of(lease.until));
    }
    if (its != nullptr && its->waits()) {
        const bool prepared = copy.kind == TracedCopy::Kind::kPrepared;
        begin(2, prepared ? "prepared" : "waits");
        writer.entry("due_ms", static_cast<uint64_t>(its->due_ms));
        return writer.entry("attempts", static_cast<uint32_t>(its->attempts));
    }
    if (its != nullptr) {
        return begin(0, its->reason() == Why::kParked ? "parked"
                        : its->reason() == Why::kHeld ? "holds_key"
                                                      : "dying");
    }
    if (group.is_in_doubt(copy.offset)) return begin(0, "in_doubt");
    if (!group.is_marked(copy.offset)) {
        begin(1, "not_given");
        return writer.entry("held", group.held());
    }
    const auto& filter = group.options().filter;
    const bool filtered = filter && copy.attributes && !filter->matches(*copy.attributes);
    begin(0, filtered ? "filtered" : "settled");
}

}  // namespace zbridge::durable
