// What becomes of what was given: acks, retries, dead letters.
#include <algorithm>
#include <utility>

#include "bridge/base/utf8.h"
#include "plugins/durable/groups/dead_letter.h"
#include "plugins/durable/groups/group.h"
#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

zb_taken Group::settle(const zb_settlement& asked, const zb_publication* replies, uint32_t count,
                       zb_settled& settled) {
    settled = {};
    find_open(asked, settled.stale);
    counters_.stale += settled.stale;
    if (open_.empty()) return ZB_STALE;
    const bool acks = asked.verdict == ZB_SETTLE_ACK;
    if (count > 0) {
        const zb_taken taken = publish_replies(replies, count, acks, settled);
        if (taken != ZB_TAKEN) {
            counters_.stale -= settled.stale;
            return taken;
        }
    }
    const Instant now = world_.clock->now();
    // One for all parts: the new token of each is that of the first, by its offset.
    if (asked.verdict == ZB_SETTLE_EXTEND) grant_++;
    uint64_t cookie = asked.cookie;
    if (asked.verdict == ZB_SETTLE_REJECT && cookie != 0)
        rejects_[cookie] = asked.count - settled.stale;
    for (const LeasedRange& part : open_) {
        close(part);
        switch (asked.verdict) {
            case ZB_SETTLE_ACK:
                ack(part, count > 0);
                crash_loop_.on_end(false, part.lease.consumer, now);
                break;
            case ZB_SETTLE_REJECT:
                for (uint64_t i = 0; i < part.range.count; i++) {
                    begin_dying(part.range.first + i, part.lease.attempt, part.lease.key,
                                {asked.reason.data, asked.reason.size}, cookie);
                }
                crash_loop_.on_end(false, part.lease.consumer, now);
                break;
            case ZB_SETTLE_EXTEND:
                extend(part, asked.delay_ms, settled);
                break;
            case ZB_SETTLE_LOST:
                counters_.lost += part.range.count;
                lose_consumer(part.lease.consumer, now);
                // Another one may have more luck: at once, the first time.
                retry(part, part.lease.attempt == 1 ? 0 : -1, "its consumer went");
                break;
            case ZB_SETTLE_RELEASE:
                release(part);
                break;
            default:
                crash_loop_.on_end(false, part.lease.consumer, now);
                retry(part, asked.delay_ms, {asked.reason.data, asked.reason.size});
        }
    }
    if (again_.empty() && in_doubt_) end_doubt();
    if (cookie != 0 && asked.verdict != ZB_SETTLE_REJECT)
        world_.listener->on_settled_later(id_, cookie);
    if (has_gathered()) world_.listener->on_gathered(id_);
    tell_ready();
    return ZB_TAKEN;
}

void Group::lose_consumer(uint64_t consumer, Instant now) {
    const uint64_t times = crash_loop_.times();
    crash_loop_.on_end(true, consumer, now);
    if (crash_loop_.times() == times) return;
    world_.listener->on_trouble(
        "the group " + name_ + " is in a crash loop: more than half of its last " +
        std::to_string(CrashLoop::kDeliveries) +
        " deliveries took their consumer with them; one message each " +
        std::to_string(
            std::chrono::duration_cast<std::chrono::seconds>(CrashLoop::kProbeEvery).count()) +
        " s is tried");
}

// The deliveries that the token, and those behind it, name.
void Group::find_open(const zb_settlement& asked, uint32_t& stale) {
    open_.clear();
    stale = asked.count;
    const auto token = Token::from_c(asked.token);
    if (!token || token->group != id_ || token->epoch < oldest_epoch_ || token->epoch > epoch_)
        return;
    for (OffsetRange rest{token->offset, asked.count}; rest.count > 0;) {
        const auto part = token->epoch == epoch_ ? leases_.first_of(rest) : doubtful(*token, rest);
        if (!part) return;
        const Offset end = part->range.end();
        const bool is_old = token->epoch != epoch_;
        const bool is_open =
            is_old ? asked.verdict == ZB_SETTLE_ACK || keeps_order(*part)
                   : part->lease.attempt == token->attempt && part->lease.grant == token->grant;
        if (is_open) {
            open_.push_back(*part);
            stale -= static_cast<uint32_t>(part->range.count);
        }
        rest = {end, rest.end() - end};
    }
}

// The first of a range that a life before had given, with this attempt, and this one not yet.
std::optional<LeasedRange> Group::doubtful(const Token& token, OffsetRange range) const {
    Lease lease;
    lease.attempt = token.attempt;
    for (Offset at = range.first; at < range.end(); at = at + 1) {
        if (again_.has(at) && token.attempt == 1) {
            const auto known = again_keys_.find(at);
            if (known != again_keys_.end()) lease.key = known->second;
            return LeasedRange{{at, 1}, lease};
        }
        const Exception* its = exceptions_.find(at);
        if (its == nullptr || !its->waits() || its->attempts + 1U != token.attempt) continue;
        lease.key = its->key;
        lease.level = its->level;
        return LeasedRange{{at, 1}, lease};
    }
    return std::nullopt;
}

// What is in doubt may be a retry, or somebody's again, if none of its key stands before it. Where
// that is not known yet, it is given again in its turn.
bool Group::keeps_order(const LeasedRange& part) {
    const Offset offset = part.range.first;
    if (!options_.ordered || !again_.has(offset)) return true;
    if (in_doubt_ && offset >= learned_until_) return false;
    return part.lease.key == 0 || gate_.enter(part.lease.key, offset);
}

// With what they answer in one batch.
zb_taken Group::publish_replies(const zb_publication* replies, uint32_t count, bool acks,
                                zb_settled& settled) {
    zb_receipt receipt{};
    Acks record{id_, cursor_, {}};
    Companion with;
    std::string payload;
    if (acks) {
        for (const LeasedRange& part : open_)
            record.ranges.push_back(part.range);
        payload = write_acks(record);
        with.type = RecordType::kAcks;
        with.payload = payload;
    }
    const zb_taken taken = world_.topics->publish(replies, count, receipt, acks ? &with : nullptr);
    settled.reason = receipt.reason;
    return taken;
}

// It is open no longer.
void Group::close(const LeasedRange& part) {
    if (leases_.first_of(part.range))
        leases_.remove(part.range);
    else
        again_.remove(part.range), levels_.remove(part.range), again_keys_.erase(part.range.first);
}

void Group::ack(const LeasedRange& part, bool is_written) {
    counters_.acked += part.range.count;
    settle_range(part.range, is_written);
    if (part.lease.key != 0) leave_key(part.lease.key, part.range.first);
}

void Group::settle_range(OffsetRange range, bool is_written) {
    if (!is_written) acks_.add(range);
    while (const auto exception = exceptions_.first_of(range))
        drop_exception(*exception);
    mark_settled(range);
    raise_floor();
}

void Group::mark_settled(OffsetRange range) {
    if (range.first < floor_) {
        const uint64_t below = std::min(floor_ - range.first, range.count);
        range = {range.first + below, range.count - below};
    }
    settled_.set(range);
}

void Group::raise_floor() {
    const Offset floor = std::min(settled_.first_unset(floor_), cursor_);
    if (floor == floor_) return;
    floor_ = floor;
    settled_.forget_below(floor_);
}

void Group::drop_exception(Offset offset) {
    const uint32_t segment = exceptions_.remove(offset).segment;
    if (segment == 0) return;
    leave_segment(segment);
    if (releasing_.empty() || releasing_.back().segment != segment)
        releasing_.push_back({segment, 0});
    releasing_.back().times++;
    releasing_times_++;
}

void Group::leave_key(uint32_t key, Offset offset) {
    if (const auto next = gate_.leave(key, offset)) let_go(*next);
}

void Group::retry(const LeasedRange& part, int64_t delay_ms, std::string_view reason) {
    const Duration delay = delay_ms < 0 ? options_.delay_after(part.lease.attempt)
                                        : Duration(std::chrono::milliseconds(delay_ms));
    Exception exception;
    exception.why = static_cast<uint8_t>(Why::kRetry);
    exception.attempts = part.lease.attempt;
    exception.key = part.lease.key;
    exception.level = part.lease.level;
    exception.due_ms = due_in(delay);
    for (uint64_t i = 0; i < part.range.count; i++) {
        const Offset offset = part.range.first + i;
        if (part.lease.attempt > options_.retries) {
            begin_dying(offset, part.lease.attempt, part.lease.key, reason, 0);
            continue;
        }
        counters_.retried++;
        put_exception(RecordType::kRetry, offset, exception);
    }
    raise_floor();
}

// It was not seen by anybody.
void Group::release(const LeasedRange& part) {
    counters_.released += part.range.count;
    grant_++;
    if (!exceptions_.first_of(part.range)) return give_back(part.range, part.lease);
    for (uint64_t i = 0; i < part.range.count; i++) {
        const Offset offset = part.range.first + i;
        const Exception* its = exceptions_.find(offset);
        if (its == nullptr) {
            give_back({offset, 1}, part.lease);
            continue;
        }
        Exception back = *its;
        back.why = static_cast<uint8_t>(Why::kRetry);
        back.taken = 0;
        exceptions_.put(offset, back);
    }
}

void Group::give_back(OffsetRange range, const Lease& lease) {
    again_.add(range);
    if (lease.key != 0) again_keys_[range.first] = lease.key;
    if (options_.by_priority && lease.level > 0) levels_.add(range, lease.level - 1U);
}

void Group::extend(const LeasedRange& part, int64_t delay_ms, zb_settled& settled) {
    const Duration lease =
        delay_ms < 0 ? options_.lease : Duration(std::chrono::milliseconds(delay_ms));
    LeasedRange longer = part;
    longer.lease.grant = grant_;
    longer.lease.until = world_.clock->now() + lease;
    for (uint64_t i = 0; i < part.range.count; i++) {
        if (exceptions_.find(part.range.first + i) != nullptr)
            exceptions_.set_taken(part.range.first + i, true);
    }
    leases_.add(longer);
    if (settled.token.high == 0) settled.token = token_of(part.range.first, longer.lease).to_c();
}

// ---- dead letters ----

// Durable as a retry until the dead letters have it.
void Group::begin_dying(Offset offset, uint8_t attempts, uint32_t key, std::string_view reason,
                        uint64_t cookie) {
    Exception exception;
    exception.why = static_cast<uint8_t>(Why::kDying);
    exception.taken = 1;
    exception.attempts = attempts;
    exception.key = key;
    exception.due_ms = due_in(Duration(0));
    put_exception(RecordType::kRetry, offset, exception);
    raise_floor();
    dying_.push_back({offset, std::string(cut_at_character(reason, kReasonBytesMax)), cookie});
    bury_dying();
}

void Group::bury_dying() {
    while (!dying_.empty()) {
        if (!world_.topics->has_room()) return world_.listener->on_waits_for_room(id_);
        const Offset offset = dying_.front().offset;
        const Reader::Found found = behind_.find(offset);
        if (found == Reader::Found::kLater) return;
        Dying dying = std::move(dying_.front());
        dying_.pop_front();
        if (found == Reader::Found::kEnd) {
            lose(offset);
        } else if (!bury(dying, behind_.front())) {
            if (refused_.empty()) refused_until_ = world_.clock->now() + kDeadAgain;
            refused_.push_back(std::move(dying));
            continue;
        }
        tell_buried(dying.cookie);
    }
}

// Who has rejected several is told with the last one.
void Group::tell_buried(uint64_t cookie) {
    const auto found = rejects_.find(cookie);
    if (found == rejects_.end() || --found->second > 0) return;
    rejects_.erase(found);
    world_.listener->on_settled_later(id_, cookie);
}

// False: the dead letters do not take it now.
bool Group::bury(const Dying& dying, const zb_run& run) {
    Exception its = *exceptions_.find(dying.offset);
    const zb_run one = only_front(run);
    const Topic* topic = world_.topics->table().find(topic_);
    const std::string_view topic_name = topic != nullptr ? topic->name : std::string_view();
    DeadLetter letter(one, topic_name, title(), dying.reason, static_cast<uint32_t>(its.attempts),
                      wall_ms());
    const auto letters = world_.topics->topic(options_.dead_letter);
    if (letters) its = buried(its, *letters);
    const bool holds = its.reason() == Why::kHeld;
    const zb_publication publication{letters.value_or(TopicId()).number(),
                                     one.frames,
                                     {one.wire, one.bytes},
                                     &letter.attributes()};
    const std::string payload = exception_payload(dying.offset, its);
    Companion with{RecordType::kDead, payload, floor_effect(), true};
    if (holds) with.type = RecordType::kPark, with.effect = exception_effect(dying.offset);
    with.again = true;  // one that died, was published again, and dies again
    zb_receipt receipt{};
    if (!letters || world_.topics->publish(&publication, 1, receipt, &with) != ZB_TAKEN) {
        counters_.dead_refused++;
        return false;
    }
    counters_.dead++;
    if (holds) {
        exceptions_.put(dying.offset, its);
        return true;
    }
    drop_exception(dying.offset);
    release_written();
    if (its.key != 0) leave_key(its.key, dying.offset);
    return true;
}

// Its message is not there any more.
void Group::lose(Offset offset) {
    const Exception its = *exceptions_.find(offset);
    drop_exception(offset);
    skip({offset, 1});
    if (its.key != 0) leave_key(its.key, offset);
}

}  // namespace zbridge::durable
