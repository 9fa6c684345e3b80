// How a session settles what it, or another one, was delivered.
#include <numeric>

#include "bridge/protocol/limits.h"
#include "bridge/protocol/session.h"
#include "bridge/protocol/takers.h"

namespace zbridge::protocol {

using plugin::Verdict;

namespace {

constexpr uint64_t kOffsetBits =
    (uint64_t{1} << 48) - 1;  // of a token: the rest of `low` is its grant

std::optional<Verdict> verdict_named(std::string_view name) {
    if (name == "ack") return Verdict::kAck;
    if (name == "retry") return Verdict::kRetry;
    if (name == "reject") return Verdict::kReject;
    if (name == "release") return Verdict::kRelease;
    return std::nullopt;
}

}  // namespace

// None: it was refused.
std::optional<GroupId> Session::group_of(const Command& command) {
    const uint64_t messages =
        std::accumulate(command.ranges.begin(), command.ranges.end(), uint64_t{0},
                        [](uint64_t sum, const TokenRange& each) { return sum + each.count; });
    if (command.ranges.size() > kRangesMax || messages > kSettleMessagesMax) {
        refuse(command, Refusal::kOutOfRange, "ranges");
        return std::nullopt;
    }
    const auto group = commons_.engine != nullptr ? commons_.engine->group(command.group)
                                                  : std::optional<GroupId>();
    if (!group) refuse(command, Refusal::kNotFound, "no group of this name");
    return group;
}

net::Take Session::settle(const Command& command) {
    const bool extends = command.verb == Verb::kExtend;
    const auto verdict = extends ? Verdict::kExtend : verdict_named(command.verdict);
    if (!verdict) {
        refuse(command, Refusal::kMalformed, "SETTLE: no such `verdict`", true);
        return net::Take::kTaken;
    }
    if (settles_.size() >= kSettlesMax) {
        if (!commons_.setup.admin) return commons_.ways.hold_for_answers();
        refuse(command, Refusal::kLineFull, "as many wait for the disk as may");
        return net::Take::kTaken;
    }
    if (command.delay && *command.delay > kDelayMax) {
        refuse(command, Refusal::kOutOfRange, "delay");
        return net::Take::kTaken;
    }
    if (!lease_allowed(command)) return net::Take::kTaken;
    const auto group = group_of(command);
    if (!group) return net::Take::kTaken;
    if (extends) {
        extend(command, *group);
        return net::Take::kTaken;
    }
    // Its place first: the engine may tell at once.
    const uint64_t number = next_settle_++;
    if (command.ref) settles_[number] = {{.ref = *command.ref}, 1};
    for (const TokenRange& range : command.ranges) {
        uint32_t stale = 0;
        settle_range(*group, command, *verdict, range, stale);
        commons_.counters.stale += stale;
        if (command.ref) settles_[number].answer.stale.push_back(stale);
        forget(*group, range);
    }
    if (command.ref) on_settled(number, true, {});
    return net::Take::kTaken;
}

// Of dead letters each has its own way to the disk: who wants to know asks of each.
void Session::settle_range(GroupId group, const Command& command, Verdict verdict, TokenRange range,
                           uint32_t& stale) {
    const uint64_t number = next_settle_ - 1;
    const bool one_by_one = verdict == Verdict::kReject && command.ref;
    const uint32_t step = one_by_one ? 1 : range.count;
    for (uint32_t i = 0; i < range.count; i += step) {
        plugin::Engine::OnSettled told;
        if (command.ref) {
            settles_[number].outstanding++;
            told = [&ways = commons_.ways, id = peer_.id(), number](bool durable,
                                                                    std::string_view reason) {
                ways.on_settled(id, number, durable, reason);
            };
        }
        const plugin::Settled settled = commons_.engine->settle(
            group,
            {.verdict = verdict,
             .token = range.first.behind(i),
             .count = step,
             .delay = verdict == Verdict::kRetry ? command.delay : std::nullopt,
             .reason = command.reason},
            {}, std::move(told));
        stale += settled.stale;
        const uint64_t messages = step - settled.stale;
        if (verdict == Verdict::kAck) commons_.counters.acked += messages;
        if (verdict == Verdict::kRetry) commons_.counters.retried += messages;
        if (verdict == Verdict::kReject) commons_.counters.rejected += messages;
        if (verdict == Verdict::kRelease) commons_.counters.released += messages;
        if (!command.ref) continue;
        // Nothing was settled: nobody tells.
        if (settled.stale == step || settled.why) settles_[number].outstanding--;
        if (settled.why) {
            settles_[number].answer.why = settled.why;
            settles_[number].answer.text = settled.reason;
        }
    }
}

void Session::on_settled(uint64_t number, bool durable, std::string_view reason) {
    const auto found = settles_.find(number);
    if (found == settles_.end()) return;
    Settle& its = found->second;
    if (!durable) {
        its.answer.why = Refusal::kStoreFailed;
        its.answer.text = reason;
    }
    if (--its.outstanding > 0) return;
    if (state_ != State::kGone) send(pack(its.answer, false));
    settles_.erase(found);
    end_bye_if_told();
}

void Session::extend(const Command& command, GroupId group) {
    SettledRanges answer{.ref = *command.ref};
    for (const TokenRange& range : command.ranges) {
        const plugin::Settled settled = commons_.engine->settle(group, {.verdict = Verdict::kExtend,
                                                                        .token = range.first,
                                                                        .count = range.count,
                                                                        .delay = command.lease});
        commons_.counters.stale += settled.stale;
        commons_.counters.extended += range.count - settled.stale;
        answer.stale.push_back(settled.stale);
        answer.tokens.emplace_back();
        if (settled.stale >= range.count) continue;
        // Of the first that was extended: the grant is the same of all.
        const LeaseToken first{settled.token.high, (settled.token.low & ~kOffsetBits) |
                                                       (range.first.low & kOffsetBits)};
        answer.tokens.back() = first;
        rename(group, range, first);
    }
    send(pack(answer, true));
}

// Settled by somebody, or stale: it is held no longer.
void Session::forget(GroupId group, TokenRange range) {
    held_.remove(group, range, [this](Held::From from, TokenRange part) {
        const auto taker = by_taker_.find(from.taker);
        if (taker != by_taker_.end()) taker->second->give_back(part.count);
    });
}

void Session::rename(GroupId group, TokenRange range, LeaseToken first) {
    std::vector<std::pair<Held::From, TokenRange>> parts;
    held_.remove(group, range,
                 [&](Held::From from, TokenRange part) { parts.emplace_back(from, part); });
    for (const auto& [from, part] : parts) {
        const uint64_t behind = part.first.low - range.first.low;
        held_.add(group, {first.behind(behind), part.count}, from);
    }
}

void Session::give_back_held(Verdict verdict) {
    held_.each([&](GroupId group, TokenRange range, Held::From) {
        const plugin::Settled settled = commons_.engine->settle(
            group, {.verdict = verdict, .token = range.first, .count = range.count});
        commons_.counters.released += range.count - settled.stale;
    });
    held_.clear();
}

// What it holds, and all of which has left for it; the rest stays.
std::vector<HeldRange> Session::take_sent() {
    const uint64_t written = peer_.outbox().written();
    std::vector<HeldRange> sent;
    held_.each([&](GroupId group, TokenRange range, Held::From from) {
        if (from.written <= written) sent.push_back({group, range, from.attempt});
    });
    for (const HeldRange& each : sent)
        held_.remove(each.group, each.range, [](Held::From, TokenRange) {});
    return sent;
}

// As WELCOME has it: those that follow each other are one range.
std::vector<HeldOfGroup> Session::list_held() const {
    std::vector<HeldOfGroup> list;
    std::optional<GroupId> last;
    held_.each([&](GroupId group, TokenRange range, Held::From) {
        const bool goes_on =
            last == group && list.back().first.behind(list.back().count) == range.first;
        if (goes_on) {
            list.back().count += range.count;
        } else if (list.size() < kHeldRangesMax) {
            list.push_back({commons_.ways.name_of_group(group), range.first, range.count});
            last = group;
        }
    });
    return list;
}

}  // namespace zbridge::protocol
