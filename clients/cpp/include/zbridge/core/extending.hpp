// Leases that are extended: EXTEND on its way, and what becomes of it over a lost connection.
//
// Flow:    extend() -> EXTEND ... SETTLED -> the delivery's new token -> its verdict, if it waits
// Promise: while an EXTEND of a delivery has no answer nothing else is said of it: under which token
//          is not known.
// Limits:  Limits.ranges and settle_messages a command.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "held.hpp"
#include "settling.hpp"

namespace zbridge::client::core {

// One call, for deliveries of one group. Its failure is `stale` where one is nobody's to extend.
struct Extension {
    std::shared_ptr<Waiter> waiter;  // none: nobody waits
    std::optional<uint64_t> lease_ms;
    size_t left = 0;
    uint64_t stale = 0;
    bool certain = true;

    void finish(const Failure& failure) const {
        if (waiter) waiter->finish(failure);
    }
    void finish_if_done() const {
        if (left > 0) return;
        finish(stale > 0 ? Failure{"stale", std::to_string(stale) + " no longer open", certain}
                         : Failure{});
    }
};

class Extending {
 public:
    Extending(Settling& settling, Groups& groups, std::function<uint64_t()> next_ref)
        : settling_(settling), groups_(groups), next_ref_(std::move(next_ref)) {}
    Extending(const Extending&) = delete;
    Extending& operator=(const Extending&) = delete;

    // REQUIRES: one group; none has its verdict. Those that are being extended are left out.
    void extend(const std::vector<LentPtr>& lent, std::optional<uint64_t> lease_ms,
                std::shared_ptr<Waiter> waiter);
    bool is_idle() const { return waiting_.empty() && sent_.empty(); }
    void fail(const Failure& failure);

    void limit(const Limits& limits) { limits_ = limits; }
    // It goes again where the list of what is held shows that the bridge has not heard it: else its
    // token is stale by it, and the list has the new one.
    void begin_session(const std::optional<Held>& held, uint64_t now_ms);
    bool has_output() const { return !waiting_.empty(); }
    std::optional<Said> take(uint64_t now_ms);
    bool on_settled(uint64_t ref, const Fields& fields, uint64_t now_ms);
    bool on_refused(uint64_t ref, const Failure& failure, uint64_t now_ms);
    void list_tokens(std::unordered_set<Key, KeyHash>& to) const;

 private:
    struct Part {
        std::shared_ptr<Extension> extension;
        std::vector<LentPtr> lent;
        std::vector<size_t> ranges;
        uint64_t at_ms = 0;
    };

    void resume(const Part& lost, const std::optional<Held>& held, uint64_t now_ms);
    static void renew(Lent& lent, Place token, const Part& part) {
        lent.token = token;
        lent.lease_ends_ms =
            part.at_ms + part.extension->lease_ms.value_or(lent.lease_ms.value_or(0));
    }

    Settling& settling_;
    Groups& groups_;
    std::function<uint64_t()> next_ref_;
    Limits limits_;
    std::deque<Part> waiting_;
    std::map<uint64_t, Part> sent_;  // by ref
};

inline void Extending::extend(const std::vector<LentPtr>& lent, std::optional<uint64_t> lease_ms,
                              std::shared_ptr<Waiter> waiter) {
    auto extension = std::make_shared<Extension>();
    extension->waiter = std::move(waiter);
    extension->lease_ms = lease_ms;
    const size_t most = static_cast<size_t>(
        std::max<uint64_t>(1, std::min(limits_.ranges, limits_.settle_messages)));
    for (const LentPtr& each : lent) {
        if (each->extending) continue;
        each->extending = true;
        if (extension->left++ % most == 0) waiting_.push_back({extension, {}, {}, 0});
        waiting_.back().lent.push_back(each);
    }
    extension->finish_if_done();
}

inline void Extending::fail(const Failure& failure) {
    const auto fail = [&failure](const Part& part) {
        part.extension->finish(failure);
        for (const LentPtr& each : part.lent)
            if (each->deferred_settlement) each->deferred_settlement->fail(failure);
    };
    for (const auto& each : std::exchange(sent_, {}))
        fail(each.second);
    for (const auto& each : std::exchange(waiting_, {}))
        fail(each);
}

inline void Extending::begin_session(const std::optional<Held>& held, uint64_t now_ms) {
    for (const auto& each : std::exchange(sent_, {}))
        resume(each.second, held, now_ms);
}

inline void Extending::resume(const Part& lost, const std::optional<Held>& held, uint64_t now_ms) {
    Part again{lost.extension, {}, {}, 0};
    for (const LentPtr& each : lost.lent) {
        const auto token = held ? held->token_of({each->key.group, each->token}) : std::nullopt;
        if (token == each->token && !each->deferred) {
            again.lent.push_back(each);
            continue;
        }
        if (token && *token != each->token) renew(*each, *token, lost);
        if (!token) {
            lost.extension->stale++;
            lost.extension->certain = false;
        }
        lost.extension->left--;
        settling_.end_extension(*each, now_ms);
    }
    if (again.lent.empty())
        lost.extension->finish_if_done();
    else
        waiting_.push_back(std::move(again));
}

inline std::optional<Said> Extending::take(uint64_t now_ms) {
    if (waiting_.empty()) return std::nullopt;
    Part part = std::move(waiting_.front());
    waiting_.pop_front();
    std::sort(part.lent.begin(), part.lent.end(),
              [](const LentPtr& one, const LentPtr& other) { return one->token < other->token; });
    const auto token_of = [](const LentPtr& each) { return each->token; };
    const size_t taken = ranges_of(part.lent, token_of, limits_, part.ranges);
    if (taken < part.lent.size()) {  // the limits are not those of when it was asked for
        const auto left = part.lent.begin() + static_cast<std::ptrdiff_t>(taken);
        waiting_.push_front({part.extension, {left, part.lent.end()}, {}, 0});
        part.lent.erase(left, part.lent.end());
    }
    part.at_ms = now_ms;
    const uint64_t ref = next_ref_();
    Command command("EXTEND");
    command.text("group", groups_.name_of(part.lent.front()->key.group));
    say_ranges(command, part.lent, token_of, part.ranges);
    command.number_if("lease", part.extension->lease_ms).number("ref", ref);
    sent_.emplace(ref, std::move(part));
    return command.said();
}

inline bool Extending::on_settled(uint64_t ref, const Fields& fields, uint64_t now_ms) {
    const auto found = sent_.find(ref);
    if (found == sent_.end()) return false;
    const List tokens = fields.list("tokens");
    const List stale = stale_of(fields, found->second.ranges.size());
    if (tokens.size != stale.size)
        throw Violation("an answer to EXTEND with another number of tokens");
    for (const Value& each : tokens)
        if (!each.is_nil()) Place::read(octets_of(each));
    const Part part = std::move(found->second);
    sent_.erase(found);
    size_t at = 0;
    for (size_t range = 0; range < part.ranges.size(); range++) {
        for (size_t n = 0; n < part.ranges[range]; n++) {
            Lent& lent = *part.lent[at++];
            if (tokens[range].is_nil())
                lent.extend_until_ms = 0;
            else
                renew(lent, Place::read(octets_of(tokens[range])).behind(n), part);
            settling_.end_extension(lent, now_ms);
        }
        part.extension->stale += number_of(stale[range]);
        part.extension->left -= part.ranges[range];
    }
    part.extension->finish_if_done();
    return true;
}

inline bool Extending::on_refused(uint64_t ref, const Failure& failure, uint64_t now_ms) {
    const auto found = sent_.find(ref);
    if (found == sent_.end()) return false;
    const Part part = std::move(found->second);
    sent_.erase(found);
    for (const LentPtr& each : part.lent)
        settling_.end_extension(*each, now_ms);
    part.extension->finish(failure);
    return true;
}

inline void Extending::list_tokens(std::unordered_set<Key, KeyHash>& to) const {
    for (const Part& part : waiting_)
        for (const LentPtr& each : part.lent)
            to.insert({each->key.group, each->token});
}

}  // namespace zbridge::client::core
