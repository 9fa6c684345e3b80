// Messages that are to be visible later: they wait in a topic of their own, each a retry of a group
// that nobody reads, and are delivered to their topics when they are due.
//
// Flow:    Topics::publish() with deliver_at -> [written to kName] -> on_delayed() -> due -> deliver()
//          reschedule() -> it is due at another time; recall() -> it is gone
// Promise: a message is delivered once, never before its time by the wall clock; those that are due
//          in the order of their times. Its id stays; its offset is given when it is visible. One
//          that was recalled is never visible, once that is durable.
// Ids:     they rise with the offsets of kName; several messages that were published as one, to
//          several topics, have one id.
// Failure: a topic that does not take it: again after kAgain, counted.
// Limits:  max messages that wait, about Exceptions::kBytes each; beyond it publishing one is refused.
//          kDeliverMax are delivered at once.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "plugins/durable/groups/group.h"

namespace zbridge::durable {

// One that waits, and its bytes with its attributes.
struct Delayed {
    Offset offset;
    uint64_t bytes = 0;
};

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
    void add(Offset offset, int64_t due_ms, TopicId target) {
        group_.delay(offset, due_ms, mark_of(target));
    }
    // All of them or none, over a crash too. REQUIRES: each waits, in the order of offsets.
    void recall(const std::vector<Delayed>& delayed);
    void reschedule(const std::vector<Delayed>& delayed, int64_t due_ms);
    // True: there are more that are due.
    bool deliver_due();

    uint64_t delivered() const { return delivered_; }
    uint64_t refused() const { return refused_; }
    uint64_t dropped() const { return dropped_; }
    uint64_t recalled() const { return recalled_; }
    const Group& group() const { return group_; }
    // Which topic it is for, as far as that is known without reading it: journals of before have
    // no such mark.
    static bool may_be_for(const Exception& waiting, TopicId target) {
        return waiting.key == 0 || waiting.key == mark_of(target);
    }

 private:
    static uint32_t mark_of(TopicId target) { return target.number() + 1; }
    Group::HandedOver deliver(const zb_run& message, const Companion& with);

    Topics& topics_;
    Group& group_;
    uint64_t max_;
    uint64_t delivered_ = 0;
    uint64_t refused_ = 0;  // times that a topic did not take one
    uint64_t dropped_ = 0;  // their topics are gone
    uint64_t recalled_ = 0;
};

}  // namespace zbridge::durable
