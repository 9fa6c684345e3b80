// The stage "messages" of a step.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bridge/base/random.h"
#include "bridge/cli/plugin_check/loans.h"
#include "bridge/cli/plugin_check/random_message.h"
#include "bridge/cli/plugin_check/stages.h"
#include "bridge/cli/plugin_check/subject.h"

namespace zbridge::cli {

namespace {

constexpr Duration kBudget = std::chrono::milliseconds(1);
constexpr Duration kLongCall = std::chrono::milliseconds(100);
constexpr uint32_t kLongCallsMax = 3;  // the bridge's own measure
constexpr std::array<std::string_view, 6> kVerdicts = {"pass",  "drop", "refuse",
                                                       "route", "hold", "error"};

// What the answers to all messages were.
struct Answers {
    std::array<uint64_t, kVerdicts.size()> verdicts{};
    uint64_t calls = 0, unknown = 0, emitted = 0;
    uint64_t silent_errors = 0, aimless_routes = 0;
    zb_verdict last_unknown = 0;
    std::string last_error;
};

struct Times {
    Duration whole{}, longest{};
    uint64_t calls = 0;
    uint32_t over_budget = 0, longer = 0;

    void add(Duration time) {
        whole += time;
        longest = std::max(longest, time);
        calls++;
        over_budget += time > kBudget ? 1 : 0;
        longer += time > kLongCall ? 1 : 0;
    }
    std::string text() const {
        const double each =
            calls == 0 ? 0
                       : static_cast<double>(whole.count()) / 1000.0 / static_cast<double>(calls);
        return fmt::format("{:.2f} us each, the longest {:.2f} us, {} over the budget of 1 ms",
                           each, static_cast<double>(longest.count()) / 1000.0, over_budget);
    }
};

// Until enough messages, or enough time.
class Supply {
 public:
    explicit Supply(const Checked& checked)
        : settings_(checked.settings), clock_(checked.clock), end_(clock_.now() + settings_.time) {}
    bool goes_on(uint64_t given) const {
        return settings_.time == Duration{} ? given < CheckSettings::kMessages
                                            : clock_.now() < end_;
    }

 private:
    const CheckSettings& settings_;
    const Clock& clock_;
    Instant end_;
};

void count(Answers& answers, zb_verdict verdict, const plugin::StepCall& call,
           plugin::Context& context) {
    answers.calls++;
    answers.emitted += call.emitted.size();
    const plugin::Trouble trouble = context.take_trouble();
    if (verdict < 0 || static_cast<size_t>(verdict) >= kVerdicts.size()) {
        answers.unknown++;
        answers.last_unknown = verdict;
        return;
    }
    answers.verdicts[static_cast<size_t>(verdict)]++;
    if (verdict == ZB_ROUTE && call.target < 0) answers.aimless_routes++;
    if (verdict != ZB_ERROR) return;
    answers.silent_errors += trouble.sentence.empty() ? 1 : 0;
    answers.last_error = trouble.sentence;
}

// Each message in memory that says where the plugin oversteps.
Answers feed(const Checked& checked) {
    Answers answers;
    Loans loans;
    const auto subject = started_subject(checked, loans.host());
    if (!subject) return answers;
    const std::vector<std::string> targets{"out", "others"};
    SeededRandom chance(checked.settings.seed);
    const Supply supply(checked);
    bool wrote = false;
    while (supply.goes_on(answers.calls)) {
        checked.board.at("on_message");
        checked.board.number(answers.calls + 1);
        zb_message message;
        (void)message.own(random_message(chance), nullptr);  // on the check's account
        plugin::StepCall call;
        call.targets = &targets;
        subject->context().step_call = &call;
        loans.begin(&message);
        const zb_verdict verdict =
            checked.declaration.step()->on_message(subject->self(), &message);
        wrote = !loans.end() || wrote;
        subject->context().step_call = nullptr;
        count(answers, verdict, call, subject->context());
        checked.board.at("a timer or a posted call");
        subject->turn();
    }
    checked.board.number(0);
    if (wrote)
        checked.board.found(
            "it writes into views that it was given to read: set_frame() changes a frame");
    end_subject(*subject, checked);
    return answers;
}

// The same messages once more, as the bridge gives them: what they cost.
Times measure(const Checked& checked, uint64_t calls) {
    Times times;
    const auto subject = started_subject(checked, plugin::host_table());
    if (!subject) return times;
    const std::vector<std::string> targets{"out", "others"};
    SeededRandom chance(checked.settings.seed);
    for (uint64_t i = 0; i < calls; i++) {
        checked.board.at("on_message, the second time");
        checked.board.number(i + 1);
        zb_message message;
        (void)message.own(random_message(chance), nullptr);  // on the check's account
        plugin::StepCall call;
        call.targets = &targets;
        subject->context().step_call = &call;
        const Instant before = checked.clock.now();
        (void)checked.declaration.step()->on_message(subject->self(), &message);
        times.add(checked.clock.now() - before);
        subject->context().step_call = nullptr;
        subject->turn();
    }
    checked.board.number(0);
    return times;
}

std::string counted(const Answers& answers) {
    std::string text;
    for (size_t i = 0; i < kVerdicts.size(); i++) {
        if (answers.verdicts[i] == 0) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kVerdicts[i], answers.verdicts[i]);
    }
    if (answers.emitted > 0) text += fmt::format(", emitted {}", answers.emitted);
    if (!answers.last_error.empty()) text += fmt::format(" (the last: {})", answers.last_error);
    return text;
}

}  // namespace

void check_step(const Checked& checked) {
    if (checked.declaration.step() == nullptr) return;
    const Answers answers = feed(checked);
    if (answers.calls == 0) return;
    if (answers.unknown > 0)
        checked.board.found(fmt::format("{} answers of on_message are no verdict, the last was {}",
                                        answers.unknown, answers.last_unknown));
    if (answers.silent_errors > 0)
        checked.board.found(
            fmt::format("{} times it answered ZB_ERROR and did not say why: call "
                        "set_error() first",
                        answers.silent_errors));
    if (answers.aimless_routes > 0)
        checked.board.found(fmt::format("{} times it answered ZB_ROUTE without set_target()",
                                        answers.aimless_routes));
    const Times times = measure(checked, answers.calls);
    const bool may_block = (checked.declaration.step()->flags & ZB_STEP_MAY_BLOCK) != 0;
    if (!may_block && times.longer >= kLongCallsMax)
        checked.board.found(
            fmt::format("{} calls of on_message took longer than 100 ms: a step that "
                        "waits declares that it may block",
                        times.longer));
    checked.board.say(
        fmt::format("{} messages: {}; {}", answers.calls, counted(answers), times.text()));
}

}  // namespace zbridge::cli
