// Subscriptions of which nothing is settled: asked for on each connection, what comes waits for the
// application. What it has not taken when the connection is lost is forgotten, and asked for again.
//
// Flow:    add() -> SUBSCRIBE ... on_subscribed() -> One::buffer -> take() ... close() -> UNSUBSCRIBE
// Limits:  the credit of each bounds its buffer.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "heard.hpp"

namespace zbridge::client::core {

// What each of them has, whatever comes.
template <class Item>
struct Stream {
    uint64_t sub = 0;
    bool asked = false;  // SUBSCRIBE is said on this connection
    Failure failure;     // closed, or refused
    std::deque<Item> buffer;
};

// `One` is a Stream with `void write(Command&) const`: what SUBSCRIBE says besides `sub`. `kFirstSub`
// and kCount beyond it are numbers that no other subscription of the client has.
template <class One, uint64_t kFirstSub>
class Streams {
 public:
    static constexpr uint64_t kCount = uint64_t{1} << 28;

    using OnePtr = std::shared_ptr<One>;

    explicit Streams(uint64_t first_sub = kFirstSub) : next_sub_(first_sub) {}
    Streams(const Streams&) = delete;
    Streams& operator=(const Streams&) = delete;

    static bool is_mine(uint64_t sub) { return sub >= kFirstSub && sub - kFirstSub < kCount; }

    // --- the application's side

    void add(const OnePtr& one) {
        one->sub = next_sub_++;
        open_[one->sub] = one;
        if (in_session_) ask(*one);
    }
    void close(One& one) {
        if (one.failure) return;
        one.failure = {"closed", "it is closed"};
        one.buffer.clear();
        if (in_session_ && one.asked)
            say(Command("UNSUBSCRIBE").number("sub", one.sub));
        else
            open_.erase(one.sub);
    }
    void close_all() {
        const auto open = open_;
        for (const auto& each : open)
            close(*each.second);
    }
    void fail(const Failure& failure) {
        for (const auto& each : std::exchange(open_, {})) {
            if (!each.second->failure) each.second->failure = failure;
            each.second->buffer.clear();
        }
        say_.clear();
    }

    // --- the connection's side

    void begin_session() {
        in_session_ = true;
        const auto open = open_;
        for (const auto& each : open) {
            if (each.second->failure)
                open_.erase(each.first);
            else
                ask(*each.second);
        }
    }
    void end_session() {
        in_session_ = false;
        say_.clear();
        for (const auto& each : open_) {
            each.second->buffer.clear();
            each.second->asked = false;
        }
    }
    void say(const Command& command) {
        if (in_session_) say_.push_back(command.said());
    }
    bool has_output() const { return !say_.empty(); }
    std::optional<Said> take_said() {
        if (say_.empty()) return std::nullopt;
        Said said = std::move(say_.front());
        say_.pop_front();
        return said;
    }

    // Null: it is closed, and what comes is not looked at. Throws Violation where there is none.
    One* of(uint64_t sub) {
        const auto found = open_.find(sub);
        if (found == open_.end()) throw Violation("a subscription that is not there");
        return found->second->failure ? nullptr : found->second.get();
    }
    void on_unsubscribed(uint64_t sub) { open_.erase(sub); }
    void on_refused(uint64_t sub, const Failure& failure) {
        const auto found = open_.find(sub);
        if (found == open_.end() || failure.code == "shutting_down") return;
        if (!found->second->failure) found->second->failure = failure;
        open_.erase(found);
    }

 private:
    void ask(One& one) {
        one.asked = true;
        Command command("SUBSCRIBE");
        command.number("sub", one.sub);
        one.write(command);
        say(command);
    }

    uint64_t next_sub_;
    bool in_session_ = false;
    std::map<uint64_t, OnePtr> open_;  // by number
    std::deque<Said> say_;
};

}  // namespace zbridge::client::core
