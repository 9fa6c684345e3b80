// What is delivered: what is held, under which token, and what becomes of it over connections.
//
// Flow:    SUBSCRIBE or RECEIVE (demands.hpp) ... DELIVER -> [inbox] -> Delivery -> settling.hpp
// Promise: a message that this client has acked or rejected is not handed out again by it: delivered
//          once more before the bridge knew, it is settled under its newest token. What the
//          application has not seen is given back as soon as somebody else may have it.
// Limits:  Subscription.credit and Fetch.max bound what is held; after kHeldMsMax it is forgotten.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "demand.hpp"
#include "extending.hpp"

namespace zbridge::client::core {

class Inbox {
 public:
    static constexpr uint64_t kHeldMsMax = uint64_t{12} * 3600 * 1000;  // no lease is longer
    static constexpr uint64_t kSweepMs = 600'000;

    // Messages that follow each other, of one DELIVER.
    struct Run {
        Place token;
        uint64_t count;
        uint64_t attempt;
        Place id;
    };
    static Run run_of(const Value& value);

    Inbox(Settling& settling, Extending& extending) : settling_(settling), extending_(extending) {}
    Inbox(const Inbox&) = delete;
    Inbox& operator=(const Inbox&) = delete;

    // --- the application's side

    // Each under its newest token. What was delivered again meanwhile, and not handed out yet, is
    // settled by it. Throws AlreadySettled, and none is settled then.
    void settle(const std::vector<LentPtr>& lent, const Sentence& said,
                const SettlementPtr& settlement, uint64_t now_ms);
    void settle(const LentPtr& lent, const Sentence& said, SettlementPtr settlement,
                uint64_t now_ms);
    size_t held() const { return held_.size(); }
    // So many the application has not settled.
    size_t handed() const;
    void fail() { held_.clear(); }

    // --- the connection's side

    // What a DELIVER has, but for what the application is not to see.
    std::vector<LentPtr> read(const Heard& heard, uint32_t group, const Lease& lease,
                              uint64_t now_ms);
    void release(const std::vector<LentPtr>& lent, uint64_t now_ms);
    // What never came here.
    void give_back(const Key& token, uint64_t now_ms) { settling_.give_back(token, now_ms); }
    std::optional<uint64_t> next_deadline() const { return next_extend_ms_; }
    // Leases that are to go on.
    void tick(uint64_t now_ms);
    void list_tokens(std::unordered_set<Key, KeyHash>& to) const;

 private:
    static void check_unsettled(const std::vector<LentPtr>& lent);
    bool admit(const LentPtr& lent, uint64_t now_ms);
    void begin_lease(Lent& lent, const Lease& lease, uint64_t now_ms);
    void extend_all(uint64_t now_ms);
    void extend_by(uint64_t at_ms) {
        next_extend_ms_ = next_extend_ms_ ? std::min(*next_extend_ms_, at_ms) : at_ms;
    }

    Settling& settling_;
    Extending& extending_;
    std::unordered_map<Key, LentPtr, KeyHash> held_;  // the newest delivery of each message
    std::optional<uint64_t> next_extend_ms_;
    uint64_t next_sweep_ms_ = 0;
};

inline void Inbox::settle(const std::vector<LentPtr>& lent, const Sentence& said,
                          const SettlementPtr& settlement, uint64_t now_ms) {
    check_unsettled(lent);
    Sentence of_group = said;
    for (const LentPtr& each : lent) {
        of_group.group = each->key.group;
        settle(each, of_group, settlement, now_ms);
    }
}

// Also where one stands there twice: for as long as it looks, what it has seen is settled.
inline void Inbox::check_unsettled(const std::vector<LentPtr>& lent) {
    size_t seen = 0;
    for (; seen < lent.size() && lent[seen]->state == Lent::State::kHanded; seen++)
        lent[seen]->state = Lent::State::kSettled;
    for (size_t n = 0; n < seen; n++)
        lent[n]->state = Lent::State::kHanded;
    if (seen < lent.size()) throw AlreadySettled("one of them has had its verdict");
}

inline void Inbox::settle(const LentPtr& lent, const Sentence& said, SettlementPtr settlement,
                          uint64_t now_ms) {
    if (lent->state == Lent::State::kSettled)
        throw AlreadySettled("message " + MessageId(lent->key.place).text() +
                             " has had its verdict");
    const auto found = held_.find(lent->key);
    if (found != held_.end()) {
        const LentPtr newest = std::move(found->second);
        held_.erase(found);
        if (newest != lent && newest->state == Lent::State::kBuffered) {
            settling_.add(*newest, said, std::move(settlement), now_ms);
            settlement = nullptr;  // the older one has its place of the credit all the same
        }
    }
    settling_.add(*lent, said, std::move(settlement), now_ms);
}

inline size_t Inbox::handed() const {
    return static_cast<size_t>(std::count_if(held_.begin(), held_.end(), [](const auto& each) {
        return each.second->state == Lent::State::kHanded;
    }));
}

inline Inbox::Run Inbox::run_of(const Value& value) {
    const List entry = list_of(value, 4);
    const Run run{Place::read(octets_of(entry[0])), number_of(entry[1]), number_of(entry[2]),
                  Place::read(octets_of(entry[3]))};
    if (run.count == 0 || run.attempt == 0) throw Violation("a run of no message, or no attempt");
    return run;
}

inline std::vector<LentPtr> Inbox::read(const Heard& heard, uint32_t group, const Lease& lease,
                                        uint64_t now_ms) {
    std::vector<LentPtr> came;
    BlockReader block(heard.block.octets);
    const List runs = heard.fields.list("runs"), all = heard.fields.list_or_empty("attributes");
    if (all.size != 0 && all.size != runs.size)
        throw Violation("a DELIVER with another count of attributes than of runs");
    for (size_t at = 0; at < runs.size; at++) {
        const Run run = run_of(runs[at]);
        const AttributesPtr attributes = all.size == 0 ? nullptr : attributes_of(all[at]);
        for (uint64_t n = 0; n < run.count; n++) {
            if (!block.next()) throw Violation("a DELIVER with more runs than its block");
            auto made = std::make_shared<Lent>();
            made->key = {group, run.id.behind(n)};
            made->token = run.token.behind(n);
            made->attempt = run.attempt;
            made->owner = heard.block.owner;
            made->message = block.message();
            made->body = block.last();
            made->attributes = attributes;
            came.push_back(std::move(made));
        }
    }
    if (block.next()) throw Violation("a DELIVER with fewer runs than its block");
    size_t kept = 0;
    for (LentPtr& each : came) {
        begin_lease(*each, lease, now_ms);
        if (admit(each, now_ms)) std::swap(came[kept++], each);
    }
    came.resize(kept);
    return came;
}

inline void Inbox::begin_lease(Lent& lent, const Lease& lease, uint64_t now_ms) {
    lent.arrived_ms = now_ms;
    lent.lease_ms = lease.lease_ms;
    lent.lease_ends_ms = now_ms + lease.lease_ms.value_or(0);
    if (!lease.lease_ms || lease.auto_extend_ms == 0) return;
    lent.extend_until_ms = now_ms + lease.auto_extend_ms;
    extend_by(now_ms + *lease.lease_ms / 3);
}

// Whether the application is to see it. An older delivery of it that nobody has seen goes.
inline bool Inbox::admit(const LentPtr& lent, uint64_t now_ms) {
    if (const auto said = settling_.final_verdict(lent->key, now_ms)) {
        settling_.add(*lent, *said, nullptr, now_ms);
        return false;
    }
    LentPtr& newest = held_[lent->key];
    const LentPtr before = std::exchange(newest, lent);
    if (before && before->state == Lent::State::kBuffered)
        settling_.add(*before, {lent->key.group, Verdict::kRelease, {}, {}}, nullptr, now_ms);
    return true;
}

inline void Inbox::release(const std::vector<LentPtr>& lent, uint64_t now_ms) {
    for (const LentPtr& each : lent) {
        const auto found = held_.find(each->key);
        if (found != held_.end() && found->second == each) held_.erase(found);
        settling_.add(*each, {each->key.group, Verdict::kRelease, {}, {}}, nullptr, now_ms);
    }
}

inline void Inbox::tick(uint64_t now_ms) {
    if (next_extend_ms_ && now_ms >= *next_extend_ms_) extend_all(now_ms);
    if (now_ms < next_sweep_ms_) return;
    next_sweep_ms_ = now_ms + kSweepMs;
    for (auto each = held_.begin(); each != held_.end();)
        each = now_ms - each->second->arrived_ms > kHeldMsMax ? held_.erase(each) : std::next(each);
}

// Those whose lease is to a third over, until `auto_extend` is.
inline void Inbox::extend_all(uint64_t now_ms) {
    std::map<std::pair<uint32_t, uint64_t>, std::vector<LentPtr>> due;  // by group and lease
    next_extend_ms_.reset();
    for (const auto& held : held_) {
        const LentPtr& each = held.second;
        if (each->state == Lent::State::kSettled || !each->lease_ms ||
            each->extend_until_ms <= now_ms)
            continue;
        uint64_t soon = each->lease_ends_ms - 2 * *each->lease_ms / 3;
        if (soon <= now_ms && !each->extending) {
            due[{each->key.group, *each->lease_ms}].push_back(each);
            soon = now_ms + *each->lease_ms / 3;
        }
        extend_by(std::max(soon, now_ms + 100));
    }
    for (const auto& each : due)
        extending_.extend(each.second, each.first.second, nullptr);
}

inline void Inbox::list_tokens(std::unordered_set<Key, KeyHash>& to) const {
    for (const auto& each : held_)
        to.insert({each.first.group, each.second->token});
}

}  // namespace zbridge::client::core
