// One client without sockets, threads and clocks: its connection over all its lives, and what goes
// on over it.
//
// Flow:    the driver opens link link_number() -> take_output() (HELLO first) ... received() ->
//          outbox | demands, inbox | settling, extending | readings | calling | serving | asking,
//          checking
// Thread:  one at a time; the time is given in with each call, in milliseconds that never go back.
// Promise: nothing is said before WELCOME but HELLO. After it what has no answer is said again, as
//          docs/PROTOCOL.md, "Losing a connection", has it.
// Failure: fail() ends all of it with one failure: closed, replaced by another of its name, refused
//          for good.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "asking.hpp"
#include "calling.hpp"
#include "checking.hpp"
#include "demands_fetch.hpp"
#include "outbox.hpp"
#include "reading.hpp"
#include "serving.hpp"

namespace zbridge::client::core {

class Core {
 public:
    static constexpr uint64_t kVersion = 1;
    static constexpr uint64_t kLeaveMsMin = 100;  // after the bridge's BYE
    static constexpr uint64_t kNeverMs = uint64_t{1} << 50;
    static constexpr size_t kReplacesMax = 10;  // other connections of its name, within
    static constexpr uint64_t kReplacesMs = 60'000;
    // So long nothing is delivered, where messages are held that never came here.
    static constexpr uint64_t kRenewMsMax = 2000;

    // kLeaving: the bridge said BYE. kLeft: so did this client then. kClosing: this client said it,
    // to come back no more.
    enum class State : uint8_t { kIdle, kGreeting, kOpen, kLeaving, kLeft, kClosing, kFailed };

    Core(Options options, uint64_t now_ms, uint64_t first_seq, uint64_t seed);
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    // --- the application's side

    // Throws what the client failed with, or that it is closing.
    void check_open() const;
    // Whether the bridge serves it, as far as is known.
    bool may_serve(std::string_view feature) const;
    // Throws where the bridge is known not to serve it.
    void need(std::string_view feature) const;
    // As Outbox::add(). REQUIRES: outbox.has_room().
    uint64_t publish(Publication&& message, std::optional<uint64_t> seq, uint64_t now_ms);
    // What waits for company goes now.
    void flush(uint64_t now_ms);
    // Begins the end: what was published gets its receipts, what was settled becomes durable, then
    // BYE. The driver calls fail() when it has waited long enough.
    void close(uint64_t now_ms);
    void fail(const Failure& failure);
    bool has_nothing_to_say() const {
        return outbox.empty() && settling.is_idle() && extending.is_idle() && calling.is_idle() &&
               serving.has_said_all() && asking.is_idle();
    }

    // --- the connection's side

    // 0 where there is to be no connection, else the number of the one there is to be: a driver that
    // has another closes that first.
    uint64_t link_number() const { return link_; }
    // When tick() is due; what is past is due now. None: not before something happens.
    std::optional<uint64_t> next_deadline() const;
    // Until when the driver sleeps. Where company is waited for it looks by itself when that is over:
    // whoever adds a message need not wake it for this.
    std::optional<uint64_t> sleep_until(uint64_t now_ms) const;
    void tick(uint64_t now_ms);
    // What is to be sent over the link of link_number(), in order.
    std::vector<Said> take_output(uint64_t now_ms);
    // The connection is lost, or was never there: anew, after a while.
    void lost(const std::string& why, uint64_t now_ms);
    void received(std::string_view header, Block block, uint64_t now_ms);
    // A message of other frames than one or two.
    void received_nonsense(uint64_t now_ms) { lost("a message of many frames", now_ms); }

    // Another one after a call: what somebody waits for may have come true.
    using Mark = std::tuple<State, uint64_t, uint64_t, uint64_t>;
    Mark mark() const { return {state_, outbox.forgotten(), demands.finished(), heard_}; }

    State state() const { return state_; }
    bool is_open() const {
        return state_ != State::kIdle && state_ != State::kGreeting && state_ != State::kFailed;
    }
    const Failure& failure() const { return failure_; }
    uint64_t losses() const { return losses_; }    // of connections that were open
    uint64_t resumed() const { return resumed_; }  // by the last WELCOME
    const std::string& bridge() const { return bridge_; }
    const Options& options() const { return options_; }
    uint64_t next_ref() { return ++refs_; }

 private:
    Options options_;
    uint64_t refs_ = 0;

 public:
    Calls calls;  // the driver makes them, in none of the core's
    Groups groups;
    Outbox outbox;
    Settling settling;
    Extending extending;
    Inbox inbox;
    Demands demands;
    Calling calling;
    Serving serving;
    Asking asking;
    Readings readings;
    Checking checking;

 private:
    void greet(uint64_t now_ms);
    uint64_t backoff_ms();
    void log(std::string what);
    void hear(const Heard& heard, uint64_t now_ms);
    void on_welcome(const Fields& fields, uint64_t now_ms);
    void limit(const Fields& limits);
    bool replaces_too_often(uint64_t now_ms);
    void give_back_unknown(const Held& held, uint64_t now_ms);
    void on_refused(const Fields& fields, uint64_t now_ms);
    void on_refused_sub(uint64_t sub, const Failure& failure, uint64_t now_ms);
    void on_deliver(const Heard& heard, uint64_t now_ms);
    void on_subscribed(const Fields& fields);
    void on_unsubscribed(uint64_t sub);
    void on_settled(const Fields& fields, uint64_t now_ms);
    void on_bye(uint64_t now_ms);
    void leave(uint64_t now_ms);
    void renew_if_need_be(uint64_t now_ms);
    void collect(uint64_t now_ms);
    bool is_done_here() const;
    bool is_all_answered() const { return calling.on_wire() == 0 && asking.on_wire() == 0; }
    bool is_heartbeat_due(uint64_t now_ms) const {
        return now_ms >= said_ms_ + heartbeat_ms_ * 2 / 3;
    }

    State state_ = State::kIdle;
    Failure failure_;
    std::mt19937_64 chance_;
    uint64_t link_ = 0;
    uint64_t links_ = 0;
    uint64_t attempts_ = 0;
    uint64_t losses_ = 0;
    uint64_t heard_ = 0;  // messages
    std::optional<uint64_t> try_ms_;
    uint64_t greeting_ends_ms_ = 0;
    uint64_t heartbeat_ms_;
    uint64_t heard_ms_;
    uint64_t said_ms_;
    bool closing_ = false;
    std::vector<Said> output_;
    std::deque<uint64_t> replaces_;  // when another of its name was

    // Of the last WELCOME.
    bool was_welcome_ = false;
    uint64_t epoch_ = 0;
    uint64_t resumed_ = 0;
    std::string bridge_;
    std::vector<std::string> features_;
    bool serves_publish_ = true;
    bool serves_once_ = true;

    // Resumed, and not known here; known when what is settled again is answered.
    std::optional<uint64_t> unclaimed_;
    std::optional<uint64_t> renewing_ends_ms_;
};

}  // namespace zbridge::client::core
