#include "bridge/plugin/pipeline.h"

namespace zbridge::plugin {

Passed Pipeline::run(Item& item, const routing::PeerView& peer, std::vector<Item>& emitted) {
    while (item.next_step < steps_.size()) {
        Instance& step = *steps_[item.next_step];
        if (step.step_may_block()) return {Passed::Kind::kBlocking, Refusal::kStepRefused, {}, {}};
        view_.look_at(item.body, item.attributes, &peer);
        zb_verdict verdict = ZB_PASS;
        if (passes(step, verdict)) {  // most do
            item.next_step++;
            continue;
        }
        Passed passed = take_answer(item, view_, step.answer_of(verdict, call_), call_, emitted);
        if (passed.kind != Passed::Kind::kThrough) return passed;
    }
    return {};
}

bool Pipeline::pass(const Message& body, Item& item, const routing::PeerView& peer,
                    std::vector<Item>& emitted, Passed& passed) {
    view_.look_at(body, item.attributes, &peer);  // all see the same: none of them has changed it
    for (size_t i = 0; i < steps_.size(); i++) {
        Instance& step = *steps_[i];
        zb_verdict verdict = ZB_PASS;
        if (passes(step, verdict)) continue;
        item.body = body;
        item.next_step = i;
        passed = run_on(item, verdict, peer, emitted);
        return false;
    }
    return true;
}

// From a step that has answered already, otherwise than most.
Passed Pipeline::run_on(Item& item, zb_verdict verdict, const routing::PeerView& peer,
                        std::vector<Item>& emitted) {
    StepAnswer answer = steps_[item.next_step]->answer_of(verdict, call_);
    Passed passed = take_answer(item, view_, std::move(answer), call_, emitted);
    return passed.kind == Passed::Kind::kThrough ? run(item, peer, emitted) : passed;
}

bool Pipeline::passes(Instance& step, zb_verdict& verdict) {
    call_.begin();
    call_.targets = &targets_;
    verdict = step.call_step(view_, call_, pulse_);
    const bool as_it_was = verdict == ZB_PASS && call_.emitted.empty() &&
                           call_.emitted_too_many == 0 && !view_.frames_changed() &&
                           !view_.attributes_changed();
    if (!as_it_was) return false;
    step.counters.calls++;
    step.counters.passed++;
    return true;
}

Passed Pipeline::take_answer(Item& item, const zb_message& view, StepAnswer answer, StepCall& call,
                             std::vector<Item>& emitted) {
    Instance& step = *steps_[item.next_step];
    step.counters.calls++;
    const uint64_t emitted_too_many = step.counters.emitted_too_many;
    step.counters.emitted_too_many += call.emitted_too_many;
    if (answer.verdict == ZB_HOLD) {
        step.counters.held++;
        return {Passed::Kind::kHeld, Refusal::kStepRefused, {}, answer.hold};
    }
    if (answer.verdict == ZB_ERROR) return take_error(item, step, std::move(answer.reason));
    if (item.generation >= Item::kGenerationsMax) {
        step.counters.emitted_too_many += call.emitted.size();
        call.emitted.clear();
    }
    if (step.counters.emitted_too_many > emitted_too_many)
        step.remarks().say(Remarks::Kind::kEmittedTooMany,
                           "emits more messages for one than it may: the rest is not taken");
    for (auto& one : call.emitted) {
        emitted.push_back({message_of(*one), one->take_attributes(), item.next_step + 1,
                           item.target, item.generation + 1});
        step.counters.emitted++;
    }
    call.emitted.clear();
    switch (answer.verdict) {
        case ZB_DROP:
            step.counters.dropped++;
            return {Passed::Kind::kDropped, Refusal::kStepRefused, {}, {}};
        case ZB_REFUSE:
            step.counters.refused++;
            return {Passed::Kind::kRefused, Refusal::kStepRefused, std::move(answer.reason), {}};
        case ZB_ROUTE:
            step.counters.routed++;
            item.target = answer.target;
            break;
        default:
            step.counters.passed++;
            break;
    }
    take_changes(item, view);
    item.next_step++;
    return {};
}

// The message is as it was before the step.
Passed Pipeline::take_error(Item& item, Instance& step, std::string reason) {
    step.counters.failed++;
    switch (step.context().options().on_error) {
        case OnError::kRefuse:
            return {Passed::Kind::kRefused, Refusal::kStepFailed, step.name() + ": " + reason, {}};
        case OnError::kPass:
            item.next_step++;
            break;
        case OnError::kDeadLetter:
            item.death = Death{item.next_step, std::move(reason)};
            item.next_step = steps_.size();
            break;
    }
    return {};
}

void Pipeline::take_changes(Item& item, const MessageView& view) {
    if (view.attributes_changed()) item.attributes = view.attributes();
    if (view.frames_changed()) item.body = message_of(view);
}

Message Pipeline::message_of(const MessageView& view) {
    return {memory_.copy(view.wire()), view.frame_count()};
}

}  // namespace zbridge::plugin
