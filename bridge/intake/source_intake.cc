#include "bridge/intake/source_intake.h"

namespace zbridge::intake {

SourceIntake::SourceIntake(plugin::SourceReader& reader, const std::vector<Route*>& routes,
                           MessageIds& ids, Timers& timers, const Clock& clock,
                           MemoryBudget& memory, plugin::Engine* engine)
    : reader_(reader),
      ids_(ids),
      memory_(memory),
      passages_(routes, {timers, clock, memory, engine}, *this, *this) {
    reader_.attach(*this);
}

bool SourceIntake::take(const plugin::LooseMessage& message, uint64_t cookie) {
    waits_for_memory_ = memory_.exhausted();
    if (waits_for_memory_) return false;
    const Message body = make_message(memory_, {message.frames.begin(), message.frames.end()});
    Origin origin;
    origin.cookie = cookie;
    origin.number = ids_.next;
    Outcome outcome;
    const auto taken = passages_.take(origin, body, &message.attributes, {}, outcome);
    if (taken == Passages::Taken::kHeld) return false;
    ids_.next++;
    if (taken == Passages::Taken::kDone) on_outcome(origin, outcome);
    return true;
}

void SourceIntake::on_turn_end() {
    if (waits_for_memory_ && !memory_.exhausted()) reader_.go_on();
}

void SourceIntake::on_outcome(const Origin& origin, const Outcome& outcome) {
    std::optional<Refusal> why = outcome.why;
    if (!outcome.routed) {
        why = Refusal::kNoMatch;
        refusals_.add(*why);
    }
    std::string_view reason = outcome.reason;
    if (why && reason.empty()) reason = name_of(*why);
    reader_.outcome(origin.cookie, !why, reason);
}

}  // namespace zbridge::intake
