// The steps of one route, in order: takes a message through those that run on the reactor.
//
// Flow:    intake -> shape -> [pipeline] -> delivery
// Thread:  the reactor.
// Promise: a step sees each message once, and again only after it has held it. What a step emits
//          goes on with the next step, behind the message it came from. A step that may block is
//          not called here: run() stops before it. What dies of a step is through: no other step
//          sees it.
// Limits:  Context::kEmitsMax messages out of one call, and Item::kGenerationsMax of them behind
//          each other: so many messages may one become. Beyond that they are dropped and counted
//          with the step.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/base/memory.h"
#include "bridge/model/refusal.h"
#include "bridge/plugin/instance.h"

namespace zbridge::plugin {

// Of a step that failed, whose messages go to dead letters then.
struct Death {
    size_t step = 0;  // of the route's
    std::string reason;
};

// A message on its way through a route.
struct Item {
    static constexpr int kAllTargets = -1;
    static constexpr uint32_t kGenerationsMax = 2;

    Message body;
    Attributes attributes;
    size_t next_step = 0;
    int target = kAllTargets;
    uint32_t generation = 0;          // emitted for a message that was emitted for ...
    std::optional<Death> death = {};  // then it is for no target

    // It waits, and holds a large chunk by a few bytes: copied out of it.
    void compact(MemoryBudget& memory) {
        if (body.wire().chunk()->sparse())
            body = Message(memory.copy(body.wire().bytes()), body.frames());
    }
};

struct Passed {
    enum class Kind : uint8_t {
        kThrough,  // all steps are behind it
        kDropped,
        kRefused,  // and why
        kHeld,     // to be run again after `hold`
        kBlocking  // its next step runs on a thread of its own
    };
    Kind kind = Kind::kThrough;
    Refusal refusal = Refusal::kStepRefused;
    std::string reason;
    Duration hold{};
};

class Pipeline {
 public:
    // `targets`: of the route, by the names that its `to` has. Instances outlive it.
    Pipeline(std::vector<Instance*> steps, std::vector<std::string> targets, Pulse& pulse,
             MemoryBudget& memory)
        : steps_(std::move(steps)), targets_(std::move(targets)), pulse_(pulse), memory_(memory) {}

    // Takes `item` on from its next step. What steps emit is added to `emitted`.
    Passed run(Item& item, const routing::PeerView& peer, std::vector<Item>& emitted);
    // The same with all steps for a message that is not made an item unless it must be. True: they
    // let it pass as it was. False: `item` is it, as run() leaves it. REQUIRES: none may block;
    // `item` is new, but has its attributes.
    bool pass(const Message& body, Item& item, const routing::PeerView& peer,
              std::vector<Item>& emitted, Passed& passed);
    // What the step's answer makes of the item; run() does so itself. For steps that ran elsewhere.
    Passed take_answer(Item& item, const zb_message& view, StepAnswer answer, StepCall& call,
                       std::vector<Item>& emitted);

    const std::vector<Instance*>& steps() const { return steps_; }
    const std::vector<std::string>& targets() const { return targets_; }

 private:
    // About view_. True: it lets the message pass as it was, and that is counted. False: `verdict`
    // is to be taken.
    bool passes(Instance& step, zb_verdict& verdict);
    Passed run_on(Item& item, zb_verdict verdict, const routing::PeerView& peer,
                  std::vector<Item>& emitted);
    Passed take_error(Item& item, Instance& step, std::string reason);
    void take_changes(Item& item, const MessageView& view);
    Message message_of(const MessageView& view);

    std::vector<Instance*> steps_;
    std::vector<std::string> targets_;
    Pulse& pulse_;
    MemoryBudget& memory_;
    zb_message view_;  // reused
    StepCall call_;
};

}  // namespace zbridge::plugin
