// Messages that are to be visible later: they wait in a topic of their own, each a retry of a group
// that nobody reads, and are delivered to their topics when they are due.
//
// Flow:    Topics::publish() with deliver_at -> [written to kName] -> on_delayed() -> due -> deliver()
// Promise: a message is delivered once, never before its time by the wall clock; those that are due
//          in the order of their times. Its id stays; its offset is given when it is visible.
// Failure: a topic that does not take it: again after kAgain, counted.
// Limits:  max messages that wait, about Exceptions::kBytes each; beyond it publishing one is refused.
//          kDeliverMax are delivered at once.
#pragma once

#include <cstdint>
#include <optional>

#include "plugins/durable/groups/group.h"

namespace zbridge::durable {

class Delays {
 public:
    static constexpr std::string_view kName = "%delayed";  // of the topic and of the group
    static constexpr size_t kDeliverMax = 1'000;
    static constexpr Duration kAgain = std::chrono::seconds(1);

    // All outlive it. `group`: of the topic kName.
    Delays(Topics& topics, Group& group, uint64_t max)
        : topics_(topics), group_(group), max_(max) {}

    bool has_room() const { return group_.exceptions().size() < max_; }
    // The topic, where they wait.
    TopicId topic() const { return group_.topic(); }
    void add(Offset offset, int64_t due_ms) { group_.delay(offset, due_ms); }
    // True: there are more that are due.
    bool deliver_due();

    uint64_t delivered() const { return delivered_; }
    uint64_t refused() const { return refused_; }
    uint64_t dropped() const { return dropped_; }
    const Group& group() const { return group_; }

 private:
    Group::HandedOver deliver(const zb_run& message, const Companion& with);

    Topics& topics_;
    Group& group_;
    uint64_t max_;
    uint64_t delivered_ = 0;
    uint64_t refused_ = 0;  // times that a topic did not take one
    uint64_t dropped_ = 0;  // their topics are gone
};

}  // namespace zbridge::durable
