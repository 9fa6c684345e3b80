// What the answers say of a group.
#include <algorithm>
#include <utility>
#include <vector>

#include "plugins/durable/admin/groups_admin.h"

namespace zbridge::durable {

namespace {

constexpr size_t kEntries = 18, kWholeEntries = 13;

int64_t ms_of(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
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
    const GroupCounters& counters = group.counters();
    writer.begin_map(kEntries + (whole ? kWholeEntries : 0));
    writer.entry("name", group.name());
    writer.entry("topic", topic_name(group));
    writer.entry("state", group.unconfigured ? "unconfigured" : "configured");
    writer.entry("held", group.held());  // why nothing new is given
    writer.entry("lag", group.lag());
    writer.key("oldest_age_s");
    if (const auto age_s = oldest_age_s(group))
        writer.number(*age_s);
    else
        writer.nothing();
    writer.entry("in_flight", group.in_flight());
    writer.entry("in_doubt", group.in_doubt());
    writer.entry("retries", exceptions.size() - exceptions.parked() - exceptions.taken());
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
    writer.entry("floor", group.floor().number);
    writer.entry("cursor", group.cursor().number);
    writer.entry("expired", counters.expired);
    writer.entry("lost_consumers", counters.lost);
    writer.entry("released", counters.released);
    writer.entry("filtered", counters.filtered);
    writer.entry("dead_refused", counters.dead_refused);
    writer.entry("crash_loops", group.crash_loop().times());
    write_options(group, writer);
}

void GroupsAdmin::write_options(const Group& group, ValueWriter& writer) const {
    const GroupOptions& its = group.options();
    writer.entry("dead_letter", DeadLetters::topic_of(group));
    writer.entry("lease_ms", ms_of(its.lease));
    writer.entry("order", its.ordered ? "per_key" : "none");
    writer.key("retry");
    writer.begin_map(2);
    writer.entry("attempts", its.retries);
    writer.key("backoff_ms");
    writer.begin_list(its.backoff.size());
    for (const Duration each : its.backoff)
        writer.number(ms_of(each));
    writer.key("limits");
    writer.begin_map(3);
    writer.entry("max_in_flight", its.in_flight_max);
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
    for (const auto& [range, lease] : leased) {
        writer.begin_map(5);
        writer.entry("offset", range.first.number);
        writer.entry("count", range.count);
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
        writer.entry("due_ms", due_ms);
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
