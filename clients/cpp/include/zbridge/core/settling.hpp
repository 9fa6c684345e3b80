// Settlements on their way: merged into ranges, batched, sent again on each new connection.
//
// Flow:    a verdict -> [settling] -> SETTLE ... SETTLED -> its Settlement
// Promise: a delivery has one verdict. It is sent until the bridge says SETTLED, and not after. One
//          that is being extended is settled under its new token, once that is known.
// Limits:  Limits.ranges and settle_messages a command; what waits is bounded by what was delivered.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "../options.hpp"
#include "heard.hpp"
#include "names.hpp"
#include "settlement.hpp"
#include "verdicts.hpp"

namespace zbridge::client::core {

class Settling {
 public:
    // A SETTLE goes at once with so large a part of what is in hand: one of so many.
    static constexpr size_t kShareOfHand = 4;

    Settling(const Options& options, Groups& groups, std::function<uint64_t()> next_ref)
        : options_(options), groups_(groups), next_ref_(std::move(next_ref)) {}
    Settling(const Settling&) = delete;
    Settling& operator=(const Settling&) = delete;

    // --- the application's side

    // REQUIRES: it has no verdict yet. Nobody has to wait for it: then there is no settlement.
    void add(Lent& lent, const Sentence& said, SettlementPtr settlement, uint64_t now_ms);
    // What was said for good of a message that is delivered again.
    std::optional<Sentence> final_verdict(const Key& message, uint64_t now_ms) {
        return verdicts_.of(message, now_ms);
    }
    void flush(uint64_t now_ms) {
        if (queued_ > 0) due_ms_ = now_ms;
    }
    bool is_idle() const { return queued_ == 0 && sent_.empty(); }
    // There will be no more answers.
    void fail(const Failure& failure);

    // --- the connection's side

    void limit(const Limits& limits) { limits_ = limits; }
    // What was sent and not answered goes again.
    void begin_session(uint64_t now_ms);
    // `held`: so many deliveries have no verdict yet.
    std::optional<uint64_t> next_deadline(size_t held) const {
        return is_worth_it(held) ? 0 : due_ms_;
    }
    // The next SETTLE that is due.
    std::optional<Said> take(size_t held, uint64_t now_ms);
    // Whether this ref is one of here.
    bool on_settled(uint64_t ref, const Fields& fields, uint64_t now_ms);
    // It had no effect.
    bool on_refused(uint64_t ref, const Failure& failure, uint64_t now_ms);
    // Adds the tokens of all that is to be settled yet.
    void list_tokens(std::unordered_set<Key, KeyHash>& to) const;
    // What never came here.
    void give_back(const Key& token, uint64_t now_ms);
    // The answer to EXTEND is known: the verdict that waited for it goes.
    void end_extension(Lent& lent, uint64_t now_ms);

    // So many deliveries whose verdict the bridge cannot have heard.
    size_t never_sent() const;
    // Settlements that were sent on an earlier connection, and have no answer yet.
    size_t sent_again() const { return sent_again_; }
    // Of those on this connection: settled by it now.
    size_t good_again() const { return good_again_; }

 private:
    struct Entry {
        Place token;
        Key message;
        SettlementPtr settlement;
        bool sent_before = false;
    };
    struct Sent {
        Sentence said;
        std::vector<Entry> entries;
        std::vector<size_t> ranges;  // so many entries each
    };

    void queue(const Sentence& said, Entry entry, uint64_t now_ms);
    // Whether what waits goes without waiting: for a client that has settled what it has nothing
    // more may come until it is told.
    bool is_worth_it(size_t held) const {
        return queued_ >= options_.settle_messages ||
               (queued_ > 0 && kShareOfHand * queued_ >= queued_ + held);
    }
    void learn(const Sent& sent, const Entry& entry, bool stale, bool certain,
               const Failure& failure, uint64_t now_ms);

    const Options& options_;
    Groups& groups_;
    std::function<uint64_t()> next_ref_;
    Limits limits_;
    std::map<Sentence, std::vector<Entry>> queues_;
    size_t queued_ = 0;
    std::optional<uint64_t> due_ms_;
    std::map<uint64_t, Sent> sent_;  // by ref
    Verdicts verdicts_;
    size_t sent_again_ = 0;
    size_t good_again_ = 0;
};

inline void Settling::add(Lent& lent, const Sentence& said, SettlementPtr settlement,
                          uint64_t now_ms) {
    lent.state = Lent::State::kSettled;
    if (said.is_final()) verdicts_.add(lent.key, said);
    if (lent.extending) {
        lent.deferred = said;
        lent.deferred_settlement = std::move(settlement);
    } else {
        queue(said, {lent.token, lent.key, std::move(settlement), false}, now_ms);
    }
}

inline void Settling::queue(const Sentence& said, Entry entry, uint64_t now_ms) {
    queues_[said].push_back(std::move(entry));
    queued_++;
    if (!due_ms_) due_ms_ = now_ms + count_ms(options_.settle_linger);
}

inline void Settling::end_extension(Lent& lent, uint64_t now_ms) {
    lent.extending = false;
    if (!lent.deferred) return;
    const Sentence said = *std::exchange(lent.deferred, std::nullopt);
    queue(said, {lent.token, lent.key, std::exchange(lent.deferred_settlement, nullptr), false},
          now_ms);
}

inline void Settling::give_back(const Key& token, uint64_t now_ms) {
    queue({token.group, Verdict::kRelease, {}, {}}, {token.place, token, nullptr, false}, now_ms);
    flush(now_ms);
}

inline void Settling::fail(const Failure& failure) {
    const auto queues = std::exchange(queues_, {});
    const auto sent = std::exchange(sent_, {});
    queued_ = sent_again_ = good_again_ = 0;
    due_ms_.reset();
    verdicts_.clear();
    const auto finish = [&failure](const std::vector<Entry>& entries) {
        for (const Entry& each : entries)
            if (each.settlement) each.settlement->fail(failure);
    };
    for (const auto& each : sent)
        finish(each.second.entries);
    for (const auto& each : queues)
        finish(each.second);
}

inline void Settling::begin_session(uint64_t now_ms) {
    auto sent = std::exchange(sent_, {});
    for (auto& each : sent) {
        for (Entry& entry : each.second.entries) {
            entry.sent_before = true;
            queue(each.second.said, std::move(entry), now_ms);
        }
    }
    sent_again_ = queued_ - never_sent();
    good_again_ = 0;
    flush(now_ms);
}

inline size_t Settling::never_sent() const {
    size_t count = 0;
    for (const auto& each : queues_)
        for (const Entry& entry : each.second)
            count += entry.sent_before ? 0 : 1;
    return count;
}

inline std::optional<Said> Settling::take(size_t held, uint64_t now_ms) {
    if (!due_ms_ || (now_ms < *due_ms_ && !is_worth_it(held))) return std::nullopt;
    const auto first = queues_.begin();
    Sent sent{first->first, std::move(first->second), {}};
    queues_.erase(first);
    const auto by_token = [](const Entry& one, const Entry& other) {
        return one.token < other.token;
    };
    if (!std::is_sorted(sent.entries.begin(), sent.entries.end(), by_token))
        std::sort(sent.entries.begin(), sent.entries.end(), by_token);
    const auto token_of = [](const Entry& each) { return each.token; };
    const size_t taken = ranges_of(sent.entries, token_of, limits_, sent.ranges);
    if (taken < sent.entries.size()) {
        const auto left = sent.entries.begin() + static_cast<std::ptrdiff_t>(taken);
        queues_[sent.said].assign(std::make_move_iterator(left),
                                  std::make_move_iterator(sent.entries.end()));
        sent.entries.erase(left, sent.entries.end());
    }
    queued_ -= taken;
    if (queued_ == 0) due_ms_.reset();

    const uint64_t ref = next_ref_();
    Command command("SETTLE");
    command.text("group", groups_.name_of(sent.said.group))
        .text("verdict", kVerdictNames[static_cast<size_t>(sent.said.verdict)]);
    say_ranges(command, sent.entries, token_of, sent.ranges);
    command.number_if("delay", sent.said.delay_ms).text_if("reason", sent.said.reason);
    command.number("ref", ref);
    sent_.emplace(ref, std::move(sent));
    return command.said();
}

inline bool Settling::on_settled(uint64_t ref, const Fields& fields, uint64_t now_ms) {
    const auto found = sent_.find(ref);
    if (found == sent_.end()) return false;
    const Failure failure{std::string(fields.text_or_empty("code")),
                          std::string(fields.text_or_empty("text"))};
    const List stale = stale_of(fields, found->second.ranges.size());
    const Sent sent = std::move(found->second);
    sent_.erase(found);
    size_t at = 0;
    for (size_t range = 0; range < sent.ranges.size(); range++) {
        const uint64_t gone = number_of(stale[range]);
        size_t again = 0;
        for (size_t n = 0; n < sent.ranges[range]; n++) {
            const Entry& entry = sent.entries[at++];
            again += entry.sent_before ? 1 : 0;
            learn(sent, entry, gone > 0, gone == sent.ranges[range] && !entry.sent_before, failure,
                  now_ms);
        }
        sent_again_ -= std::min(again, sent_again_);
        good_again_ += again > gone ? again - static_cast<size_t>(gone) : 0;
    }
    return true;
}

inline void Settling::learn(const Sent& sent, const Entry& entry, bool stale, bool certain,
                            const Failure& failure, uint64_t now_ms) {
    if (sent.said.is_final()) verdicts_.learn(entry.message, stale, now_ms);
    if (entry.settlement) entry.settlement->learn(stale, certain, failure);
}

inline bool Settling::on_refused(uint64_t ref, const Failure& failure, uint64_t now_ms) {
    const auto found = sent_.find(ref);
    if (found == sent_.end()) return false;
    const Sent sent = std::move(found->second);
    sent_.erase(found);
    for (const Entry& each : sent.entries) {
        if (each.sent_before && sent_again_ > 0) sent_again_--;
        learn(sent, each, false, false, failure, now_ms);
    }
    return true;
}

inline void Settling::list_tokens(std::unordered_set<Key, KeyHash>& to) const {
    for (const auto& each : queues_)
        for (const Entry& entry : each.second)
            to.insert({each.first.group, entry.token});
}

}  // namespace zbridge::client::core
