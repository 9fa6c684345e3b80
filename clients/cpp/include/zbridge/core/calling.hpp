// Calls of services that have no answer yet.
//
// Flow:    call() -> CALL ... REPLY or REFUSED -> the call's waiter
// Promise: each call is answered once: by its reply, by what it was refused with, or by `in_doubt`
//          where the connection was lost and the bridge does not list it any more. Only what may be
//          executed twice is sent again.
// Limits:  Limits.calls without an answer on a connection; what is above waits here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>

#include "../options.hpp"
#include "heard.hpp"
#include "outcomes.hpp"

namespace zbridge::client {

// What a worker answered. Copies share its octets.
class Reply {
 public:
    Reply() = default;
    Reply(std::shared_ptr<const void> owner, std::string_view message)
        : owner_(std::move(owner)), message_(message) {}

    // Of one frame, else the last of them.
    std::string_view body() const {
        const auto all = frames();
        return all.empty() ? std::string_view{} : all.back();
    }
    std::vector<std::string_view> frames() const { return core::frames_of(message_); }

 private:
    std::shared_ptr<const void> owner_;
    std::string_view message_;
};

namespace core {

class ReplyWaiter {
 public:
    ReplyWaiter() = default;
    ReplyWaiter(const ReplyWaiter&) = delete;
    ReplyWaiter& operator=(const ReplyWaiter&) = delete;
    virtual ~ReplyWaiter() = default;
    // With an empty failure: the reply. Called once.
    virtual void on_answered(const Reply& reply, const Failure& failure) = 0;
};

struct Call {
    std::string service;
    std::string body;  // as it stands in a block
    std::optional<uint64_t> timeout_ms;
    bool again = false;  // it may be executed twice: sent again where nobody knows
    std::shared_ptr<ReplyWaiter> waiter;
    uint64_t at_ms = 0;
};

class Calling {
 public:
    // The bridge says that the time is over; where it cannot, this client does so long after it.
    static constexpr uint64_t kPatienceMs = 2000;

    explicit Calling(std::function<uint64_t()> next_ref) : next_ref_(std::move(next_ref)) {}
    Calling(const Calling&) = delete;
    Calling& operator=(const Calling&) = delete;

    // --- the application's side

    void call(Call call, uint64_t now_ms) {
        const uint64_t ref = next_ref_();
        call.at_ms = now_ms;
        if (const auto end = end_of(call)) ends_.emplace(*end, ref);
        waiting_.emplace(ref, std::move(call));
    }
    bool is_idle() const { return waiting_.empty() && sent_.empty(); }
    size_t on_wire() const { return sent_.size(); }
    void fail(const Failure& failure) {
        auto open = std::exchange(sent_, {});
        open.merge(waiting_);
        ends_.clear();
        for (const auto& each : open)
            each.second.waiter->on_answered({}, failure);
    }

    // --- the connection's side

    void limit(uint64_t calls_max) { calls_max_ = std::max<uint64_t>(calls_max, 1); }
    void begin_session(const List& listed);
    std::optional<uint64_t> next_deadline(bool open) const;
    // Those whose time is over, and whom the bridge has not told so.
    void tick(uint64_t now_ms);
    std::optional<Said> take_said(uint64_t now_ms);
    void on_reply(const Heard& heard);
    // Whether this ref is one of here.
    bool on_refused(uint64_t ref, const Failure& failure);
    // The bridge takes no more on this connection: what waits is for the next.
    void shut() { shut_ = true; }

 private:
    using Open = std::map<uint64_t, Call>;  // by ref

    static std::optional<uint64_t> end_of(const Call& call) {
        if (!call.timeout_ms) return std::nullopt;
        return call.at_ms + *call.timeout_ms + kPatienceMs;
    }

    // It has its answer.
    Call take(Open& from, Open::iterator call) {
        auto found = from.extract(call);
        if (const auto end = end_of(found.mapped())) ends_.erase({*end, found.key()});
        return std::move(found.mapped());
    }

    std::function<uint64_t()> next_ref_;
    uint64_t calls_max_ = 10'000;
    Open waiting_;  // to be said; what is said again comes first
    Open sent_;
    std::set<std::pair<uint64_t, uint64_t>> ends_;  // when the time of which ref is over
    bool shut_ = false;
};

// What the bridge lists is answered as if nothing had happened.
inline void Calling::begin_session(const List& listed) {
    shut_ = false;
    std::unordered_set<uint64_t> known;
    for (const Value& each : listed)
        known.insert(number_of(each));
    for (auto each = sent_.begin(); each != sent_.end();) {
        const auto next = std::next(each);
        if (known.count(each->first) > 0) {
            each = next;
            continue;
        }
        if (each->second.again)
            waiting_.insert(sent_.extract(each));
        else
            take(sent_, each)
                .waiter->on_answered(
                    {}, {"in_doubt", "the connection was lost: it may have been executed"});
        each = next;
    }
}

inline std::optional<uint64_t> Calling::next_deadline(bool open) const {
    if (open && !shut_ && !waiting_.empty() && sent_.size() < calls_max_) return 0;
    if (ends_.empty()) return std::nullopt;
    return ends_.begin()->first;
}

inline void Calling::tick(uint64_t now_ms) {
    while (!ends_.empty() && ends_.begin()->first <= now_ms) {
        const uint64_t ref = ends_.begin()->second;
        const auto sent = sent_.find(ref);
        Call over = sent != sent_.end() ? take(sent_, sent) : take(waiting_, waiting_.find(ref));
        over.waiter->on_answered({}, {"no_answer", "no answer came in time"});
    }
}

inline std::optional<Said> Calling::take_said(uint64_t now_ms) {
    if (waiting_.empty() || shut_ || sent_.size() >= calls_max_) return std::nullopt;
    auto moved = waiting_.extract(waiting_.begin());
    const Call& call = moved.mapped();
    Command command("CALL");
    command.number("ref", moved.key()).text("service", call.service);
    if (call.timeout_ms) {
        const uint64_t gone = now_ms - call.at_ms;
        command.number("timeout", *call.timeout_ms > gone ? *call.timeout_ms - gone : 1);
    }
    Said said = command.said(call.body);
    sent_.insert(std::move(moved));
    return said;
}

inline void Calling::on_reply(const Heard& heard) {
    BlockReader block(heard.block.octets);
    if (!block.next()) throw Violation("a REPLY without a message");
    const auto found = sent_.find(heard.fields.number("ref"));
    if (found == sent_.end()) return;  // its time was over
    take(sent_, found).waiter->on_answered(Reply(heard.block.owner, block.message()), {});
}

inline bool Calling::on_refused(uint64_t ref, const Failure& failure) {
    const auto found = sent_.find(ref);
    if (found == sent_.end()) return false;
    if (failure.code == "shutting_down")
        waiting_.insert(sent_.extract(found));  // it was not taken: for the next connection
    else
        take(sent_, found).waiter->on_answered({}, failure);
    return true;
}

}  // namespace core
}  // namespace zbridge::client
