// `on_dead: park`: what stands behind a dead letter waits until that is done with.
#include "plugins/durable/groups/group.h"
#include "plugins/durable/topics/topics.h"

namespace zbridge::durable {

// What is left of a message in its group once its letter is there: the next one of `letters`.
Exception Group::buried(Exception its, TopicId letters) const {
    if (!options_.dead_holds_key || its.key == 0) return its;
    its.why = static_cast<uint8_t>(Why::kHeld);
    its.taken = 0;
    its.due_ms =
        std::min(world_.topics->table().find(letters)->next.number, Exception::kDueEnd - 1);
    return its;
}

void Group::give_held(Offset offset) {
    Exception its = *exceptions_.find(offset);
    ZB_CHECK(its.reason() == Why::kHeld, offset.number);
    its.why = static_cast<uint8_t>(Why::kRetry);
    its.attempts = 0;
    its.due_ms = due_in(Duration(0));
    put_exception(RecordType::kRetry, offset, its);
    tell_ready();
}

void Group::drop_held(Offset offset) {
    const Exception its = *exceptions_.find(offset);
    ZB_CHECK(its.reason() == Why::kHeld, offset.number);
    settle_range({offset, 1}, false);
    leave_key(its.key, offset);
    world_.listener->on_gathered(id_);
    tell_ready();
}

}  // namespace zbridge::durable
