// What can go wrong: one type with a code and a sentence, and a subclass where programs tell it apart.
//
// The codes of Refused are the bridge's (docs/PROTOCOL.md, "Codes"); those of the others are this
// client's own and stand beside them.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace zbridge::client {

class Error : public std::runtime_error {
 public:
    Error(std::string code, std::string text)
        : std::runtime_error(code + ": " + text), code_(std::move(code)), text_(std::move(text)) {}

    const std::string& code() const noexcept { return code_; }
    // A sentence for people; not to be parsed.
    const std::string& text() const noexcept { return text_; }

    // As the protocol has it: what was refused may be taken a while later.
    bool worth_another_try() const noexcept {
        return code_ == "line_full" || code_ == "topic_full" || code_ == "store_full" ||
               code_ == "shutting_down" || code_ == "subscriptions_full";
    }

 private:
    std::string code_;
    std::string text_;
};

// The bridge said no: it had no effect, but for `store_failed`, of which nobody knows.
class Refused : public Error {
 public:
    using Error::Error;
};

// `stale`: no delivery was open under that token. Somebody has settled the message, or is delivered
// it again. `certain` is false where it may have been this very verdict that settled it: it was
// sent twice over a lost connection, or the bridge told only how many of a range were stale.
class Stale : public Refused {
 public:
    Stale(std::string text, bool certain) : Refused("stale", std::move(text)), certain_(certain) {}
    bool certain() const noexcept { return certain_; }

 private:
    bool certain_;
};

// `no_answer`: it took longer than was asked for. What was begun goes on all the same.
class Timeout : public Error {
 public:
    explicit Timeout(std::string text) : Error("no_answer", std::move(text)) {}

 protected:
    using Error::Error;
};

// `in_flight_full`: as much as Options allow has no outcome yet. Nothing was published.
class InFlightFull : public Timeout {
 public:
    explicit InFlightFull(std::string text) : Timeout("in_flight_full", std::move(text)) {}
};

// `closed`: the client, or the subscription, is closed.
class Closed : public Error {
 public:
    explicit Closed(std::string text) : Error("closed", std::move(text)) {}
};

// `already_settled`: this delivery has had its verdict.
class AlreadySettled : public Error {
 public:
    explicit AlreadySettled(std::string text) : Error("already_settled", std::move(text)) {}
};

// `wrong_thread`: a call that waits, in a callback of the client's own thread.
class WrongThread : public Error {
 public:
    explicit WrongThread(std::string text) : Error("wrong_thread", std::move(text)) {}
};

// `violation`: the bridge said what the protocol does not allow. The connection is opened anew.
class Violation : public Error {
 public:
    explicit Violation(std::string text) : Error("violation", std::move(text)) {}
};

// `invalid`: an argument that the bridge would close the connection over.
class Invalid : public Error {
 public:
    explicit Invalid(std::string text) : Error("invalid", std::move(text)) {}
};

// An error as a value, before anybody waits for it. An empty code: there is none.
struct Failure {
    std::string code;
    std::string text;
    bool certain = true;  // of `stale`

    explicit operator bool() const noexcept { return !code.empty(); }
};

[[noreturn]] inline void raise(const Failure& failure) {
    const std::string& code = failure.code;
    if (code == "stale") throw Stale(failure.text, failure.certain);
    if (code == "no_answer") throw Timeout(failure.text);
    if (code == "in_flight_full") throw InFlightFull(failure.text);
    if (code == "closed") throw Closed(failure.text);
    if (code == "violation") throw Violation(failure.text);
    throw Refused(code, failure.text);
}

inline std::exception_ptr exception_of(const Failure& failure) {
    try {
        raise(failure);
    } catch (...) {
        return std::current_exception();
    }
}

}  // namespace zbridge::client
