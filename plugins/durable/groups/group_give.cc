// What a consumer is given: retries that are due, what was given before, what is new.
#include <algorithm>
#include <cstddef>
#include <utility>

#include "plugins/durable/groups/group.h"
#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/siphash.h"
#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

namespace {

// Of keys' hashes, which are on the disk. Two keys of one hash are one: no harm but the waiting.
constexpr HashKey kOrderHash{0x7a62'7269'6467'6531, 0x6f72'6465'726b'6579};

}  // namespace

uint32_t Group::receive(const zb_receive& asked, zb_delivery* deliveries, uint32_t deliveries_max) {
    given_.clear();
    if (unconfigured || paused_ || options_.broadcast || !epoch_is_durable_ ||
        !world_.topics->failure().empty()) {
        starving_ = true;
        return 0;
    }
    if (asked.size >= offsetof(zb_receive, reserved) && asked.again_count > 0) {
        Wanted once_more = begin(asked, deliveries, deliveries_max);
        if (give_once_more(once_more)) return once_more.count;
    }
    zb_receive its = asked;
    const bool probes = crash_loop_.broken();
    if (probes) {
        if (!crash_loop_.may_probe(world_.clock->now())) {
            starving_ = true;
            return 0;
        }
        its.messages_max = 1;
    }
    Wanted wanted = begin(its, deliveries, deliveries_max);
    if (options_.by_priority) {
        give_by_priority(wanted);
    } else {
        give_due(wanted);
        give_again(wanted);
        give_new(wanted);
    }
    if (probes && wanted.count > 0) crash_loop_.on_probe(wanted.since);
    starving_ = !wanted.enough() || its.messages_max < asked.messages_max;
    if (has_gathered()) world_.listener->on_gathered(id_);
    return wanted.count;
}

Group::Wanted Group::begin(const zb_receive& asked, zb_delivery* deliveries,
                           uint32_t deliveries_max) const {
    Wanted wanted;
    wanted.asked = &asked;
    wanted.deliveries = deliveries;
    wanted.deliveries_max = deliveries_max;
    const Duration lease =
        asked.lease_ms > 0 ? Duration(std::chrono::milliseconds(asked.lease_ms)) : options_.lease;
    wanted.since = world_.clock->now();
    wanted.until = wanted.since + lease;
    return wanted;
}

void Group::give_due(Wanted& wanted) {
    if (is_in_grace()) return;
    const auto now_ms = static_cast<uint64_t>(wall_ms());
    size_t looks = 0;
    for (Exceptions::Due at{0, {0}}; looks < kDueLookMax && !is_full(wanted);) {
        const auto due = exceptions_.next_due(at);
        if (!due || due->first > now_ms) return;
        at = *due;
        const Offset offset = due->second;
        const Exception its = *exceptions_.find(offset);
        const auto attempt = static_cast<uint8_t>(its.attempts + 1);
        if (its.attempts > options_.retries) {
            begin_dying(offset, static_cast<uint8_t>(its.attempts), its.key, "too many attempts",
                        0);
            continue;
        }
        const Reader::Found found = behind_.find(offset);
        if (found == Reader::Found::kLater) {
            waits_ = true;
            looks++;
        } else if (found == Reader::Found::kEnd) {
            lose(offset);
        } else {
            exceptions_.set_taken(offset, true);
            give(wanted, behind_.front(), 1, {.attempt = attempt, .key = its.key});
        }
    }
}

void Group::give_again(Wanted& wanted) {
    if (is_in_grace()) return;
    grace_until_.reset();
    while (!again_.empty() && !is_full(wanted)) {
        const OffsetRange next = *again_.at_or_after({0});
        const Reader::Found found = behind_.seek(next.first);
        if (found == Reader::Found::kLater) return;
        const Offset here{found == Reader::Found::kEnd ? next.end().number
                                                       : behind_.front().first_offset};
        if (here > next.first) {
            const OffsetRange gone{next.first, std::min(here - next.first, next.count)};
            again_.remove(gone);
            skip(gone, found == Reader::Found::kHere ? behind_.front().replaced : 0);
            forget_key(gone);
            continue;
        }
        const zb_run& run = behind_.front();
        const uint32_t key = key_of(run);
        again_keys_.erase(next.first);
        if (key != 0 && !gate_.enter(key, next.first)) {
            again_.remove({next.first, 1});
            park(next.first, key);
            continue;
        }
        const uint64_t count = give(wanted, run, key != 0 ? 1 : next.count, {.key = key});
        again_.remove({next.first, count});
    }
    if (again_.empty() && in_doubt_) end_doubt();
}

void Group::give_new(Wanted& wanted) {
    uint64_t looked = 0;
    while (!is_full(wanted) && may_give_new()) {
        if (looked >= kLookMax) {
            more_ = true;
            break;
        }
        if (settled_.has(cursor_)) {
            cursor_ = settled_.first_unset(cursor_);
            continue;
        }
        const Reader::Found found = look_for(cursor_);
        if (found == Reader::Found::kLater) break;
        const Offset here = found == Reader::Found::kEnd
                                ? topic_head()
                                : std::min(Offset{ahead_.front().first_offset}, owner.until);
        if (here > cursor_) {
            const OffsetRange gone{cursor_, here - cursor_};
            cursor_ = here;
            skip(gone, found == Reader::Found::kHere ? ahead_.front().replaced : 0);
            continue;
        }
        if (found == Reader::Found::kEnd) break;
        const zb_run& run = ahead_.front();
        const uint64_t unset =
            settled_.unset_at({cursor_, std::min<uint64_t>(run.count, owner.until - cursor_)});
        if (!is_for_it(run)) {
            looked += unset;
            const OffsetRange others{cursor_, unset};
            cursor_ = cursor_ + unset;
            pass_by(others);
            continue;
        }
        const uint32_t key = key_of(run);
        if (key != 0 && !gate_.enter(key, cursor_)) {
            looked++;
            cursor_ = cursor_ + 1;
            park({cursor_.number - 1}, key);
            continue;
        }
        const uint64_t room = make_span(key != 0 ? 1 : unset);
        cursor_ = cursor_ + give(wanted, run, room, {.key = key});
    }
}

// The filter does not let them through.
void Group::pass_by(OffsetRange others) {
    counters_.filtered += others.count;
    acks_.add(others);
    mark_settled(others);
    raise_floor();
}

bool Group::may_give_new() const {
    // What is in doubt may be of the same key, and stands before it.
    if (options_.ordered && in_doubt_) return false;
    return exceptions_.size() < options_.exceptions_max &&
           exceptions_.parked() < options_.parked_max;
}

bool Group::is_full(const Wanted& wanted) const {
    return wanted.enough() || is_full();
}

// Its first message alone.
zb_run Group::only_front(zb_run run) {
    ZB_CHECK(cut_back(run, 1, UINT64_MAX), run.first_offset);
    return run;
}

void Group::delay(Offset offset, int64_t due_ms, uint32_t target) {
    Exception exception;
    exception.why = static_cast<uint8_t>(Why::kRetry);
    exception.due_ms = std::min(static_cast<uint64_t>(due_ms), Exception::kDueEnd - 1);
    exception.key = target;
    put_exception(RecordType::kRetry, offset, exception);
    cursor_ = std::max(cursor_, offset + 1);
    written_cursor_ = cursor_;  // the record tells it
    raise_floor();
}

void Group::delay_again(const std::vector<Offset>& offsets, int64_t due_ms) {
    world_.topics->keep_together(offsets.size() * Tenant::kDelayBytes);
    for (const Offset offset : offsets) {
        Exception its = *exceptions_.find(offset);
        its.due_ms = std::min(static_cast<uint64_t>(due_ms), Exception::kDueEnd - 1);
        put_exception(RecordType::kRetry, offset, its);
    }
}

void Group::drop_waiting(const std::vector<Offset>& offsets) {
    Acks acks{id_, cursor_, {}};
    for (const Offset offset : offsets) {
        acks.ranges.push_back({offset, 1});
        settle_range({offset, 1}, true);
    }
    world_.topics->write(RecordType::kAcks, write_acks(acks), floor_effect());
    release_written();
}

// One that hand_over() is to give: read ahead, or by itself.
Reader::Found Group::find_due(const Exceptions::Due& due, Offset head, const zb_run*& message) {
    message = soon_.find(due);
    if (message != nullptr) return Reader::Found::kHere;
    if (due.second >= head) return Reader::Found::kLater;  // not durable yet
    if (reads_ahead) {
        soon_.read_from(due, {exceptions_, head, static_cast<uint64_t>(wall_ms()), ahead_});
        message = soon_.find(due);
        if (message != nullptr) return Reader::Found::kHere;
        if (soon_.is_on_its_way(due)) return Reader::Found::kLater;
    }
    const Reader::Found found = behind_.find(due.second);
    if (found == Reader::Found::kHere) message = &behind_.front();
    return found;
}

// At most so many of the run. Returns how many.
uint64_t Group::give(Wanted& wanted, zb_run run, uint64_t messages_max, const Giving& its) {
    const uint64_t room =
        std::min({messages_max, wanted.asked->messages_max - wanted.messages,
                  options_.in_flight_max - leases_.messages(), uint64_t{UINT32_MAX}});
    const uint64_t bytes = std::min(wanted.asked->bytes_max - wanted.bytes,
                                    options_.in_flight_bytes_max - leases_.bytes());
    ZB_CHECK(cut_back(run, static_cast<uint32_t>(room), bytes), run.first_offset);
    const Lease lease{wanted.until, wanted.asked->consumer, its.key,  grant_,
                      its.attempt,  wanted.since,           its.level};
    const Offset first{run.first_offset};
    leases_.add({{first, run.count}, lease, run.bytes});
    hand_out(wanted, run, lease);
    counters_.given += run.count;
    return run.count;
}

void Group::hand_out(Wanted& wanted, const zb_run& run, const Lease& lease) {
    given_.emplace_back(static_cast<Chunk*>(run.chunk));
    zb_delivery& delivery = wanted.deliveries[wanted.count++];
    delivery = {};
    delivery.run = run;
    delivery.token = token_of({run.first_offset}, lease).to_c();
    delivery.attempt = lease.attempt;
    wanted.messages += run.count;
    wanted.bytes += run.bytes;
}

Token Group::token_of(Offset first, const Lease& lease) const {
    return {lease.attempt, id_, epoch_, lease.grant, first};
}

uint32_t Group::key_of(const zb_run& run) const {
    if (!options_.ordered) return 0;
    const std::string_view key =
        text_in({run.attributes.data, run.attributes.size}, AttributeKind::kOrderKey);
    if (key.empty()) return 0;
    const auto hash = static_cast<uint32_t>(siphash(kOrderHash, key).first);
    return hash == 0 ? 1 : hash;
}

// How many of so many new ones the span has room for; at least one.
uint64_t Group::make_span(uint64_t messages) {
    while (cursor_ - floor_ >= kSpanMax) {
        const Offset lowest = floor_;
        if (leases_.first_of({lowest, 1})) {
            move_out_leased();
            continue;
        }
        ZB_CHECK(again_.remove({lowest, 1}) == 1, lowest.number);
        Exception exception;
        exception.why = static_cast<uint8_t>(Why::kRetry);
        exception.due_ms = due_in(Duration(0));
        if (const auto its = again_keys_.extract(lowest)) exception.key = its.mapped();
        put_exception(RecordType::kRetry, lowest, exception);
        raise_floor();
    }
    return std::min(messages, kSpanMax - (cursor_ - floor_));
}

// What a consumer has at the floor is an exception from now on. REQUIRES: it is leased.
void Group::move_out_leased() {
    const auto leased = leases_.first_of({floor_, 1});
    const Duration left = std::max(leased->lease.until - world_.clock->now(), Duration(0));
    Exception exception;
    exception.why = static_cast<uint8_t>(Why::kLease);
    exception.taken = 1;
    exception.attempts = leased->lease.attempt - 1U;
    exception.key = leased->lease.key;
    exception.level = leased->lease.level;
    exception.due_ms = due_in(left);
    put_exception(RecordType::kLease, floor_, exception);
    raise_floor();
}

uint64_t Group::due_in(Duration delay) const {
    const auto in_ms = std::chrono::ceil<std::chrono::milliseconds>(delay).count();
    return std::min(static_cast<uint64_t>(wall_ms() + in_ms), Exception::kDueEnd - 1);
}

// They are not there any more, and were never settled; of `replaced` nobody has missed anything.
void Group::skip(OffsetRange range, uint64_t replaced) {
    const Offset floor{world_.topics->bounds(topic_).floor};
    const Offset retained = std::clamp(floor, range.first, range.end());
    lose_to_retention({range.first, retained - range.first}, retained - range.first);
    const uint64_t missing = range.end() - retained;
    counters_.missing += missing - std::min(replaced, missing);
    acks_.add(range);
    mark_settled(range);
    raise_floor();
}

// So many of these. A line names what went since the one before, and not each message.
void Group::lose_to_retention(OffsetRange range, uint64_t messages) {
    if (messages == 0) return;
    counters_.lost_to_retention += messages;
    const Offset first = lost_.count > 0 ? std::min(lost_.first, range.first) : range.first;
    const Offset end = lost_.count > 0 ? std::max(lost_.end(), range.end()) : range.end();
    lost_ = {first, end - first};
    if (lost_told_ && world_.clock->now() < *lost_told_ + kLostAgain) return;
    lost_told_ = world_.clock->now();
    const Topic* topic = world_.topics->table().find(topic_);
    world_.listener->on_trouble(
        "the group " + name_ + ": its topic " + (topic != nullptr ? topic->name : "") +
        " has removed messages that were not settled, between the offsets " +
        std::to_string(lost_.first.number) + " and " + std::to_string(lost_.end().number - 1) +
        "; in all " + std::to_string(counters_.lost_to_retention));
    lost_ = {};
}

void Group::park(Offset offset, uint32_t key) {
    Exception exception;
    exception.why = static_cast<uint8_t>(Why::kParked);
    exception.key = key;
    gate_.park(key, offset);
    put_exception(RecordType::kPark, offset, exception);
    raise_floor();
}

// Whose turn it is is known then: an old token may say more than an ack of what is in doubt.
void Group::learn_keys() {
    if (!in_doubt_ || !options_.ordered) return;
    while (const auto next = again_.at_or_after(learned_until_)) {
        const Reader::Found found = behind_.seek(next->first);
        if (found == Reader::Found::kLater) return;
        const Offset here =
            found == Reader::Found::kEnd ? next->end() : Offset{behind_.front().first_offset};
        learned_until_ = std::min(here, next->end());
        if (here > next->first) continue;
        const zb_run& run = behind_.front();
        const uint32_t key = key_of(run);
        learned_until_ = next->first + std::min<uint64_t>(run.count, next->count);
        for (Offset at = next->first; key != 0 && at < learned_until_; at = at + 1) {
            again_keys_[at] = key;
            // Of those behind the first one the gate has it too: none of its key passes them.
            if (!gate_.enter(key, at)) gate_.park(key, at);
        }
    }
}

// They are in again_ no longer, and nobody has them.
void Group::forget_key(OffsetRange range) {
    auto at = again_keys_.lower_bound(range.first);
    while (at != again_keys_.end() && at->first < range.end()) {
        const auto [offset, key] = *at;
        at = again_keys_.erase(at);
        leave_key(key, offset);
    }
}

// What the life before had given is settled, or given again: each key's next one is known.
void Group::end_doubt() {
    in_doubt_ = false;
    gate_.release_idle([this](Offset offset) { let_go(offset); });
}

// It waits for its key no longer.
void Group::let_go(Offset offset) {
    more_ = true;
    const Exception* found = exceptions_.find(offset);
    if (found == nullptr) return;  // it is in doubt, and given again by itself
    Exception its = *found;
    its.why = static_cast<uint8_t>(Why::kRetry);
    its.due_ms = 0;
    exceptions_.put(offset, its);
}

}  // namespace zbridge::durable
