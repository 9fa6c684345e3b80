// What is asked once and answered once: QUERY, RECALL, RESET, ADMIN, and COMMIT and ROLLBACK of what
// was prepared.
//
// Flow:    ask() -> the command, with its ref ... the answer with that ref -> the ask's waiter
// Promise: each has an answer or a failure. Over a lost connection it is asked again on the next
//          where a second time changes nothing; where it would, it ends as `in_doubt`.
// Limits:  Limits.asks wait at a time; others wait here.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "heard.hpp"
#include "outcomes.hpp"

namespace zbridge::client::core {

class AskWaiter {
 public:
    AskWaiter() = default;
    AskWaiter(const AskWaiter&) = delete;
    AskWaiter& operator=(const AskWaiter&) = delete;
    virtual ~AskWaiter() = default;
    // `times`: how often it was said. Throws Violation where the answer is not as it should be.
    virtual void on_answered(const Heard& heard, uint64_t times) = 0;
    virtual void on_failed(const Failure& failure) = 0;
};

struct Ask {
    std::string name;
    std::string answer;  // the name of it
    std::function<void(Command&)> write;
    bool again = false;  // it may be asked a second time
    std::shared_ptr<AskWaiter> waiter;
    uint64_t times = 0;
};

class Asking {
 public:
    explicit Asking(std::function<uint64_t()> next_ref) : next_ref_(std::move(next_ref)) {}
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

    void ask(Ask ask) { waiting_.push_back(std::move(ask)); }
    bool is_idle() const { return waiting_.empty() && open_.empty(); }
    size_t on_wire() const { return open_.size(); }
    void fail(const Failure& failure) {
        for (const auto& each : std::exchange(open_, {}))
            each.second.waiter->on_failed(failure);
        for (const Ask& each : std::exchange(waiting_, {}))
            each.waiter->on_failed(failure);
    }

    void limit(uint64_t asks_max) { asks_max_ = std::max<uint64_t>(asks_max, 1); }
    bool has_output() const { return !waiting_.empty() && open_.size() < asks_max_; }

    std::optional<Said> take_said() {
        if (!has_output()) return std::nullopt;
        Ask ask = std::move(waiting_.front());
        waiting_.pop_front();
        ask.times++;
        const uint64_t ref = next_ref_();
        Command command(ask.name);
        command.number("ref", ref);
        ask.write(command);
        open_.emplace(ref, std::move(ask));
        return command.said();
    }

    void end_session() {
        auto lost = std::exchange(open_, {});
        for (auto each = lost.rbegin(); each != lost.rend(); ++each) {
            if (each->second.again)
                waiting_.push_front(std::move(each->second));
            else
                each->second.waiter->on_failed(
                    {"in_doubt", "the connection was lost before the answer"});
        }
    }

    void on_answer(const Heard& heard) {
        const auto found = open_.find(heard.fields.number("ref"));
        if (found == open_.end() || found->second.answer != heard.name)
            throw Violation(std::string(heard.name) + " that answers nothing");
        found->second.waiter->on_answered(heard, found->second.times);
        open_.erase(found);
    }

    bool on_refused(uint64_t ref, const Failure& failure) {
        const auto found = open_.find(ref);
        if (found == open_.end()) return false;
        const auto waiter = found->second.waiter;
        open_.erase(found);
        waiter->on_failed(failure);
        return true;
    }

 private:
    std::function<uint64_t()> next_ref_;
    uint64_t asks_max_ = 16;
    std::map<uint64_t, Ask> open_;  // by ref
    std::deque<Ask> waiting_;
};

}  // namespace zbridge::client::core
