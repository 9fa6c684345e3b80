// One entry of `plugins:`, or one step written in a route: a plugin with its options, from create
// to destroy.
//
// Flow:    create -> start -> on_message, read, on_batch, on_peer -> drain -> stop -> destroy
// Thread:  create, start, stop and the destructor on the main thread; drain and the events on the
//          reactor, or, for instances that may block, on a thread of their own: whoever calls sees
//          to it that they never overlap.
// Failure: create: what is wrong, with its place in the file. A step that fails: its `on_error`.
//          All that goes wrong later is said by its remarks. A call that does not come back cannot
//          be ended: it is named by the watchdog, those of create to destroy with their phase.
//          A step whose on_message took longer than kLongCall kLongCallsMax times within
//          kLongCallsWithin: it is not asked until that time is over, each message is an error
//          meanwhile, and health is degraded.
// Limits:  those of Context. A call of on_message has a budget of kCallBudget: what took longer is
//          counted; one call of kTimedEvery is timed.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "bridge/plugin/context.h"
#include "bridge/plugin/declaration.h"
#include "bridge/plugin/pulse.h"

namespace zbridge::plugin {

struct InstanceCounters {
    uint64_t calls = 0;
    uint64_t passed = 0, dropped = 0, refused = 0, routed = 0, held = 0, failed = 0;  // verdicts
    uint64_t emitted = 0;
    uint64_t emitted_too_many = 0;  // not taken: a message may become only so many
    uint64_t over_budget = 0;       // of the calls that were timed
    uint64_t delivered = 0, accepted = 0, rejected = 0, retried = 0;  // of sources and sinks
};

// What a step decided of a message.
struct StepAnswer {
    zb_verdict verdict = ZB_PASS;  // one that the header lists
    std::string reason;            // ZB_REFUSE, ZB_ERROR
    Duration hold{};               // ZB_HOLD
    int target = -1;               // ZB_ROUTE: of the route
};

class Instance {
 public:
    static constexpr Duration kCallBudget = std::chrono::milliseconds(1);
    static constexpr uint64_t kTimedEvery = 64;
    static constexpr Duration kLongCall = std::chrono::milliseconds(100);
    static constexpr uint32_t kLongCallsMax = 3;
    static constexpr Duration kLongCallsWithin = std::chrono::minutes(1);
    static constexpr Duration kHoldDefault = std::chrono::milliseconds(10);

    // An error: all problems of its options, or one about all of it, at the instance's own place.
    static Result<std::unique_ptr<Instance>, std::vector<OptionProblem>> create(
        const Declaration& declaration, InstanceOptions options, const Services& services);
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    Status start();
    bool started() const { return started_; }
    void drain(Instant deadline);
    void stop();
    // False: stop() has told of an error, or did not come back in order.
    bool stopped_in_order() const { return stopped_in_order_; }
    // Of instances that run on the reactor: from now on, until drain, it may post and set timers.
    // `pulse` outlives it.
    void allow_reactor_calls(Pulse& pulse);

    const std::string& name() const { return context_.options().name; }
    // "mask-cards (mask 1.0.0, ./libmask.so)": for people.
    std::string title() const;
    // "shop.yaml:12:3"
    std::string place() const;
    const Declaration& declaration() const { return declaration_; }
    Context& context() { return context_; }
    const Context& context() const { return context_; }
    void* self() const { return self_; }  // of an engine: what its functions are given
    bool step_may_block() const { return step_may_block_; }

    // REQUIRES: it is a step. Changes stand in `message`, what was emitted in `call`.
    StepAnswer on_message(zb_message& message, StepCall& call, Pulse& pulse) {
        return answer_of(call_step(message, call, pulse), call);
    }
    // Its two halves, for those whose steps mostly pass: the verdict as the plugin gave it, which
    // may be none, and what it means. ZB_PASS needs no second half.
    zb_verdict call_step(zb_message& message, StepCall& call, Pulse& pulse);
    StepAnswer answer_of(zb_verdict verdict, StepCall& call);
    // REQUIRES: it is a source.
    Status read(ReadCall& call, Instant deadline, Pulse& pulse);
    // An error: it is not known which of them it has taken.
    Status on_outcomes(const std::vector<zb_outcome>& outcomes, Pulse& pulse);
    // REQUIRES: it is a sink. An error: none but those that were answered are done with.
    Status on_batch(const std::vector<zb_message*>& messages, std::vector<uint32_t>& answers,
                    Pulse& pulse);
    // REQUIRES: it is an auth. Why not; empty: allowed, as `user`.
    std::string on_peer(const zb_peer_claim& claim, std::string& user, Pulse& pulse);

    Remarks& remarks() { return remarks_; }

    // The watchdog saw a call that takes longer than kLongCall.
    void count_long_call() { long_calls_.fetch_add(1, std::memory_order_relaxed); }
    uint32_t long_calls() const { return long_calls_.load(std::memory_order_relaxed); }

    InstanceCounters counters;  // the reactor's

 private:
    Instance(const Declaration& declaration, InstanceOptions options, const Services& services)
        : declaration_(declaration),
          context_(std::move(options), services),
          remarks_({title(), name(), place()}, services.log, services.clock) {
        context_.remarks = &remarks_;
        if (declaration.step() == nullptr) return;
        step_may_block_ = (declaration.step()->flags & ZB_STEP_MAY_BLOCK) != 0;
        on_message_ = declaration.step()->on_message;
    }
    LifeCalls::Inside alive(LifeCalls::Phase phase) const {
        return {context_.services().lives, phase, title(), place()};
    }
    Status trouble(const std::string& what);
    // Of one that runs: it is said in the log, too.
    Status failure(const std::string& what);
    // Calls a function of the plugin that answers nothing. False: it threw, or called set_error.
    template <class Call>
    bool goes_well(Call&& call);
    std::string why_denied(const std::string& reason);
    bool may_be_asked();
    void note_long_calls();

    const Declaration& declaration_;
    zb_context context_;
    Remarks remarks_;
    void* self_ = nullptr;
    bool step_may_block_ = false;
    zb_verdict (*on_message_)(void*, zb_message*) = nullptr;  // of a step
    bool created_ = false;
    bool started_ = false;
    bool stopped_in_order_ = true;
    // Of on_message, on its thread.
    uint64_t calls_ = 0;
    std::array<Instant, kLongCallsMax> long_at_{};  // of those of them that took long, as a ring
    uint32_t long_noted_ = 0;                       // of long_calls_, in that ring or of no matter
    size_t long_next_ = 0;
    Instant not_before_{};  // it is asked again then; zero: it is asked

    std::atomic<uint32_t> long_calls_{0};  // of any kind
};

}  // namespace zbridge::plugin
