// What the application waits for, and how it is told.
//
// Thread:  the waiters are called by the core, under the client's lock: they set a promise, or put a
//          callback on Calls, which the client's own thread makes without the lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "place.hpp"

namespace zbridge::client {

// One message is stored. `duplicate`: it was already, under this id, and nothing new is.
struct Receipt {
    uint64_t seq = 0;
    MessageId id;
    bool duplicate = false;
};

// One message is not stored, and will not be (but for `store_failed`: nobody knows).
struct Refusal {
    uint64_t seq = 0;
    Failure failure;
};

// What became of several messages.
struct Receipts {
    std::vector<Receipt> stored;   // in order, duplicates among them
    std::vector<Refusal> refused;  // in order

    // Throws what the first one was refused with.
    const Receipts& check() const {
        if (!refused.empty()) raise(refused.front().failure);
        return *this;
    }
};

// What a callback is given: a receipt, or why there is none.
struct Published {
    Receipt receipt;
    Failure failure;  // empty: it is stored

    explicit operator bool() const noexcept { return !failure; }
};

using PublishedCallback = std::function<void(const Published&)>;
using SettledCallback = std::function<void(const Failure&)>;  // empty: it is durable

namespace core {

// A callback that is to be made, with what it is told.
class Due {
 public:
    Due() = default;
    Due(const Due&) = delete;
    Due& operator=(const Due&) = delete;
    virtual ~Due() = default;
    virtual void make() = 0;
};

// The callback of a published message, with what it is told.
struct Answered {
    PublishedCallback call;
    Published published;
};

// Callbacks that are to be made soon, in no call of the core.
struct Calls {
    std::vector<Answered> answered;  // for themselves: there are many of them
    std::vector<std::shared_ptr<Due>> waiting;

    bool empty() const { return answered.empty() && waiting.empty(); }
    void swap(Calls& other) {
        answered.swap(other.answered);
        waiting.swap(other.waiting);
        std::swap(made_, other.made_);
    }
    // Each once. Where one throws it is over, and the next make() goes on behind it.
    void make() {
        while (made_ < answered.size() + waiting.size()) {
            const size_t n = made_++;
            if (n < answered.size())
                answered[n].call(answered[n].published);
            else
                waiting[n - answered.size()]->make();
        }
        answered.clear();
        waiting.clear();
        made_ = 0;
    }

 private:
    size_t made_ = 0;
};

class DueCall final : public Due {
 public:
    explicit DueCall(std::function<void()> call) : call_(std::move(call)) {}
    void make() override { call_(); }

 private:
    std::function<void()> call_;
};

inline Failure prepared_unasked() {
    return {"violation", "it was to be stored, and is prepared"};
}

// For the outcomes of published messages, one call for each.
class PublishWaiter {
 public:
    PublishWaiter() = default;
    PublishWaiter(const PublishWaiter&) = delete;
    PublishWaiter& operator=(const PublishWaiter&) = delete;
    virtual ~PublishWaiter() = default;
    virtual void on_stored(const Receipt& receipt) = 0;
    virtual void on_refused(const Refusal& refusal) = 0;
    // Of one that was to be prepared; the token is 16 octets.
    virtual void on_prepared(const Receipt& receipt, std::string_view token) {
        (void)token;
        on_refused({receipt.seq, prepared_unasked()});
    }
};

class PublishPromise final : public PublishWaiter {
 public:
    std::future<Receipt> future() { return promise_.get_future(); }
    void on_stored(const Receipt& receipt) override { promise_.set_value(receipt); }
    void on_refused(const Refusal& refusal) override {
        promise_.set_exception(exception_of(refusal.failure));
    }

 private:
    std::promise<Receipt> promise_;
};

// Of a batch: done with the last of its messages.
class PublishBatch final : public PublishWaiter {
 public:
    explicit PublishBatch(size_t count) : left_(count) { receipts_.stored.reserve(count); }
    std::future<Receipts> future() { return promise_.get_future(); }
    void on_stored(const Receipt& receipt) override {
        receipts_.stored.push_back(receipt);
        learn();
    }
    void on_refused(const Refusal& refusal) override {
        receipts_.refused.push_back(refusal);
        learn();
    }

 private:
    void learn() {
        if (--left_ == 0) promise_.set_value(std::move(receipts_));
    }

    size_t left_;
    Receipts receipts_;
    std::promise<Receipts> promise_;
};

// For the outcome of something that is asked once, for one delivery or several.
class Waiter {
 public:
    Waiter() = default;
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    virtual ~Waiter() = default;

    // With an empty failure: it is done. Only the first call counts.
    void finish(const Failure& failure) {
        if (std::exchange(finished_, true)) return;
        on_finished(failure);
    }

 private:
    virtual void on_finished(const Failure& failure) = 0;
    bool finished_ = false;
};

class WaiterPromise final : public Waiter {
 public:
    std::future<void> future() { return promise_.get_future(); }

 private:
    void on_finished(const Failure& failure) override {
        if (failure)
            promise_.set_exception(exception_of(failure));
        else
            promise_.set_value();
    }
    std::promise<void> promise_;
};

class WaiterCall final : public Waiter {
 public:
    WaiterCall(Calls& calls, SettledCallback call) : calls_(calls), call_(std::move(call)) {}

 private:
    void on_finished(const Failure& failure) override {
        calls_.waiting.push_back(
            std::make_shared<DueCall>([call = std::move(call_), failure] { call(failure); }));
    }
    Calls& calls_;
    SettledCallback call_;
};

}  // namespace core
}  // namespace zbridge::client
