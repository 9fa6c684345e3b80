// Checks of messages that were prepared for a topic over ZBP/1, to those clients of an endpoint that have
// subscribed to them: the one that was asked longest ago first.
//
// Flow:    engine -> on_check() -> [line] -> Checker::take() -> COMMIT, ROLLBACK, UNKNOWN -> take_off()
// Limits:  those of the line, WaitingChecks: beyond it, and where nobody has subscribed, nobody
//          is asked, and the engine knows it.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include "bridge/plugin/engine.h"
#include "bridge/plugin/waiting_checks.h"

namespace zbridge::protocol {

// A subscription of checks.
class Checker {
 public:
    virtual ~Checker() = default;
    // It takes one now.
    virtual bool free() const = 0;
    virtual void take(const plugin::Check& check) = 0;
};

class CheckLine final : public plugin::CheckListener {
 public:
    // As the engine has them: no endpoint of the file has such a name. `engine` outlives it.
    static std::string checker_of(std::string_view topic) { return "topic/" + std::string(topic); }
    CheckLine(std::string_view topic, plugin::Engine& engine) {
        engine.listen(checker_of(topic), *this);
    }

    void add(Checker& checker) { checkers_.push_front(&checker); }
    // Before it goes.
    void remove(Checker& checker);
    // To those that are free, now.
    void give();
    // It is resolved, or somebody has said that it is not known.
    void take_off(TransactionToken token) { line_.remove(token); }
    bool on_check(const plugin::Check& check) override;

    size_t waiting() const { return line_.size(); }

 private:
    std::list<Checker*> checkers_;  // the one that was asked longest ago first
    plugin::WaitingChecks line_;
};

}  // namespace zbridge::protocol
