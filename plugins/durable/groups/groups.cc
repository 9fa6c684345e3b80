#include "plugins/durable/groups/groups.h"

#include <algorithm>
#include <utility>

namespace zbridge::durable {

namespace {

Status impossible(const std::string& what) {
    return {Code::kInvalid, what};
}

}  // namespace

Groups::Groups(GroupsOptions options, Topics& topics, const Clock& clock, GroupsListener& listener)
    : options_(std::move(options)), topics_(topics), clock_(clock), listener_(listener) {}

// ---- the start ----

Status Groups::replay(const Record& record, uint64_t segment) {
    switch (record.type) {
        case RecordType::kGroup: {
            const auto snapshot = read_group(record.payload);
            SettledBits settled;
            if (!snapshot || !read_pages(snapshot->pages, settled))
                return impossible("a group that cannot be");
            Group* group = at_replay(snapshot->id);
            if (group == nullptr) return impossible("a group's number that was never given");
            if (snapshot->origin == Origin::kRemoved) {
                group->release_all();
                groups_[snapshot->id.number()].reset();
            } else {
                group->replay(*snapshot, settled);
            }
            return {};
        }
        case RecordType::kAcks:
        case RecordType::kCursor: {
            const auto acks = read_acks(record.payload);
            Group* group = acks ? at_replay(acks->group) : nullptr;
            if (group == nullptr) return impossible("settlements that cannot be");
            group->replay(*acks);
            return {};
        }
        case RecordType::kReset: {
            const auto reset = read_reset(record.payload);
            Group* group = reset ? at_replay(reset->group) : nullptr;
            if (group == nullptr) return impossible("a reset that cannot be");
            group->replay(*reset);
            return {};
        }
        default: {
            const auto exception = read_exception(record.payload);
            Group* group = exception ? at_replay(exception->group) : nullptr;
            const bool holds = exception && exception->level == ExceptionRecord::kHeldLevel;
            if (group == nullptr || (holds && record.type != RecordType::kPark))
                return impossible("a retry that cannot be");
            group->replay(record.type, *exception, segment);
            return {};
        }
    }
}

// Null: no such number is given.
Group* Groups::at_replay(GroupId id) {
    if (id.number() > kIdMax) return nullptr;
    Group* found = find(id);
    return found != nullptr ? found : make(id);
}

Group* Groups::make(GroupId id) {
    if (id.number() >= groups_.size()) groups_.resize(id.number() + 1);
    groups_[id.number()] = std::make_unique<Group>(id, Group::World{&topics_, &clock_, this});
    return groups_[id.number()].get();
}

Status Groups::begin(bool was_clean) {
    for (const auto& group : groups_) {
        if (!group) continue;
        if (group->keeps_marks) {
            marks_.emplace(group->topic(), group->id());
            continue;
        }
        if (group->name().empty()) {
            group->name("unnamed-" + std::to_string(group->id().number()));
            listener_.warn("the journal does not tell the name of a group any more, it is " +
                           group->name() + " now");
        }
        names_.emplace(group->name(), group->id());
    }
    std::set<std::string_view> in_file;
    for (const DeclaredGroup& each : options_.groups) {
        in_file.insert(each.name);
        if (Status status = begin(each); !status.ok()) return status;
    }
    for (const auto& [topic, id] : std::map(marks_)) {
        if (topics_.table().find(topic) == nullptr)
            remove_marks(topic);
        else
            find(id)->take_over(was_clean);
    }
    for (const auto& group : groups_) {
        if (!group || group->keeps_marks || group->owner.kind != GroupPart::Kind::kNone) continue;
        const bool own = group->origin == Origin::kImplicit;
        group->hands_over = own;
        if (!in_file.contains(group->name()))
            group->configure(own ? own_options() : GroupOptions(), group->topic());
        group->unconfigured =
            group->origin == Origin::kDeclared && !in_file.contains(group->name());
    }
    begin_parts();
    for (const auto& group : groups_) {
        if (!group || group->keeps_marks) continue;
        group->take_over(was_clean);
        let_done_go(*group, true);
        put_in_topic(*group);
        touched_.insert(group->id());
        moved_.insert(group->topic());
    }
    on_batch();
    if (find(Delays::kName) != nullptr) {
        if (Status status = make_delays(); !status.ok()) return status;
    }
    return find(Transactions::kName) != nullptr ? make_transactions() : Status();
}

Status Groups::begin(const DeclaredGroup& declared) {
    const auto topic = topics_.topic(declared.topic);
    if (!topic) {
        return {Code::kInvalid,
                "the group " + declared.name + ": there is no topic " + declared.topic};
    }
    Group* group = find(declared.name);
    if (group != nullptr && group->owner.kind != GroupPart::Kind::kNone) {
        return {Code::kInvalid,
                "the group " + declared.name + ": a consumer of another group has this name"};
    }
    if (group != nullptr && group->topic() != *topic) {
        return {Code::kInvalid, "the group " + declared.name + " is of another topic than " +
                                    declared.topic + ": remove it first (zbridge group rm)"};
    }
    const bool is_new = group == nullptr;
    if (is_new) {
        if (!has_room()) return {Code::kInvalid, "there are too many groups"};
        group = make(GroupId(static_cast<uint32_t>(groups_.size())));
        group->name(declared.name);
        names_.emplace(declared.name, group->id());
    }
    group->origin = Origin::kDeclared;
    group->configure(declared.options, *topic);
    if (is_new) group->begin_at(start_of(declared.options, *topic));
    return {};
}

Offset Groups::start_of(const GroupOptions& options, TopicId topic) const {
    return topics_.position(topic, options.start, options.start_value);
}

void Groups::put_in_topic(Group& group) {
    of_topic_[group.topic()].push_back(group.id());
}

// ---- records ----

void Groups::write_snapshot() {
    // The highest number that was given, of a group that is not there any more: none is given twice.
    if (!groups_.empty() && !groups_.back()) {
        const GroupId last(static_cast<uint32_t>(groups_.size() - 1));
        GroupSnapshot gone;
        gone.id = last;
        gone.origin = Origin::kRemoved;
        topics_.write(RecordType::kGroup, write_group(gone, SettledBits()));
    }
    for (const auto& group : groups_) {
        if (group) group->write_snapshot();
    }
}

void Groups::on_written(const TenantEffect& effect, uint64_t segment) {
    Group* group = find(GroupId(effect.who));
    if (group == nullptr) return;  // it was removed since
    group->on_written(effect, segment);
    moved_.insert(group->topic());
}

void Groups::on_batch() {
    for (const TopicId topic : std::exchange(moved_, {}))
        hold_unread(topic);
}

void Groups::hold_unread(TopicId topic) {
    if (topics_.table().find(topic) == nullptr) return;
    std::optional<Offset> unread;
    for (const GroupId id : of(topic)) {
        if (find(id)->options().broadcast) continue;  // its consumers have cursors of their own
        const Offset its = find(id)->unread();
        unread = unread ? std::min(*unread, its) : its;
    }
    topics_.hold_unread(topic, unread);
}

// The key: the segment, and the group's number.
std::optional<Needed> Groups::needed_in(uint64_t segment) const {
    for (const auto& group : groups_) {
        if (group && group->needs_segment(segment))
            return Needed{segment << 16 | group->id().number(), {}};
    }
    return std::nullopt;
}

std::vector<NewRecord> Groups::write_again(uint64_t key, const std::vector<Record>&) {
    return of_key(key & kIdMax)->write_again(key >> 16, kWriteAgainMax);
}

void Groups::on_written_again(uint64_t key, const std::vector<RecordPlace>& records) {
    // Null: it was removed since.
    if (Group* group = of_key(key & kIdMax)) group->on_written_again(records.front().batch.segment);
}

void Groups::on_gathered(GroupId group) {
    gathered_.insert(group);
    if (!gathered_since_) gathered_since_ = clock_.now();
}

void Groups::on_settled_later(GroupId group, uint64_t cookie) {
    on_gathered(group);
    cookies_.push_back(cookie);
}

void Groups::write_gathered() {
    for (const GroupId id : std::exchange(gathered_, {})) {
        if (Group* group = find(id)) group->write_gathered();
    }
    gathered_since_.reset();
    for (const uint64_t cookie : std::exchange(cookies_, {}))
        topics_.answer_when_durable({cookie, {}, Answer::To::kSettler});
}

// ---- deliveries ----

Group* Groups::find(std::string_view name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? nullptr : find(found->second);
}

const std::vector<GroupId>& Groups::of(TopicId topic) const {
    static const std::vector<GroupId> none;
    const auto found = of_topic_.find(topic);
    return found == of_topic_.end() ? none : found->second;
}

uint32_t Groups::receive(GroupId id, const zb_receive& wanted, zb_delivery* deliveries,
                         uint32_t deliveries_max) {
    end_range(id);
    Group* group = find(id);
    if (Group* range = range_of(id)) group = range;
    touched_.insert(group != nullptr ? group->id() : id);
    return group == nullptr ? 0 : group->receive(wanted, deliveries, deliveries_max);
}

zb_taken Groups::settle(GroupId id, const zb_settlement& settlement, const zb_publication* replies,
                        uint32_t count, zb_settled& settled) {
    Group* group = find(settled_as(id, settlement.token));
    settled = {};
    settled.stale = settlement.count;
    if (group == nullptr) return ZB_STALE;
    if (!topics_.failure().empty()) {
        settled.reason = {topics_.failure().data(), topics_.failure().size()};
        return ZB_STORE_FAILED;
    }
    touched_.insert(group->id());
    const zb_taken taken = group->settle(settlement, replies, count, settled);
    end_range(id);
    return taken;
}

void Groups::remove(GroupId id) {
    for (const GroupId part : parts_of(id))
        remove(part);
    Group* group = find(id);
    forget_part(*group);
    named_.erase(id);
    group->origin = Origin::kRemoved;
    group->forget("the group was removed before the dead letter was there");
    group->write_snapshot();
    std::vector<GroupId>& of_its = of_topic_[group->topic()];
    of_its.erase(std::remove(of_its.begin(), of_its.end(), id), of_its.end());
    moved_.insert(group->topic());
    names_.erase(group->name());
    group->release_all();
    groups_[id.number()].reset();
}

void Groups::reset(GroupId id, Offset offset) {
    for (const GroupId consumer : consumers_of(id))
        reset(consumer, offset);
    drop_range(id);
    touched_.insert(id);
    find(id)->reset(offset);
}

void Groups::pause(GroupId id, bool paused) {
    for (const GroupId part : parts_of(id))
        pause(part, paused);
    touched_.insert(id);
    find(id)->pause(paused);
}

Group* Groups::marks_of(TopicId topic) const {
    const auto found = marks_.find(topic);
    return found == marks_.end() ? nullptr : find(found->second);
}

Group* Groups::make_marks(TopicId topic) {
    if (Group* found = marks_of(topic)) return found;
    if (!has_room()) return nullptr;
    Group* made = make(GroupId(static_cast<uint32_t>(groups_.size())));
    made->origin = Origin::kImplicit;
    made->keeps_marks = true;
    made->configure({}, topic);
    made->begin_at({topics_.bounds(topic).floor});
    made->write_snapshot();
    marks_.emplace(topic, made->id());
    return made;
}

void Groups::remove_marks(TopicId topic) {
    Group* marks = marks_of(topic);
    if (marks == nullptr) return;
    const GroupId id = marks->id();
    marks->origin = Origin::kRemoved;
    marks->write_snapshot();
    marks_.erase(topic);
    groups_[id.number()].reset();
}

void Groups::on_room() {
    pump_delays();
    pump_transactions();
    for (const GroupId id : std::exchange(want_room_, {})) {
        touched_.insert(id);
        if (Group* group = find(id)) group->bury_dying();
    }
}

void Groups::on_visible(TopicId topic) {
    if (pump_own(topic)) return;
    for (const GroupId id : of(topic))
        find(id)->on_visible();
}

void Groups::on_loaded(TopicId topic) {
    if (pump_own(topic)) return;
    for (const GroupId id : of(topic)) {
        touched_.insert(id);
        find(id)->on_loaded();
    }
}

void Groups::tell_ready() {
    for (const GroupId id : std::exchange(ready_, {})) {
        if (find(id) != nullptr) listener_.on_ready(asked_as(id));
    }
}

void Groups::turn_end() {
    if (std::exchange(delays_again_, false)) pump_delays();
    if (std::exchange(transactions_again_, false)) pump_transactions();
    tell_ready();
    if (gathered_.empty() && cookies_.empty()) return;
    if (ending_ || !cookies_.empty() || topics_.has_unwritten() ||
        (gathered_since_ && clock_.now() - *gathered_since_ >= kAckLinger))
        write_gathered();
}

void Groups::run_due() {
    std::vector<GroupId> due;
    for (auto at = dues_.begin(); at != dues_.end() && at->first <= clock_.now(); ++at)
        due.push_back(at->second);
    for (const GroupId id : due) {
        touched_.insert(id);
        Group* group = find(id);
        if (group == nullptr) continue;
        if (!pump_own(group->topic())) group->run_due();
        end_range(asked_as(id));
    }
    if (transactions_ && transactions_->begins_in() == Duration(0)) pump_transactions();
}

std::optional<Duration> Groups::next_due() {
    for (const GroupId id : std::exchange(touched_, {})) {
        const auto known = due_of_.find(id);
        if (known != due_of_.end()) {
            dues_.erase({known->second, id});
            due_of_.erase(known);
        }
        const Group* group = find(id);
        const auto due = group == nullptr ? std::nullopt : group->next_due();
        if (!due) continue;
        // One moment for both: by it the other one is found again.
        const Instant at = clock_.now() + *due;
        due_of_.emplace(id, at);
        dues_.emplace(at, id);
    }
    std::optional<Duration> next;
    if (delays_again_ || transactions_again_) return Duration(0);
    const auto consider = [&](Duration in) { next = next ? std::min(*next, in) : in; };
    if (!dues_.empty()) consider(dues_.begin()->first - clock_.now());
    if (gathered_since_) consider(*gathered_since_ + kAckLinger - clock_.now());
    const auto begins = transactions_ ? transactions_->begins_in() : std::nullopt;
    if (begins) consider(*begins);
    return next;
}

}  // namespace zbridge::durable
