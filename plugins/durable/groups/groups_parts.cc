// Groups that belong to another one: named consumers of `mode: broadcast`, ranges that are given
// again.
#include <algorithm>

#include "plugins/durable/groups/groups.h"

namespace zbridge::durable {

namespace {

using Kind = GroupPart::Kind;

}  // namespace

GroupCounters& GroupCounters::operator+=(const GroupCounters& other) {
    constexpr uint64_t GroupCounters::*kAll[] = {&GroupCounters::given,
                                                 &GroupCounters::acked,
                                                 &GroupCounters::retried,
                                                 &GroupCounters::expired,
                                                 &GroupCounters::lost,
                                                 &GroupCounters::released,
                                                 &GroupCounters::filtered,
                                                 &GroupCounters::dead,
                                                 &GroupCounters::dead_refused,
                                                 &GroupCounters::stale,
                                                 &GroupCounters::lost_to_retention,
                                                 &GroupCounters::missing};
    for (const auto counter : kAll)
        this->*counter += other.*counter;
    return *this;
}

// Those of a group that is there no longer go. The others are as their group is.
void Groups::begin_parts() {
    for (size_t i = 0; i < groups_.size(); i++) {
        Group* part = groups_[i].get();
        if (part == nullptr || part->owner.kind == Kind::kNone) continue;
        const Group* of = find(part->owner.of);
        if (of == nullptr) {
            remove(part->id());
            continue;
        }
        if (part->owner.kind == Kind::kRange)
            ranges_[of->id()] = part->id();
        else
            named_[of->id()].insert(part->id());
        configure_part(*part, *of);
    }
    forget_from_ = clock_.now() + kForgetGrace;
}

void Groups::configure_part(Group& part, const Group& of) {
    GroupOptions options = of.options();
    const bool is_consumer = part.owner.kind == Kind::kConsumer;
    part.unconfigured = of.unconfigured || (is_consumer && !options.broadcast);
    options.broadcast = false;
    part.configure(options, of.topic());
}

Group* Groups::make_part(const Group& of, const GroupPart& its, std::string name, Offset begin) {
    if (!has_room() || groups_.size() >= kPartIdMax) return nullptr;
    Group* made = make(GroupId(static_cast<uint32_t>(groups_.size())));
    made->origin = Origin::kImplicit;
    made->owner = its;
    made->name(std::move(name));
    names_.emplace(made->name(), made->id());
    configure_part(*made, of);
    made->begin_at(begin);
    put_in_topic(*made);
    moved_.insert(made->topic());
    return made;
}

// ---- consumers ----

Group* Groups::join(Group& of, std::string_view consumer, std::string& why) {
    if (!of.options().broadcast) {
        why = "the group " + of.name() + " is shared";
        return nullptr;
    }
    if (!GroupPart::is_consumer_name(consumer)) {
        why =
            "a routing id of 1 to 63 of A-Z, a-z, 0-9, _, . and - names a consumer of the group " +
            of.name() + ", which is `mode: broadcast`";
        return nullptr;
    }
    std::string name = GroupPart::name_of(of.name(), consumer);
    std::set<GroupId>& known = named_[of.id()];
    if (Group* found = find(name)) {
        if (found->owner.kind == Kind::kConsumer && found->owner.of == of.id()) return found;
        why = "a group is named " + name;
        return nullptr;
    }
    if (known.size() >= of.options().consumers_max) {
        why = "the group " + of.name() + " knows " + std::to_string(known.size()) +
              " consumers, as many as max_consumers says";
        return nullptr;
    }
    Group* made =
        make_part(of, {.kind = Kind::kConsumer, .of = of.id(), .seen_ms = clock_.wall_us() / 1000},
                  std::move(name), start_of(of.options(), of.topic()));
    if (made == nullptr) {
        why = "there are too many groups";
        return nullptr;
    }
    known.insert(made->id());
    made->pause(of.paused());
    return made;
}

void Groups::attend(GroupId id, bool present) {
    Group* consumer = find(id);
    if (consumer == nullptr) return;
    if (present) {
        consumer->attended++;
        return;
    }
    consumer->attended--;
    consumer->owner.seen_ms = clock_.wall_us() / 1000;
    consumer->write_snapshot();
}

void Groups::tick() {
    for (const auto& group : groups_) {
        if (group) let_done_go(*group, false);
    }
    if (clock_.now() < forget_from_) return;
    const int64_t now_ms = clock_.wall_us() / 1000;
    std::vector<GroupId> gone;
    for (const auto& [of, consumers] : named_) {
        const auto forget =
            std::chrono::ceil<std::chrono::milliseconds>(find(of)->options().forget);
        for (const GroupId id : consumers) {
            const Group& its = *find(id);
            const bool stays = its.attended > 0 || its.unconfigured;
            if (!stays && now_ms - its.owner.seen_ms >= forget.count()) gone.push_back(id);
        }
    }
    for (const GroupId id : gone) {
        listener_.warn("the consumer " + find(id)->name() +
                       " was not here for as long as `forget` says: its place is given up");
        remove(id);
    }
}

const std::set<GroupId>& Groups::consumers_of(GroupId group) const {
    static const std::set<GroupId> none;
    const auto found = named_.find(group);
    return found == named_.end() ? none : found->second;
}

// ---- ranges ----

bool Groups::give_again(GroupId id, Offset from, Offset until) {
    drop_range(id);
    Group& of = *find(id);
    Group* made = make_part(of, {.kind = Kind::kRange, .of = id, .until = until},
                            of.name() + std::string(GroupPart::kRangeMark), from);
    if (made == nullptr) return false;
    ranges_[id] = made->id();
    made->pause(of.paused());
    ready_.insert(id);
    return true;
}

Group* Groups::range_of(GroupId id) const {
    const auto found = ranges_.find(id);
    return found == ranges_.end() ? nullptr : find(found->second);
}

void Groups::drop_range(GroupId id) {
    if (const Group* range = range_of(id)) remove(range->id());
}

// The group itself goes on when all of its range is settled.
void Groups::end_range(GroupId id) {
    const Group* range = range_of(id);
    if (range == nullptr || !range->is_done()) return;
    remove(range->id());
    touched_.insert(id);
    ready_.insert(id);
}

// ---- both ----

std::vector<GroupId> Groups::parts_of(GroupId id) const {
    std::vector<GroupId> parts(consumers_of(id).begin(), consumers_of(id).end());
    if (const Group* range = range_of(id)) parts.push_back(range->id());
    return parts;
}

// It is removed.
void Groups::forget_part(const Group& part) {
    if (part.owner.kind == Kind::kRange) ranges_.erase(part.owner.of);
    const auto known = named_.find(part.owner.of);
    if (part.owner.kind == Kind::kConsumer && known != named_.end()) known->second.erase(part.id());
}

// Who is told of it.
GroupId Groups::asked_as(GroupId id) const {
    const Group* group = find(id);
    return group != nullptr && group->owner.kind == Kind::kRange ? group->owner.of : id;
}

// Which group's delivery this is a token of.
GroupId Groups::settled_as(GroupId id, zb_token token) const {
    const auto read = Token::from_c(token);
    const Group* range = range_of(id);
    return read && range != nullptr && read->group == range->id() ? range->id() : id;
}

}  // namespace zbridge::durable
