// What the answers say of a group.
#include <algorithm>
#include <utility>
#include <vector>

#include "plugins/durable/admin/groups_admin.h"

namespace zbridge::durable {

namespace {

constexpr size_t kEntries = 18, kWholeEntries = 20;

int64_t ms_of(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

uint64_t retries_in(const Exceptions& all) {
    return all.size() - all.parked() - all.taken() - all.held();
}

}  // namespace

void GroupsAdmin::write_list(ValueWriter& writer) const {
    size_t count = 0;
    groups_.each([&](const Group& group) { count += is_told(group) ? 1 : 0; });
    writer.begin_list(count);
    groups_.each([&](const Group& group) {
        if (is_told(group)) write_group(group, writer, false);
    });
}

std::string GroupsAdmin::topic_name(const Group& group) const {
    const Topic* topic = topics_.table().find(group.topic());
    return topic == nullptr ? "" : topic->name;
}

void GroupsAdmin::write_group(const Group& group, ValueWriter& writer, bool whole) const {
    const Exceptions& exceptions = group.exceptions();
    const GroupCounters counters = counters_of(group);
    writer.begin_map(kEntries + (whole ? kWholeEntries : 0));
    writer.entry("name", group.name());
    writer.entry("topic", topic_name(group));
    writer.entry("state", group.unconfigured ? "unconfigured" : "configured");
    writer.entry("held", held(group));  // why nothing new is given
    writer.entry("lag", lag_of(group));
    writer.key("oldest_age_s");
    if (const auto age_s = oldest_age_s(group))
        writer.number(*age_s);
    else
        writer.nothing();
    writer.entry("in_flight", in_flight_of(group));
    writer.entry("in_doubt", group.in_doubt());
    writer.entry("retries", retries_in(exceptions));
    writer.entry("parked", exceptions.parked());
    // That wait there; of all groups, if some share the topic.
    writer.entry("dead", letters_.waiting_of(group));
    writer.entry("given", counters.given);
    writer.entry("acked", counters.acked);
    writer.entry("retried", counters.retried);
    writer.entry("died", counters.dead);
    writer.entry("late", counters.stale);
    writer.entry("dropped_retention", counters.lost_to_retention);
    writer.entry("dropped_damaged", counters.missing);
    if (!whole) return;
    writer.entry("in_flight_bytes", group.leases().bytes());
    writer.entry("looked_ahead", group.levels().offsets());
    writer.entry("floor", group.floor().number);
    writer.entry("cursor", group.cursor().number);
    writer.entry("expired", counters.expired);
    writer.entry("lost_consumers", counters.lost);
    writer.entry("released", counters.released);
    writer.entry("filtered", counters.filtered);
    writer.entry("dead_refused", counters.dead_refused);
    writer.entry("dead_that_hold_keys", exceptions.held());
    writer.entry("crash_loops", group.crash_loop().times());
    writer.key("range");
    if (const Group* range = groups_.range_of(group.id())) {
        writer.begin_map(2);
        writer.entry("until", range->owner.until.number);
        writer.entry("lag", range->lag());
    } else {
        writer.nothing();
    }
    write_consumers(group, writer);
    write_options(group, writer);
}

// The sum of what they have.
GroupCounters GroupsAdmin::counters_of(const Group& group) const {
    GroupCounters all = group.counters();
    for (const GroupId id : groups_.consumers_of(group.id()))
        all += groups_.find(id)->counters();
    return all;
}

uint64_t GroupsAdmin::in_flight_of(const Group& group) const {
    uint64_t all = group.in_flight();
    for (const GroupId id : groups_.consumers_of(group.id()))
        all += groups_.find(id)->in_flight();
    return all;
}

// Of the consumer that is furthest behind.
uint64_t GroupsAdmin::lag_of(const Group& group) const {
    if (!group.options().broadcast) return group.lag();
    uint64_t most = 0;
    for (const GroupId id : groups_.consumers_of(group.id()))
        most = std::max(most, groups_.find(id)->lag());
    return most;
}

std::string_view GroupsAdmin::held(const Group& group) const {
    const Group* range = groups_.range_of(group.id());
    if (range == nullptr || !group.held().empty()) return group.held();
    return range->held().empty() ? "a range is given again" : range->held();
}

void GroupsAdmin::write_consumers(const Group& group, ValueWriter& writer) const {
    const std::set<GroupId>& consumers = groups_.consumers_of(group.id());
    writer.key("consumers");
    writer.begin_map(consumers.size());
    for (const GroupId id : consumers) {
        const Group& its = *groups_.find(id);
        writer.key(std::string_view(its.name()).substr(group.name().size() + 1));
        writer.begin_map(6);
        writer.entry("connected", its.attended > 0);
        writer.entry("gone_s", its.attended > 0 ? 0 : (now_ms() - its.owner.seen_ms) / 1000);
        writer.entry("lag", its.lag());
        writer.entry("in_flight", its.in_flight());
        writer.entry("held", held(its));
        writer.entry("cursor", its.cursor().number);
    }
}

void GroupsAdmin::write_options(const Group& group, ValueWriter& writer) const {
    const GroupOptions& its = group.options();
    writer.entry("dead_letter", DeadLetters::topic_of(group));
    writer.entry("lease_ms", ms_of(its.lease));
    writer.entry("mode", its.broadcast ? "broadcast" : "share");
    writer.entry("order", its.ordered ? "per_key" : its.by_priority ? "priority" : "none");
    writer.entry("on_dead", its.dead_holds_key ? "park" : "pass");
    writer.key("retry");
    writer.begin_map(2);
    writer.entry("attempts", its.retries);
    writer.key("backoff_ms");
    writer.begin_list(its.backoff.size());
    for (const Duration each : its.backoff)
        writer.number(ms_of(each));
    writer.key("limits");
    writer.begin_map(5);
    writer.entry("max_in_flight", its.in_flight_max);
    writer.key("max_in_flight_bytes");
    if (its.in_flight_bytes_max == UINT64_MAX)
        writer.nothing();
    else
        writer.number(static_cast<int64_t>(its.in_flight_bytes_max));
    writer.entry("look_ahead", its.look_ahead);
    writer.entry("max_exceptions", its.exceptions_max);
    writer.entry("max_parked", its.parked_max);
}

// Of the message that was stored first, of those that are not settled.
std::optional<int64_t> GroupsAdmin::oldest_age_s(const Group& group) const {
    Offset first = group.floor();
    if (const auto lowest = group.exceptions().lowest()) first = std::min(first, *lowest);
    const auto run = topics_.index().at_or_after(group.topic(), first);
    if (!run) return std::nullopt;
    return std::max<int64_t>(now_ms() - run->stored_ms, 0) / 1000;
}

void GroupsAdmin::write_pending(const Group& group, uint64_t max, ValueWriter& writer) const {
    writer.begin_map(4);
    writer.key("leased");
    write_leased(group, max, writer);
    writer.key("in_doubt");
    std::vector<OffsetRange> ranges;
    group.each_in_doubt([&](const OffsetRange& range) {
        if (ranges.size() < max) ranges.push_back(range);
    });
    writer.begin_list(ranges.size());
    for (const OffsetRange& range : ranges) {
        writer.begin_map(2);
        writer.entry("offset", range.first.number);
        writer.entry("count", range.count);
    }
    writer.key("retries");
    write_retries(group, max, writer);
    writer.key("parked");
    write_parked(group, max, writer);
}

// In the order of their offsets.
void GroupsAdmin::write_leased(const Group& group, uint64_t max, ValueWriter& writer) const {
    std::vector<LeasedRange> leased;
    group.leases().each([&](const LeasedRange& each) {
        if (leased.size() < max) leased.push_back(each);
    });
    writer.begin_list(leased.size());
    for (const auto& [range, lease, bytes] : leased) {
        writer.begin_map(6);
        writer.entry("offset", range.first.number);
        writer.entry("count", range.count);
        writer.entry("bytes", bytes);
        writer.entry("consumer", lease.consumer);
        writer.entry("attempt", uint32_t{lease.attempt});
        writer.entry("until_ms", now_ms() + ms_of(lease.until - clock_.now()));
    }
}

// The next ones first.
void GroupsAdmin::write_retries(const Group& group, uint64_t max, ValueWriter& writer) const {
    std::vector<Exceptions::Due> dues;
    for (auto due = group.exceptions().next_due(); due && dues.size() < max;
         due = group.exceptions().next_due(*due))
        dues.push_back(*due);
    writer.begin_list(dues.size());
    for (const auto& [due_ms, offset] : dues) {
        writer.begin_map(3);
        writer.entry("offset", offset.number);
        // By priority those that are due are not told apart by when they were.
        writer.entry("due_ms", due_ms < kLevels ? static_cast<uint64_t>(now_ms()) : due_ms);
        writer.entry("attempts", static_cast<uint32_t>(group.exceptions().find(offset)->attempts));
    }
}

void GroupsAdmin::write_parked(const Group& group, uint64_t max, ValueWriter& writer) const {
    std::vector<Offset> parked;
    const Exceptions& all = group.exceptions();
    size_t looks = 0;
    for (auto at = all.lowest();
         at && looks < kLookMax && parked.size() < std::min<uint64_t>(max, all.parked());
         at = all.first_of({*at + 1, Token::kOffsetEnd})) {
        looks++;
        if (all.find(*at)->reason() == Why::kParked) parked.push_back(*at);
    }
    writer.begin_list(parked.size());
    for (const Offset offset : parked) {
        writer.begin_map(2);
        writer.entry("offset", offset.number);
        writer.entry("attempts", static_cast<uint32_t>(all.find(offset)->attempts));
    }
}

}  // namespace zbridge::durable
