// The core's own life: attempts to connect, what is due, what goes out, the end.
#pragma once

#include "core_class.hpp"

namespace zbridge::client::core {

inline Core::Core(Options options, uint64_t now_ms, uint64_t first_seq, uint64_t seed)
    : options_(std::move(options)),
      outbox(options_, calls, first_seq),
      settling(options_, groups, [this] { return next_ref(); }),
      extending(settling, groups, [this] { return next_ref(); }),
      inbox(settling, extending),
      demands(inbox, groups, [this] { return next_ref(); }),
      calling([this] { return next_ref(); }),
      asking([this] { return next_ref(); }),
      chance_(seed),
      try_ms_(now_ms),
      heartbeat_ms_(count_ms(options_.heartbeat)),
      heard_ms_(now_ms),
      said_ms_(now_ms) {}

inline void Core::check_open() const {
    if (failure_) raise(failure_);
    if (closing_) throw Closed("the client is closing");
}

inline bool Core::may_serve(std::string_view feature) const {
    return !was_welcome_ ||  // it is refused when it comes to it
           std::find(features_.begin(), features_.end(), feature) != features_.end();
}

inline void Core::need(std::string_view feature) const {
    if (!may_serve(feature))
        throw Refused("unsupported", "this bridge does not serve `" + std::string(feature) + "`");
}

inline uint64_t Core::publish(Publication&& message, std::optional<uint64_t> seq, uint64_t now_ms) {
    check_open();
    if (!serves_publish_) need("publish");
    if (message.once && options_.name.empty())
        throw Invalid("once: the client needs a name, Options::name");
    if (message.once && !serves_once_) need("once");
    return outbox.add(std::move(message), seq, now_ms);
}

inline void Core::flush(uint64_t now_ms) {
    outbox.flush();
    settling.flush(now_ms);
}

inline void Core::close(uint64_t now_ms) {
    if (closing_ || state_ == State::kFailed) return;
    closing_ = true;
    demands.close(now_ms);
    serving.close();
    readings.close_all();
    checking.close_all();
    flush(now_ms);
}

inline void Core::fail(const Failure& failure) {
    if (state_ == State::kFailed) return;
    state_ = State::kFailed;
    failure_ = failure;
    link_ = 0;
    try_ms_.reset();
    output_.clear();
    outbox.fail(failure);
    settling.fail(failure);
    extending.fail(failure);
    demands.fail(failure);
    calling.fail(failure);
    serving.fail(failure);
    asking.fail(failure);
    readings.fail(failure);
    checking.fail(failure);
    inbox.fail();
}

inline std::optional<uint64_t> Core::next_deadline() const {
    if (state_ == State::kFailed) return std::nullopt;
    std::optional<uint64_t> first;
    const auto consider = [&first](std::optional<uint64_t> at_ms) {
        if (at_ms && (!first || *at_ms < *first)) first = at_ms;
    };
    consider(try_ms_);
    consider(inbox.next_deadline());
    consider(demands.next_deadline());
    consider(calling.next_deadline(state_ == State::kOpen));
    if (state_ == State::kGreeting)
        consider(greeting_ends_ms_);
    else if (state_ != State::kIdle)
        consider(heard_ms_ + 3 * heartbeat_ms_);
    if (state_ == State::kOpen || state_ == State::kLeaving) {
        consider(said_ms_ + heartbeat_ms_ * 2 / 3);
        consider(settling.next_deadline(inbox.held()));
        if (extending.has_output() || !serving.has_said_all()) consider(0);
    }
    if (state_ == State::kOpen) {
        consider(outbox.next_deadline());
        if (asking.has_output() || readings.has_output() || checking.has_output()) consider(0);
        consider(renewing_ends_ms_);
        if (unclaimed_ && settling.sent_again() == 0) consider(0);
    }
    return first;
}

inline std::optional<uint64_t> Core::sleep_until(uint64_t now_ms) const {
    const auto due = next_deadline();
    const uint64_t linger_ms = count_ms(options_.linger);
    if (state_ != State::kOpen || outbox.empty() || linger_ms == 0) return due;
    const uint64_t linger_ends_ms = now_ms + linger_ms;
    return due ? std::min(*due, linger_ends_ms) : linger_ends_ms;
}

inline void Core::tick(uint64_t now_ms) {
    if (state_ == State::kFailed) return;
    if (state_ == State::kIdle && try_ms_ && now_ms >= *try_ms_)
        greet(now_ms);
    else if (state_ == State::kGreeting && now_ms >= greeting_ends_ms_)
        lost("no WELCOME", now_ms);
    else if (is_open() && now_ms >= heard_ms_ + 3 * heartbeat_ms_)
        lost("three heartbeats were missed", now_ms);
    if (state_ == State::kOpen) renew_if_need_be(now_ms);
    demands.tick(now_ms);
    inbox.tick(now_ms);
    calling.tick(now_ms);
    if (closing_ && state_ == State::kIdle && has_nothing_to_say())
        fail({"closed", "the client is closed"});
}

inline void Core::greet(uint64_t now_ms) {
    link_ = ++links_;
    state_ = State::kGreeting;
    try_ms_.reset();
    greeting_ends_ms_ = now_ms + count_ms(options_.connect_timeout);
    heartbeat_ms_ = count_ms(options_.heartbeat);
    Command hello("HELLO");
    hello.value("versions", [](Packer& packer) { packer.pack_array(1).pack_uint64(kVersion); });
    if (!options_.name.empty()) hello.text("name", options_.name);
    // What was on its way and never came is given back: it is listed in WELCOME.
    if (!options_.name.empty() && was_welcome_) hello.flag("resume");
    hello.number("heartbeat", heartbeat_ms_).text("client", options_.client);
    output_.clear();
    output_.push_back(hello.said());
}

inline uint64_t Core::backoff_ms() {
    const uint64_t most = count_ms(options_.backoff_max);
    uint64_t longest = count_ms(options_.backoff_min);
    for (uint64_t n = 0; n < attempts_ && longest < most; n++)
        longest *= 2;
    longest = std::min(longest, most);
    attempts_++;
    return longest - chance_() % (longest / 2 + 1);
}

inline void Core::log(std::string what) {
    if (options_.log)
        calls.waiting.push_back(std::make_shared<DueCall>(
            [tell = options_.log, what = std::move(what)] { tell(what); }));
}

inline void Core::lost(const std::string& why, uint64_t now_ms) {
    if (state_ == State::kIdle || state_ == State::kFailed) return;
    if (state_ == State::kClosing) return fail({"closed", "the client is closed"});
    if (state_ != State::kGreeting) losses_++;
    log("the connection to the bridge is lost: " + why);
    const bool was_leaving = state_ == State::kLeaving || state_ == State::kLeft;
    state_ = State::kIdle;
    link_ = 0;
    output_.clear();
    demands.end_session();
    serving.end_session();
    asking.end_session();
    readings.end_session();
    checking.end_session();
    try_ms_ = now_ms + std::max(backoff_ms(), was_leaving ? kLeaveMsMin : uint64_t{0});
}

inline std::vector<Said> Core::take_output(uint64_t now_ms) {
    if (state_ == State::kOpen || state_ == State::kLeaving) {
        collect(now_ms);
        if (is_heartbeat_due(now_ms) && output_.empty())
            output_.push_back(Command("HEARTBEAT").said());
    }
    std::vector<Said> found = std::exchange(output_, {});
    if (!found.empty()) said_ms_ = now_ms;
    return found;
}

// In the order of the page, "Losing a connection": what is published, what is settled, what is asked
// for.
inline void Core::collect(uint64_t now_ms) {
    const bool open = state_ == State::kOpen;
    if (open)
        while (auto said = outbox.take(now_ms))
            output_.push_back(std::move(*said));
    while (auto said = settling.take(inbox.held(), now_ms))
        output_.push_back(std::move(*said));
    while (auto said = extending.take(now_ms))
        output_.push_back(std::move(*said));
    if (open)
        while (auto said = demands.take_said(now_ms))
            output_.push_back(std::move(*said));
    if (open)
        while (auto said = readings.take_said())
            output_.push_back(std::move(*said));
    if (open)
        while (auto said = checking.take_said())
            output_.push_back(std::move(*said));
    while (auto said = serving.take_said(now_ms))
        output_.push_back(std::move(*said));
    if (open)
        while (auto said = calling.take_said(now_ms))
            output_.push_back(std::move(*said));
    if (open)
        while (auto said = asking.take_said())
            output_.push_back(std::move(*said));
    if (!is_done_here()) return;
    output_.push_back(Command("BYE").said());
    state_ = closing_ && outbox.empty() ? State::kClosing : State::kLeft;
}

// Whether this client has nothing more to do on this connection, and says BYE.
inline bool Core::is_done_here() const {
    const bool settled = settling.is_idle() && extending.is_idle();
    if (state_ == State::kOpen && renewing_ends_ms_ && !closing_)
        return settled && inbox.handed() == 0 && is_all_answered() && serving.is_idle();
    if (state_ == State::kOpen) return closing_ && has_nothing_to_say() && serving.is_done();
    const bool has_outcomes = outbox.on_wire() == 0 || outbox.is_shut();
    return has_outcomes && is_all_answered() && settled && serving.is_done() &&
           (closing_ || inbox.handed() == 0);
}

// Where WELCOME does not list all of what is held: what was on its way here when the last connection
// was lost is held, under tokens that nobody here has heard of, until its lease ends. BYE gives it
// back: said as soon as nothing else is in hand, if that is soon enough.
inline void Core::renew_if_need_be(uint64_t now_ms) {
    if (unclaimed_ && settling.sent_again() == 0) {
        const uint64_t unclaimed = *std::exchange(unclaimed_, std::nullopt);
        if (unclaimed <= settling.good_again() || closing_) return;
        log("messages are held that never came here: a new session gives them back");
        renewing_ends_ms_ = now_ms + kRenewMsMax;
        demands.pause(now_ms);
        settling.flush(now_ms);
    } else if (renewing_ends_ms_ && now_ms >= *renewing_ends_ms_) {
        renewing_ends_ms_.reset();
        demands.go_on();
    }
}

}  // namespace zbridge::client::core
