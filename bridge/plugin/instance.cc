#include "bridge/plugin/instance.h"

#include "bridge/plugin/thrown.h"

namespace zbridge::plugin {

namespace {

Code code_of(zb_result result) {
    switch (result) {
        case ZB_INVALID:
            return Code::kInvalid;
        case ZB_NOT_FOUND:
            return Code::kNotFound;
        case ZB_FULL:
            return Code::kUnavailable;
        default:
            return Code::kIo;
    }
}

std::string sentence_of(const Trouble& trouble) {
    return trouble.sentence.empty() ? "it does not say why" : trouble.sentence;
}

uint64_t ns_of(Instant instant) {
    return static_cast<uint64_t>(instant.time_since_epoch().count());
}

// For the time of a call into the plugin.
class Inside {
 public:
    Inside(Pulse& pulse, Instance& instance) : pulse_(pulse) { pulse_.enter(instance); }
    ~Inside() { pulse_.leave(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

 private:
    Pulse& pulse_;
};

// Calls into the plugin. No exception may cross its border; one that does is its error, and no end
// of the bridge.
template <class Answer, class Call>
Answer guarded(Context& context, Answer failed, Call&& call) noexcept {
    try {
        return call();
    } catch (...) {
        context.set_error(ZB_FAILED, false,
                          "it threw an exception: " + words_of(std::current_exception()));
        return failed;
    }
}

}  // namespace

Result<std::unique_ptr<Instance>, std::vector<OptionProblem>> Instance::create(
    const Declaration& declaration, InstanceOptions options, const Services& services) {
    std::unique_ptr<Instance> made(new Instance(declaration, std::move(options), services));
    const zb_result result = guarded<zb_result>(made->context_, ZB_FAILED, [&] {
        const auto inside = made->alive(LifeCalls::Phase::kCreate);
        return declaration.plugin().create(&host_table(), &made->context_, &made->self_);
    });
    made->created_ = result == ZB_OK;
    std::vector<OptionProblem> problems = made->context_.problems();
    if (result == ZB_OK && problems.empty()) return made;
    if (problems.empty()) {
        const InstanceOptions& given = made->context_.options();
        problems.push_back({given.line, given.column, made->trouble("cannot be made").message()});
    }
    return problems;
}

Instance::~Instance() {
    if (started_) stop();
    if (!created_) return;
    (void)guarded<bool>(context_, false, [&] {
        const auto inside = alive(LifeCalls::Phase::kDestroy);
        declaration_.plugin().destroy(self_);
        return true;
    });
}

Status Instance::start() {
    const auto start = declaration_.plugin().start;
    if (start == nullptr) {
        started_ = true;
        context_.forget_entries();
        return {};
    }
    const zb_result result = guarded<zb_result>(context_, ZB_FAILED, [&] {
        const auto inside = alive(LifeCalls::Phase::kStart);
        return start(self_);
    });
    started_ = result == ZB_OK;
    context_.forget_entries();
    return started_ ? Status() : trouble("cannot start");
}

template <class Call>
bool Instance::goes_well(Call&& call) {
    context_.begin_call();
    const bool returned = guarded<bool>(context_, false, [&] {
        call();
        return true;
    });
    return returned && !context_.in_trouble();
}

void Instance::allow_reactor_calls(Pulse& pulse) {
    context_.allow_reactor_calls([this, &pulse](void (*call)(void*), void* argument) {
        const Inside inside(pulse, *this);
        if (!goes_well([&] { call(argument); })) (void)failure("has failed");
        long_noted_ = long_calls();  // no message has waited for it
    });
}

void Instance::drain(Instant deadline) {
    if (!started_ || declaration_.plugin().drain == nullptr) return;
    const bool drained = goes_well([&] {
        const auto inside = alive(LifeCalls::Phase::kDrain);
        declaration_.plugin().drain(self_, ns_of(deadline));
    });
    if (!drained) (void)failure("cannot drain");
}

void Instance::stop() {
    if (!started_) return;
    started_ = false;
    if (declaration_.plugin().stop == nullptr) return;
    stopped_in_order_ = goes_well([&] {
        const auto inside = alive(LifeCalls::Phase::kStop);
        declaration_.plugin().stop(self_);
    });
    if (!stopped_in_order_) (void)failure("cannot stop");
}

std::string Instance::title() const {
    const Declared& declared = declaration_.declared();
    std::string title = name() + " (" + declared.name + " " + declared.version;
    if (!declared.origin.empty()) title += ", " + declared.origin;
    return title + ")";
}

std::string Instance::place() const {
    const InstanceOptions& options = context_.options();
    if (options.file.empty()) return "";
    return options.file + ":" + std::to_string(options.line) + ":" + std::to_string(options.column);
}

Status Instance::trouble(const std::string& what) {
    const Trouble trouble = context_.take_trouble();
    return {code_of(trouble.code), "plugin " + title() + " " + what + ": " + sentence_of(trouble)};
}

zb_verdict Instance::call_step(zb_message& message, StepCall& call, Pulse& pulse) {
    if (!may_be_asked()) return ZB_ERROR;
    context_.step_call = &call;
    context_.begin_call();
    const bool timed = !step_may_block_ && calls_++ % kTimedEvery == 0;
    const Instant before = timed ? context_.services().clock->now() : Instant{};
    zb_verdict verdict = ZB_ERROR;
    {
        const Inside inside(pulse, *this);
        verdict =
            guarded<zb_verdict>(context_, ZB_ERROR, [&] { return on_message_(self_, &message); });
    }
    if (timed && context_.services().clock->now() - before > kCallBudget) counters.over_budget++;
    context_.step_call = nullptr;
    note_long_calls();
    return not_before_ == Instant{} ? verdict : zb_verdict{ZB_ERROR};
}

// Not while it has just taken its time again and again, and everybody's with it.
bool Instance::may_be_asked() {
    note_long_calls();
    if (not_before_ == Instant{}) return true;
    if (context_.services().clock->now() < not_before_) return false;
    not_before_ = {};
    context_.set_trouble("");
    return true;
}

void Instance::note_long_calls() {
    if (long_calls() == long_noted_) return;
    const Instant now = context_.services().clock->now();
    for (; long_noted_ != long_calls(); long_noted_++) {
        long_at_.at(long_next_) = now;
        long_next_ = (long_next_ + 1) % kLongCallsMax;
    }
    const Instant first = long_at_.at(long_next_);
    if (first != Instant{} && now < first + kLongCallsWithin)
        not_before_ = first + kLongCallsWithin;
}

Status Instance::failure(const std::string& what) {
    const Trouble trouble = context_.take_trouble();
    const std::string why = what + ": " + sentence_of(trouble);
    remarks_.say(Remarks::Kind::kFailed, why);
    return {code_of(trouble.code), "plugin " + title() + " " + why};
}

StepAnswer Instance::answer_of(zb_verdict verdict, StepCall& call) {
    StepAnswer answer;
    answer.verdict = verdict;
    const auto failed = [&](std::string why) {
        remarks_.say(Remarks::Kind::kFailed, "has failed: " + why);
        answer.verdict = ZB_ERROR;
        answer.reason = std::move(why);
    };
    if (not_before_ != Instant{}) {
        context_.set_trouble("it took longer than 100 ms for " + std::to_string(kLongCallsMax) +
                             " messages within a minute");
        failed("the step takes too long");
        return answer;
    }
    switch (verdict) {
        case ZB_PASS:
        case ZB_DROP:
            break;
        case ZB_REFUSE:
            answer.reason = call.reason.empty() ? "refused by " + name() : call.reason;
            break;
        case ZB_ROUTE:
            answer.target = call.target;
            if (call.target < 0) failed("it answered ZB_ROUTE without a target");
            break;
        case ZB_HOLD:
            answer.hold =
                call.hold_ns == 0 ? kHoldDefault : Duration(static_cast<int64_t>(call.hold_ns));
            break;
        case ZB_ERROR: {
            failed(sentence_of(context_.take_trouble()));
            break;
        }
        default:
            failed("it answered " + std::to_string(verdict) + ", which is no verdict");
            break;
    }
    return answer;
}

Status Instance::read(ReadCall& call, Instant deadline, Pulse& pulse) {
    context_.read_call = &call;
    context_.begin_call();
    zb_result result = ZB_OK;
    {
        const Inside inside(pulse, *this);
        result = guarded<zb_result>(context_, ZB_FAILED, [&] {
            return declaration_.source()->read(self_, ns_of(deadline));
        });
    }
    context_.read_call = nullptr;
    return result == ZB_OK ? Status() : failure("cannot read");
}

Status Instance::on_outcomes(const std::vector<zb_outcome>& outcomes, Pulse& pulse) {
    if (outcomes.empty()) return {};
    const Inside inside(pulse, *this);
    const bool taken = goes_well([&] {
        declaration_.source()->on_outcomes(self_, outcomes.data(),
                                           static_cast<uint32_t>(outcomes.size()));
    });
    return taken ? Status() : failure("cannot take outcomes");
}

Status Instance::on_batch(const std::vector<zb_message*>& messages, std::vector<uint32_t>& answers,
                          Pulse& pulse) {
    zb_result result = ZB_OK;
    context_.begin_call();
    {
        const Inside inside(pulse, *this);
        result = guarded<zb_result>(context_, ZB_FAILED, [&] {
            return declaration_.sink()->on_batch(
                self_, messages.data(), static_cast<uint32_t>(messages.size()), answers.data());
        });
    }
    for (uint32_t& answer : answers) {
        if (answer <= ZB_REJECT) continue;
        if (result == ZB_OK)
            context_.set_error(ZB_FAILED, false,
                               "it answered " + std::to_string(answer) + ", which is no answer");
        answer = ZB_RETRY;
        result = ZB_FAILED;
    }
    return result == ZB_OK ? Status() : failure("cannot take messages");
}

std::string Instance::on_peer(const zb_peer_claim& claim, std::string& user, Pulse& pulse) {
    constexpr size_t kUserBytesMax = 255;
    StepCall call;  // has the reason
    context_.step_call = &call;
    context_.begin_call();
    zb_view as = claim.user;
    int32_t answer = ZB_DENY;
    {
        const Inside inside(pulse, *this);
        answer = guarded<int32_t>(context_, ZB_DENY,
                                  [&] { return declaration_.auth()->on_peer(self_, &claim, &as); });
    }
    context_.step_call = nullptr;
    if (answer == ZB_ALLOW && from_c(as).size() <= kUserBytesMax) {
        user = from_c(as);
        return {};
    }
    if (answer == ZB_ALLOW)
        context_.set_error(ZB_FAILED, false, "it named a user of more than 255 bytes");
    else if (answer != ZB_DENY && !context_.in_trouble())
        context_.set_error(ZB_FAILED, false,
                           "it answered " + std::to_string(answer) + ", which is no answer");
    return why_denied(call.reason);
}

// It has denied a peer, for its own reason, or since it could not tell who that is.
std::string Instance::why_denied(const std::string& reason) {
    if (!context_.in_trouble()) return reason.empty() ? "denied by " + name() : reason;
    std::string why = sentence_of(context_.take_trouble());
    remarks_.say(Remarks::Kind::kFailed, "has failed: " + why);
    return reason.empty() ? why : reason;
}

}  // namespace zbridge::plugin
