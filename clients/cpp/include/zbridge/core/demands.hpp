// Subscriptions and fetches: asked for on each connection, and what comes for them.
//
// Flow:    subscribe() -> SUBSCRIBE ... DELIVER -> buffer -> take() | fetch() -> RECEIVE ... DELIVER
// Promise: a fetch whose answer was lost with its connection is asked again with the same `attempt`:
//          the messages that the session of a name still holds for it come to it, and no other way.
// Limits:  Limits.receives wait at a time, other fetches wait here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "doubts.hpp"
#include "inbox.hpp"

namespace zbridge::client::core {

class Demands {
 public:
    Demands(Inbox& inbox, Groups& groups, std::function<uint64_t()> next_ref)
        : inbox_(inbox), groups_(groups), next_ref_(std::move(next_ref)) {}
    Demands(const Demands&) = delete;
    Demands& operator=(const Demands&) = delete;

    // --- the application's side

    SubscriptionPtr subscribe(uint32_t group, uint64_t credit, const Lease& lease,
                              bool attributes = false);
    void set_credit(Subscription& subscription, uint64_t credit);
    // The next for the application, which holds it from now on; none: nothing is there.
    static LentPtr take(Subscription& subscription);
    void unsubscribe(Subscription& subscription, uint64_t now_ms);
    void fetch(FetchPtr fetch) { waiting_.push_back(std::move(fetch)); }
    // Nothing more is wanted. What the application holds it may still settle.
    void close(uint64_t now_ms);
    void fail(const Failure& failure);

    // --- the connection's side

    void limit(const Limits& limits) { limits_ = limits; }
    // What is held is this session's again if the bridge says so: of each, or at least of all of it.
    // Of the rest what nobody has looked at goes back.
    void begin_session(uint64_t resumed, const std::optional<Held>& held, bool same_epoch,
                       uint64_t now_ms);
    // What the session holds and never came here goes back: at once, or where a fetch that is asked
    // again may be answered with it, when its answer is there.
    void give_back_unknown(const std::vector<Key>& tokens, uint64_t now_ms);
    // The connection is lost: what waited on it is asked again on the next.
    void end_session();
    // No further deliveries for now: what nobody has looked at goes back.
    void pause(uint64_t now_ms);
    void go_on();
    // The bridge delivers nothing more on this connection; it answers what was asked.
    void leave(uint64_t now_ms);

    std::optional<uint64_t> next_deadline() const;
    // Fetches that never got to ask.
    void tick(uint64_t now_ms);
    uint64_t finished() const { return finished_; }  // so many of those
    std::optional<Said> take_said(uint64_t now_ms);

    // `closing`: nothing more is wanted on this connection.
    void on_deliver(const Heard& heard, bool closing, uint64_t now_ms);
    void on_subscribed(uint64_t sub);
    void on_unsubscribed(uint64_t sub) { subscriptions_.erase(sub); }
    // Of SUBSCRIBE, CREDIT or UNSUBSCRIBE. What it was delivered stays.
    void on_refused_sub(uint64_t sub, const Failure& failure, uint64_t now_ms);
    void on_refused_fetch(uint64_t ref, const Failure& failure, uint64_t now_ms);

 private:
    bool can_fetch() const { return in_session_ && fetches_.size() < limits_.receives; }
    void ask(Subscription& subscription);
    void say_credit(const Subscription& subscription, uint64_t credit) {
        say_.push_back(
            Command("CREDIT").number("sub", subscription.sub).number("credit", credit).said());
    }
    void say_unsubscribe(Subscription& subscription) {
        if (std::exchange(subscription.is_left, true)) return;
        say_.push_back(Command("UNSUBSCRIBE").number("sub", subscription.sub).said());
    }
    void give_back(Subscription& subscription, uint64_t now_ms, const Held* but_for = nullptr);
    void on_fetched(const Heard& heard, bool closing, uint64_t now_ms);
    void note_came(const Fetch& fetch, const Heard& heard);
    // Groups of the fetches that are asked again, and not answered.
    std::set<uint32_t> groups_asked_again() const;
    void settle_doubts(uint64_t now_ms);

    Inbox& inbox_;
    Groups& groups_;
    std::function<uint64_t()> next_ref_;
    Limits limits_;
    uint64_t next_sub_ = 1;
    std::map<uint64_t, SubscriptionPtr> subscriptions_;  // by number
    std::map<uint64_t, FetchPtr> fetches_;               // asked on this connection, by ref
    std::deque<FetchPtr> waiting_;                       // to be asked
    uint64_t attempts_ = 0;                              // of fetches
    Doubts doubts_;
    std::deque<Said> say_;
    bool in_session_ = false;
    uint64_t finished_ = 0;
};

inline SubscriptionPtr Demands::subscribe(uint32_t group, uint64_t credit, const Lease& lease,
                                          bool attributes) {
    auto made = std::make_shared<Subscription>();
    made->sub = next_sub_++;
    made->group = group;
    made->credit = credit;
    made->lease = lease;
    made->attributes = attributes;
    subscriptions_[made->sub] = made;
    ask(*made);
    return made;
}

inline void Demands::ask(Subscription& subscription) {
    if (!in_session_) return;
    subscription.asked = true;
    say_.push_back(Command("SUBSCRIBE")
                       .number("sub", subscription.sub)
                       .text("group", groups_.name_of(subscription.group))
                       .number("credit", subscription.credit)
                       .number_if("lease", subscription.lease.lease_ms)
                       .flag_if("attributes", subscription.attributes)
                       .said());
}

inline void Demands::set_credit(Subscription& subscription, uint64_t credit) {
    subscription.credit = credit;
    if (subscription.asked && in_session_) say_credit(subscription, credit);
}

inline LentPtr Demands::take(Subscription& subscription) {
    while (!subscription.buffer.empty()) {
        LentPtr found = std::move(subscription.buffer.front());
        subscription.buffer.pop_front();
        if (found->state != Lent::State::kBuffered) continue;
        found->state = Lent::State::kHanded;
        return found;
    }
    return nullptr;
}

inline void Demands::unsubscribe(Subscription& subscription, uint64_t now_ms) {
    if (subscription.failure) return;
    subscription.failure = {"closed", "the subscription is closed"};
    give_back(subscription, now_ms);
    if (!subscription.asked)
        subscriptions_.erase(subscription.sub);
    else if (in_session_)
        say_unsubscribe(subscription);
}

// What the application has not seen, but for what this list has.
inline void Demands::give_back(Subscription& subscription, uint64_t now_ms, const Held* but_for) {
    std::vector<LentPtr> going;
    std::deque<LentPtr> staying;
    for (LentPtr& each : subscription.buffer) {
        if (each->state != Lent::State::kBuffered) continue;
        if (but_for != nullptr && but_for->has({each->key.group, each->token}))
            staying.push_back(std::move(each));
        else
            going.push_back(std::move(each));
    }
    subscription.buffer = std::move(staying);
    inbox_.release(going, now_ms);
}

inline void Demands::close(uint64_t now_ms) {
    const auto open = subscriptions_;
    for (const auto& each : open)
        unsubscribe(*each.second, now_ms);
    const Failure closed{"closed", "the client is closing"};
    for (const auto& each : fetches_)
        each.second->finish(closed);
    for (const FetchPtr& each : waiting_)
        each->finish(closed);
    waiting_.clear();
    settle_doubts(now_ms);
}

inline void Demands::fail(const Failure& failure) {
    for (const auto& each : subscriptions_) {
        if (!each.second->failure) each.second->failure = failure;
        each.second->buffer.clear();
    }
    for (const auto& each : fetches_)
        each.second->finish(failure);
    for (const FetchPtr& each : waiting_)
        each->finish(failure);
    subscriptions_.clear();
    fetches_.clear();
    waiting_.clear();
    say_.clear();
    doubts_.clear();
}

inline void Demands::begin_session(uint64_t resumed, const std::optional<Held>& held,
                                   bool same_epoch, uint64_t now_ms) {
    in_session_ = true;
    const bool listed = held && held->is_whole();
    const bool in_doubt = !listed && (!same_epoch || resumed < inbox_.held());
    for (auto each = subscriptions_.begin(); each != subscriptions_.end();) {
        Subscription& subscription = *each->second;
        if (listed || in_doubt) give_back(subscription, now_ms, listed ? &*held : nullptr);
        subscription.asked = subscription.is_open = false;
        if (subscription.failure) {
            each = subscriptions_.erase(each);
            continue;
        }
        ask(subscription);
        ++each;
    }
}

inline void Demands::end_session() {
    in_session_ = false;
    say_.clear();
    doubts_.clear();  // the next WELCOME lists them
    for (auto each = fetches_.rbegin(); each != fetches_.rend(); ++each) {
        if (each->second->done) continue;
        each->second->again = true;
        waiting_.push_front(each->second);
    }
    fetches_.clear();
}

inline void Demands::pause(uint64_t now_ms) {
    in_session_ = false;
    for (const auto& each : subscriptions_) {
        give_back(*each.second, now_ms);
        if (each.second->asked && !each.second->failure) say_credit(*each.second, 0);
    }
}

inline void Demands::go_on() {
    in_session_ = true;
    for (const auto& each : subscriptions_) {
        if (!each.second->asked)
            ask(*each.second);
        else if (each.second->failure)  // closed meanwhile
            say_unsubscribe(*each.second);
        else
            say_credit(*each.second, each.second->credit);
    }
}

inline void Demands::leave(uint64_t now_ms) {
    in_session_ = false;
    say_.clear();
    for (const auto& each : subscriptions_)
        give_back(*each.second, now_ms);
    // They do not ask here any more: what was theirs goes back.
    for (const FetchPtr& each : waiting_)
        each->again = false;
    settle_doubts(now_ms);
}

inline std::optional<uint64_t> Demands::next_deadline() const {
    if (!say_.empty() || (!waiting_.empty() && can_fetch())) return 0;
    std::optional<uint64_t> first;
    for (const FetchPtr& each : waiting_)
        first = first ? std::min(*first, each->deadline_ms) : each->deadline_ms;
    return first;
}

inline void Demands::tick(uint64_t now_ms) {
    if (waiting_.empty() || can_fetch()) return;
    std::deque<FetchPtr> left;
    for (FetchPtr& each : waiting_) {
        if (each->deadline_ms <= now_ms) {
            each->finish({});
            finished_++;
        } else {
            left.push_back(std::move(each));
        }
    }
    waiting_ = std::move(left);
    settle_doubts(now_ms);
}

inline std::optional<Said> Demands::take_said(uint64_t now_ms) {
    if (!say_.empty()) {
        Said said = std::move(say_.front());
        say_.pop_front();
        return said;
    }
    while (!waiting_.empty() && can_fetch()) {
        const FetchPtr fetch = std::move(waiting_.front());
        waiting_.pop_front();
        if (fetch->done) continue;
        const uint64_t ref = next_ref_();
        fetches_[ref] = fetch;
        if (!fetch->again) fetch->attempt = ++attempts_;
        // What it was answered with comes at once: only then is it known whose the rest is.
        const bool waits = !fetch->again || !doubts_.has(fetch->group);
        const uint64_t until_ms = waits ? fetch->deadline_ms : now_ms;
        return Command("RECEIVE")
            .number("ref", ref)
            .text("group", groups_.name_of(fetch->group))
            .number("max", fetch->max)
            .number("wait", until_ms > now_ms ? until_ms - now_ms : 0)
            .number_if("lease", fetch->lease.lease_ms)
            .flag_if("attributes", fetch->attributes)
            .number("attempt", fetch->attempt)
            .said();
    }
    return std::nullopt;
}

inline void Demands::on_subscribed(uint64_t sub) {
    const auto found = subscriptions_.find(sub);
    if (found != subscriptions_.end()) found->second->is_open = true;
}

inline void Demands::on_refused_sub(uint64_t sub, const Failure& failure, uint64_t now_ms) {
    const auto found = subscriptions_.find(sub);
    if (found == subscriptions_.end() || failure.code == "shutting_down") return;
    if (!found->second->failure) found->second->failure = failure;
    give_back(*found->second, now_ms);
    subscriptions_.erase(found);
}

inline void Demands::on_deliver(const Heard& heard, bool closing, uint64_t now_ms) {
    if (heard.fields.find("ref") != nullptr) return on_fetched(heard, closing, now_ms);
    const auto found = subscriptions_.find(heard.fields.number("sub"));
    if (found == subscriptions_.end())
        throw Violation("DELIVER for a subscription that is not there");
    Subscription& subscription = *found->second;
    const auto came = inbox_.read(heard, subscription.group, subscription.lease, now_ms);
    if (subscription.failure || closing) return inbox_.release(came, now_ms);
    subscription.buffer.insert(subscription.buffer.end(), came.begin(), came.end());
}

}  // namespace zbridge::client::core
