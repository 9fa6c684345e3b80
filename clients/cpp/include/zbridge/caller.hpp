// What calls a service: docs/PROTOCOL.md, "Services".
//
// Thread:  as Client; callbacks in the client's own thread.
// Promise: each call is answered once: by a reply, by what it was refused with, or, where the
//          connection was lost and nobody knows, by `in_doubt`: it may have been executed. With
//          CallerOptions.again it is called again then: for what may be executed twice, or has
//          `dedup`.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client.hpp"
#include "message.hpp"

namespace zbridge::client {

struct CallerOptions {
    std::optional<milliseconds> timeout;  // none: the service's
    bool again = false;
};

using ReplyCallback = std::function<void(const Reply&, const Failure&)>;

namespace core {

class ReplyPromise final : public ReplyWaiter {
 public:
    std::future<Reply> future() { return promise_.get_future(); }
    void on_answered(const Reply& reply, const Failure& failure) override {
        if (failure)
            promise_.set_exception(exception_of(failure));
        else
            promise_.set_value(reply);
    }

 private:
    std::promise<Reply> promise_;
};

class ReplyCall final : public ReplyWaiter {
 public:
    ReplyCall(Calls& calls, ReplyCallback call) : calls_(calls), call_(std::move(call)) {}
    void on_answered(const Reply& reply, const Failure& failure) override {
        calls_.waiting.push_back(std::make_shared<DueCall>(
            [call = std::move(call_), reply, failure] { call(reply, failure); }));
    }

 private:
    Calls& calls_;
    ReplyCallback call_;
};

}  // namespace core

class Caller {
 public:
    Caller(const Client& client, std::string service, CallerOptions options = {})
        : engine_(client.engine()), service_(std::move(service)), options_(options) {
        check_name(service_, "service");
        if (options_.timeout && options_.timeout->count() < 1)
            throw Invalid("timeout: from a millisecond on");
    }

    // Of a message the frames are sent: a service looks at no attributes.
    Reply call(const Message& message) const {
        if (engine_->is_own_thread()) throw WrongThread("no waiting in a callback");
        return call_async(message).get();
    }
    std::future<Reply> call_async(const Message& message) const {
        auto waiter = std::make_shared<core::ReplyPromise>();
        auto future = waiter->future();
        begin(message, std::move(waiter));
        return future;
    }
    void call_async(const Message& message, ReplyCallback call) const {
        begin(message, std::make_shared<core::ReplyCall>(engine_->calls(), std::move(call)));
    }

 private:
    void begin(const Message& message, std::shared_ptr<core::ReplyWaiter> waiter) const {
        core::Call call;
        call.service = service_;
        call.body = core::body_of(message);
        if (options_.timeout) call.timeout_ms = count_ms(*options_.timeout);
        call.again = options_.again;
        call.waiter = std::move(waiter);
        engine_->enter([&](core::Core& core, uint64_t now) {
            core.check_open();
            core.need("calls");
            core.calling.call(std::move(call), now);
        });
    }

    std::shared_ptr<Engine> engine_;
    std::string service_;
    CallerOptions options_;
};

}  // namespace zbridge::client
