// What a group with `order: priority` gives: of all that it has looked at the highest first, of one
// priority what was first published. It looks at the first look_ahead messages that wait, before it
// gives any.
#include <algorithm>

#include "plugins/durable/groups/group.h"
#include "plugins/durable/topics/attributes.h"

namespace zbridge::durable {

namespace {

Level level_of(const zb_run& run) {
    const uint8_t priority = priority_in({run.attributes.data, run.attributes.size});
    return std::min<Level>(priority, kLevels - 1);
}

// Of a retry that may be given: its due time says its level, so that the highest comes first.
uint64_t ripe_ms(Level level) {
    return kLevels - 1U - level;
}

// Behind all that are ripe.
constexpr Exceptions::Due kRipeEnd{kLevels - 1, {UINT64_MAX}};

}  // namespace

void Group::give_by_priority(Wanted& wanted) {
    // What is in doubt may be of a higher one.
    if (is_in_grace()) return;
    grace_until_.reset();
    if (in_doubt_) end_doubt();
    if (!ripen()) return;
    uint64_t looked = 0;
    while (!is_full(wanted)) {
        if (!look_ahead(looked)) return;
        auto due = exceptions_.next_due();
        if (due && due->first > kRipeEnd.first) due.reset();
        const auto waiting = may_give_new() ? levels_.highest() : std::nullopt;
        if (!due && !waiting) return;
        const bool retries = due && (!waiting || due->first <= ripe_ms(*waiting));
        if (!(retries ? give_ripe(wanted, due->second) : give_waiting(wanted, *waiting))) return;
    }
}

// Retries that are due are told apart by their levels. False: not all of them yet.
bool Group::ripen() {
    const auto now_ms = static_cast<uint64_t>(wall_ms());
    for (size_t count = 0; count < kRipenMax; count++) {
        const auto due = exceptions_.next_due(kRipeEnd);
        if (!due || due->first > now_ms) return true;
        const Offset offset = due->second;
        Exception its = *exceptions_.find(offset);
        if (its.level == 0) {
            const Reader::Found found = behind_.find(offset);
            if (found == Reader::Found::kLater) {
                waits_ = true;
                return false;
            }
            if (found == Reader::Found::kEnd) {
                lose(offset);
                continue;
            }
            its.level = level_of(behind_.front()) + 1U;
        }
        its.due_ms = ripe_ms(static_cast<Level>(its.level - 1));
        exceptions_.put(offset, its);
    }
    more_ = true;
    return false;
}

// False: it has not looked at as many as it should yet.
bool Group::look_ahead(uint64_t& looked) {
    looked_until_ = std::max(looked_until_, floor_);
    while (levels_.offsets() < options_.look_ahead && may_give_new()) {
        if (looked >= kLookMax) {
            more_ = true;
            return false;
        }
        const OffsetRange next = next_to_look_at();
        if (next.count == 0) return true;
        const Reader::Found found = look_for(next.first);
        if (found == Reader::Found::kLater) {
            waits_ = true;
            return false;
        }
        const bool is_new = next.first == cursor_;
        const Offset here = found == Reader::Found::kEnd
                                ? std::max(topic_head(), next.first)
                                : std::min(Offset{ahead_.front().first_offset}, owner.until);
        const Offset end = is_new ? here : std::min(here, next.end());
        if (end > next.first) {
            pass({next.first, end - next.first}, is_new);
            skip({next.first, end - next.first},
                 found == Reader::Found::kHere ? ahead_.front().replaced : 0);
            continue;
        }
        if (found == Reader::Found::kEnd) return true;
        const zb_run& run = ahead_.front();
        looked += look_at(run, {next.first, std::min<uint64_t>(next.count, run.count)}, is_new);
    }
    return true;
}

// In doubt since the start; else from the cursor on, as far as the span has room. None: there is no
// room, what stands at the floor is given first.
OffsetRange Group::next_to_look_at() {
    if (looked_until_ < cursor_) {
        const auto doubted = again_.at_or_after(looked_until_);
        if (doubted) return *doubted;
    }
    cursor_ = settled_.first_unset(cursor_);
    looked_until_ = cursor_;
    while (cursor_ - floor_ >= kSpanMax && leases_.first_of({floor_, 1}))
        move_out_leased();
    const uint64_t room = kSpanMax - std::min(kSpanMax, cursor_ - floor_);
    return {cursor_, std::min(room, std::max(owner.until, cursor_) - cursor_)};
}

// They are not to be looked at again.
void Group::pass(OffsetRange range, bool is_new) {
    looked_until_ = range.end();
    if (is_new)
        cursor_ = range.end();
    else
        again_.remove(range);
}

// Returns how many.
uint64_t Group::look_at(const zb_run& run, OffsetRange range, bool is_new) {
    if (is_new) {
        range.count = settled_.unset_at(range);
        if (!is_for_it(run)) {
            pass(range, true);
            pass_by(range);
            return range.count;
        }
    }
    range.count = std::min(range.count, options_.look_ahead - levels_.offsets());
    looked_until_ = range.end();
    if (is_new) {
        cursor_ = range.end();
        again_.add(range);
    }
    levels_.add(range, level_of(run));
    return range.count;
}

// False: it is read from the disk first.
bool Group::give_ripe(Wanted& wanted, Offset offset) {
    const Exception its = *exceptions_.find(offset);
    if (its.attempts > options_.retries) {
        begin_dying(offset, static_cast<uint8_t>(its.attempts), its.key, "too many attempts", 0);
        return true;
    }
    const Reader::Found found = behind_.find(offset);
    if (found == Reader::Found::kLater) {
        waits_ = true;
        return false;
    }
    if (found == Reader::Found::kEnd) {
        lose(offset);
        return true;
    }
    exceptions_.set_taken(offset, true);
    const auto attempt = static_cast<uint8_t>(its.attempts + 1);
    give(wanted, behind_.front(), 1,
         {.attempt = attempt, .key = its.key, .level = static_cast<uint8_t>(its.level)});
    return true;
}

// Likewise.
bool Group::give_waiting(Wanted& wanted, Level level) {
    OffsetRange next = levels_.first(level);
    // So many have overtaken it: it is next, whatever it is.
    if (cursor_ - floor_ >= kSpanMax) {
        if (const auto its = levels_.level_of(floor_)) {
            level = *its;
            next = {floor_, 1};
        }
    }
    const Reader::Found found = behind_.seek(next.first);
    if (found == Reader::Found::kLater) {
        waits_ = true;
        return false;
    }
    const Offset here =
        found == Reader::Found::kEnd ? next.end() : Offset{behind_.front().first_offset};
    OffsetRange gone{next.first, std::min(next.end(), here) - next.first};
    if (gone.count > 0) {
        skip(gone);
    } else {
        const auto its_level = static_cast<uint8_t>(level + 1);
        gone.count = give(wanted, behind_.front(), next.count, {.level = its_level});
    }
    again_.remove(gone);
    levels_.remove(gone);
    return true;
}

}  // namespace zbridge::durable
