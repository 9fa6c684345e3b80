// A group's life: the start, what is written of it, commands.
#include "plugins/durable/groups/group.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace zbridge::durable {

namespace {

// TenantEffect.what
enum : uint32_t {
    kFloorWritten = 1,      // offset: the floor
    kExceptionWritten = 2,  // offset: its own
    kReleased = 3,          // offset: how many of releasing_
    kEpochWritten = 4,      // offset: the epoch
};

RecordType record_type_of(const Exception& exception) {
    switch (exception.reason()) {
        case Why::kParked:
        case Why::kHeld:
            return RecordType::kPark;
        case Why::kLease:
            return RecordType::kLease;
        default:
            return RecordType::kRetry;
    }
}

}  // namespace

Group::Group(GroupId id, const World& world)
    : id_(id), world_(world), ahead_(*world.topics, TopicId()), behind_(*world.topics, TopicId()) {}

// ---- the start ----

void Group::replay(const GroupSnapshot& snapshot, const SettledBits& settled) {
    name_ = snapshot.name;
    origin = snapshot.origin;
    paused_ = snapshot.paused;
    keeps_marks = snapshot.marks;
    owner = snapshot.part;
    topic_ = snapshot.topic;
    epoch_ = std::max(epoch_, snapshot.epoch);
    oldest_epoch_ = std::max(oldest_epoch_, snapshot.oldest_epoch);
    floor_ = snapshot.floor;
    cursor_ = std::max(cursor_, snapshot.cursor);
    settled_.clear();
    settled.each_page([&](uint64_t page, std::string_view bytes) {
        ZB_CHECK(settled_.restore_page(page, bytes), page);
    });
    raise_floor();
}

void Group::replay(const Acks& acks) {
    cursor_ = std::max(cursor_, acks.cursor);
    for (const OffsetRange& range : acks.ranges) {
        while (const auto exception = exceptions_.first_of(range))
            lose_exception(*exception);
        mark_settled(range);
    }
    raise_floor();
}

void Group::replay(RecordType type, const ExceptionRecord& record, uint64_t segment) {
    if (exceptions_.find(record.offset) != nullptr) lose_exception(record.offset);
    mark_settled({record.offset, 1});
    if (type != RecordType::kDead) {
        Exception exception;
        exception.due_ms = record.due_ms & (Exception::kDueEnd - 1);
        exception.attempts = record.attempts;
        const bool holds = record.level == ExceptionRecord::kHeldLevel;
        const Why why = holds ? Why::kHeld : type == RecordType::kPark ? Why::kParked : Why::kRetry;
        exception.why = static_cast<uint8_t>(why);
        exception.key = record.key;
        exception.level = holds ? 0 : record.level;
        exception.segment = static_cast<uint32_t>(segment);
        exceptions_.put(record.offset, exception);
        use(exception.segment);
    }
    cursor_ = std::max(cursor_, record.offset + 1);
    raise_floor();
}

void Group::replay(const Reset& reset) {
    epoch_ = std::max(epoch_, reset.epoch);
    oldest_epoch_ = std::max(oldest_epoch_, reset.epoch);
    while (const auto lowest = exceptions_.lowest())
        lose_exception(*lowest);
    settled_.clear();
    floor_ = cursor_ = reset.offset;
}

// At the start: its record is superseded by one that is durable.
void Group::lose_exception(Offset offset) {
    const uint32_t segment = exceptions_.remove(offset).segment;
    if (segment != 0) release(segment);
}

void Group::configure(const GroupOptions& options, TopicId topic) {
    options_ = options;
    topic_ = topic;
    ahead_ = Reader(*world_.topics, topic);
    behind_ = Reader(*world_.topics, topic);
}

void Group::begin_at(Offset offset) {
    floor_ = cursor_ = written_cursor_ = durable_floor_ = offset;
}

template <class Visit>
void Group::each_unset(Offset from, Offset end, Visit visit) const {
    for (Offset at = settled_.first_unset(from); at < end;) {
        const OffsetRange range{at, settled_.unset_at({at, end - at})};
        visit(range);
        at = settled_.first_unset(range.end());
    }
}

void Group::take_over(bool was_clean) {
    epoch_++;
    epoch_is_durable_ = false;
    const zb_bounds bounds = world_.topics->bounds(topic_);
    const Offset lowest{bounds.floor}, head{bounds.head};
    cursor_ = std::min(cursor_, head);
    // Of messages that are lost: others will have their offsets.
    settled_.clear_from(head);
    while (const auto beyond = exceptions_.first_of({head, UINT64_MAX - head.number})) {
        counters_.missing++;
        lose_exception(*beyond);
    }
    RangeSet lost;  // to retention
    if (floor_ < lowest) {
        const Offset end = std::min(lowest, cursor_);
        each_unset(floor_, end, [&](OffsetRange range) { lost.add(range); });
        mark_settled({floor_, lowest - floor_});
        cursor_ = std::max(cursor_, lowest);
    }
    while (exceptions_.lowest() && *exceptions_.lowest() < lowest) {
        lost.add({*exceptions_.lowest(), 1});
        lose_exception(*exceptions_.lowest());
    }
    if (!lost.empty()) lose_to_retention({*lost.first(), lowest - *lost.first()}, lost.offsets());
    floor_ = std::min(floor_, cursor_);
    raise_floor();
    written_cursor_ = cursor_;
    durable_floor_ = looked_until_ = learned_until_ = floor_;
    if (keeps_marks) return;

    each_unset(floor_, cursor_, [&](OffsetRange range) { again_.add(range); });
    const std::vector<Offset> dead = take_over_exceptions();
    in_doubt_ = !again_.empty();
    // Of what waits for a retry nobody knows either whether somebody has it.
    if (!was_clean && (in_doubt_ || exceptions_.next_due()))
        grace_until_ = world_.clock->now() + options_.resume_grace;
    if (!in_doubt_) end_doubt();
    for (const Offset offset : dead) {
        const Exception its = *exceptions_.find(offset);
        if (its.waits())
            begin_dying(offset, static_cast<uint8_t>(its.attempts), its.key, "too many attempts",
                        0);
    }
}

// Of those with a key the first one of each holds it. Returns those that are to die.
std::vector<Offset> Group::take_over_exceptions() {
    std::vector<Offset> not_first, passing, dead;
    exceptions_.each([&](Offset offset, const Exception& exception) {
        // One that is not in the file has no options, nor does it give anything.
        if (!unconfigured && exception.reason() == Why::kRetry &&
            exception.attempts > options_.retries)
            dead.push_back(offset);
        if (exception.key == 0 || hands_over) return;
        if (exception.reason() == Why::kParked)
            gate_.park(exception.key, offset);
        else if (exception.reason() == Why::kHeld && !options_.dead_holds_key)
            passing.push_back(offset);
        else if (!gate_.enter(exception.key, offset) && exception.reason() != Why::kHeld)
            not_first.push_back(offset);
    });
    for (const Offset offset : not_first) {
        Exception its = *exceptions_.find(offset);
        its.why = static_cast<uint8_t>(Why::kParked);
        exceptions_.put(offset, its);
        gate_.park(its.key, offset);
    }
    // The file says `pass` by now.
    for (size_t i = 0; !unconfigured && i < passing.size(); i++)
        drop_held(passing[i]);
    return dead;
}

// ---- what is written ----

void Group::write_gathered() {
    if (!has_gathered()) return;
    Acks acks{id_, cursor_, {}};
    acks_.each([&](const OffsetRange& range) { acks.ranges.push_back(range); });
    world_.topics->write(acks.ranges.empty() ? RecordType::kCursor : RecordType::kAcks,
                         write_acks(acks), floor_effect());
    acks_.clear();
    written_cursor_ = cursor_;
    release_written();
}

TenantEffect Group::floor_effect() const {
    return {id_.number(), kFloorWritten, floor_};
}

// What has gone before the record that was just written is not needed once that is durable.
void Group::release_written() {
    const uint64_t fresh = releasing_times_ - releasing_written_;
    if (fresh == 0) return;
    releasing_written_ = releasing_times_;
    world_.topics->effect({id_.number(), kReleased, {fresh}});
}

void Group::write_snapshot() {
    GroupSnapshot snapshot{id_,           origin, paused_, topic_, epoch_,
                           oldest_epoch_, floor_, cursor_, name_,  {}};
    snapshot.marks = keeps_marks;
    snapshot.part = owner;
    if (attended > 0) snapshot.part.seen_ms = wall_ms();
    world_.topics->write(RecordType::kGroup, write_group(snapshot, settled_), floor_effect());
    world_.topics->effect({id_.number(), kEpochWritten, {epoch_}});
    written_cursor_ = cursor_;
}

void Group::on_written(const TenantEffect& effect, uint64_t segment) {
    if (effect.what == kFloorWritten) {
        durable_floor_ = effect.offset;
    } else if (effect.what == kExceptionWritten) {
        const Exception* its = exceptions_.find(effect.offset);
        if (its == nullptr) return;
        if (its->segment != 0) release(its->segment);
        use(static_cast<uint32_t>(segment));
        exceptions_.set_segment(effect.offset, static_cast<uint32_t>(segment));
    } else if (effect.what == kEpochWritten) {
        epoch_is_durable_ = effect.offset.number == epoch_;
        learn_keys();
        if (epoch_is_durable_) tell_ready();
    } else {
        for (uint64_t i = 0; i < effect.offset.number; i++) {
            world_.topics->release_segment(releasing_.front().segment);
            if (--releasing_.front().times == 0) releasing_.pop_front();
            releasing_times_--;
            releasing_written_--;
        }
    }
}

void Group::put_exception(RecordType type, Offset offset, Exception exception) {
    if (const Exception* before = exceptions_.find(offset))
        exception.segment = before->segment;  // needed until the new one is durable
    else
        mark_settled({offset, 1});
    exceptions_.put(offset, exception);
    write_exception_record(type, offset, exception);
}

void Group::write_exception_record(RecordType type, Offset offset, const Exception& exception) {
    world_.topics->write(type, exception_payload(offset, exception), exception_effect(offset));
}

TenantEffect Group::exception_effect(Offset offset) const {
    return {id_.number(), kExceptionWritten, offset};
}

std::string Group::exception_payload(Offset offset, const Exception& exception) const {
    const bool holds = exception.reason() == Why::kHeld;
    return write_exception(
        {id_, offset, exception.due_ms, exception.key, static_cast<uint8_t>(exception.attempts),
         holds ? ExceptionRecord::kHeldLevel : static_cast<uint8_t>(exception.level)});
}

std::vector<NewRecord> Group::write_again(uint64_t segment, size_t max) {
    std::vector<NewRecord> records;
    moving_from_ = static_cast<uint32_t>(segment);
    exceptions_.each([&](Offset offset, const Exception& exception) {
        if (exception.segment != moving_from_ || records.size() == max) return;
        moving_.push_back(offset);
        records.push_back(
            {record_type_of(exception), kPayloadVersion, exception_payload(offset, exception)});
    });
    return records;
}

void Group::on_written_again(uint64_t segment) {
    for (const Offset offset : std::exchange(moving_, {})) {
        const Exception* its = exceptions_.find(offset);
        // Settled meanwhile, or retried: that is written behind it.
        if (its == nullptr || its->segment != moving_from_) continue;
        release(its->segment);
        use(static_cast<uint32_t>(segment));
        exceptions_.set_segment(offset, static_cast<uint32_t>(segment));
    }
}

void Group::use(uint32_t segment) {
    in_segments_[segment]++;
    world_.topics->use_segment(segment);
}

void Group::release(uint32_t segment) {
    leave_segment(segment);
    world_.topics->release_segment(segment);
}

// No exception that is still there has its record in it.
void Group::leave_segment(uint32_t segment) {
    const auto found = in_segments_.find(segment);
    ZB_CHECK(found != in_segments_.end(), segment);
    if (--found->second == 0) in_segments_.erase(found);
}

// ---- commands ----

void Group::pause(bool paused) {
    paused_ = paused;
    write_snapshot();
    tell_ready();
}

void Group::reset(Offset offset) {
    forget("the group was reset before the dead letter was there");
    epoch_++;
    epoch_is_durable_ = false;
    oldest_epoch_ = epoch_;
    floor_ = cursor_ = written_cursor_ = looked_until_ = offset;
    world_.topics->write(RecordType::kReset, write_reset({id_, epoch_, offset}), floor_effect());
    world_.topics->effect({id_.number(), kEpochWritten, {epoch_}});
    release_written();
    tell_ready();
}

void Group::forget(const std::string& why) {
    refused_.clear();
    dying_.clear();
    fail(why);
    while (const auto lowest = exceptions_.lowest())
        (void)drop_exception(*lowest);
    settled_.clear();
    leases_.clear();
    again_.clear();
    levels_.clear();
    acks_.clear();
    again_keys_.clear();
    gate_.clear();
    in_doubt_ = false;
    grace_until_.reset();
    ahead_.drop();
    behind_.drop();
    soon_.clear();
}

void Group::fail(const std::string& why) {
    for (const auto& [cookie, messages] : std::exchange(rejects_, {}))
        world_.listener->on_not_settled(cookie, why);
}

void Group::release_all() {
    while (const auto lowest = exceptions_.lowest())
        lose_exception(*lowest);
    for (const Releasing& each : std::exchange(releasing_, {})) {
        for (uint64_t i = 0; i < each.times; i++)
            world_.topics->release_segment(each.segment);
    }
    releasing_times_ = releasing_written_ = 0;
}

// ---- what it is like ----

Offset Group::unread() const {
    const auto lowest = exceptions_.lowest();
    return lowest ? std::min(*lowest, durable_floor_) : durable_floor_;
}

uint64_t Group::lag() const {
    const auto bounds = world_.topics->bounds(topic_);
    const uint64_t next = std::max(cursor_.number, bounds.floor);  // what is below is gone
    const uint64_t head = topic_head().number;
    return head - std::min(head, next) + again_.offsets() + exceptions_.size() -
           exceptions_.held() + leases_.messages() - leased_exceptions();
}

// Of the exceptions that are taken, those that are not dying.
uint64_t Group::leased_exceptions() const {
    return exceptions_.taken() - dying_.size() - refused_.size();
}

std::string_view Group::held() const {
    if (unconfigured) return "unconfigured";
    if (paused_) return "paused";
    if (crash_loop_.broken()) return "crash loop";
    if (exceptions_.parked() >= options_.parked_max) return "too many wait for their key";
    if (exceptions_.size() >= options_.exceptions_max) return "too many wait for a retry";
    if (leases_.messages() >= options_.in_flight_max) return "as many in flight as may be";
    if (is_full()) return "as many bytes in flight as may be";
    return {};
}

// Of those that hand over nobody waits: they are asked when something is due.
void Group::tell_ready() {
    if (!hands_over && std::exchange(starving_, false)) world_.listener->on_group_ready(id_);
}

void Group::on_loaded() {
    waits_ = false;
    learn_keys();
    bury_dying();
    tell_ready();
}

void Group::run_due() {
    const Instant now = world_.clock->now();
    while (const auto ended = leases_.due(now)) {
        leases_.remove(ended->range);
        counters_.expired += ended->range.count;
        retry(*ended, 0, "its lease ended");
    }
    if (!refused_.empty() && refused_until_ <= now) {
        std::move(refused_.begin(), refused_.end(), std::back_inserter(dying_));
        refused_.clear();
        bury_dying();
    }
    more_ = false;
    tell_ready();
}

std::optional<Duration> Group::next_due() const {
    const Instant now = world_.clock->now();
    std::optional<Duration> next;
    const auto consider = [&](Duration in) {
        in = std::max(in, Duration(0));
        if (!next || in < *next) next = in;
    };
    if (const auto due = leases_.next_due()) consider(*due - now);
    if (!refused_.empty()) consider(refused_until_ - now);
    if (!starving_) return next;
    if (more_) consider(Duration(0));
    const bool held_back = waits_ || is_in_grace() || is_full();
    if (const auto due = held_back ? std::nullopt : exceptions_.next_due())
        consider(std::chrono::milliseconds(static_cast<int64_t>(due->first) - wall_ms()));
    if (grace_until_) consider(*grace_until_ - now);
    // One that is due waits for a message.
    const auto probe = crash_loop_.next_probe();
    if (probe && *probe > now) consider(*probe - now);
    return next;
}

}  // namespace zbridge::durable
