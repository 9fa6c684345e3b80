// Status and Result: what the world (disk, socket, configuration) answered, with a sentence for a
// person.
//
// Context is added on the way up: `return status.with_context("opening " + path)`.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "bridge/base/check.h"

namespace zbridge {

enum class Code : unsigned char {
    kOk,
    kInvalid,      // the input is wrong: a config, an address, a call's arguments
    kNotFound,     // what was named does not exist
    kBusy,         // taken by someone else: a port, a lock
    kIo,           // the operating system said no
    kNoSpace,      // the disk is full
    kUnavailable,  // not now: nobody answers, a queue is full
    kInternal,
};

class [[nodiscard]] Status {
 public:
    Status() = default;
    Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

    bool ok() const { return code_ == Code::kOk; }
    Code code() const { return code_; }
    const std::string& message() const { return message_; }

    // "opening data/epoch: permission denied"
    Status with_context(const std::string& what) && {
        if (!ok()) message_ = what + ": " + message_;
        return std::move(*this);
    }

 private:
    Code code_ = Code::kOk;
    std::string message_;
};

// A value, or why there is none. E is Status for the world's failures and Refusal for a peer's.
template <class T, class E = Status>
class [[nodiscard]] Result {
 public:
    Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(*-explicit-*)
    Result(E error) : held_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(*-explicit-*)

    bool ok() const { return held_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& value() & {
        ZB_CHECK(ok());
        return std::get<0>(held_);
    }
    const T& value() const& {
        ZB_CHECK(ok());
        return std::get<0>(held_);
    }
    T&& value() && {
        ZB_CHECK(ok());
        return std::get<0>(std::move(held_));
    }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }

    const E& error() const& {
        ZB_CHECK(!ok());
        return std::get<1>(held_);
    }
    E&& error() && {
        ZB_CHECK(!ok());
        return std::get<1>(std::move(held_));
    }

 private:
    std::variant<T, E> held_;
};

}  // namespace zbridge
