// Calls a handler with each delivery of a group, in threads of its own.
//
// Flow:    Consumer::receive() -> handler(delivery) -> ack when it returns; retry, with the
//          exception as the reason, where it throws; nothing where it has settled it itself
// Thread:  the handler runs in one of PushOptions.threads; it may wait, and call anything but the
//          destructor and close() of this.
// Failure: what the bridge ends the subscription with is thrown by join().
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "consumer.hpp"

namespace zbridge::client {

using Handler = std::function<void(const Delivery&)>;

struct PushOptions {
    ConsumerOptions consumer;
    size_t threads = 1;
};

class PushConsumer {
 public:
    PushConsumer(const Client& client, const std::string& group, Handler handler,
                 const PushOptions& options = {})
        : consumer_(client, group, options.consumer), handler_(std::move(handler)) {
        if (options.threads == 0) throw Invalid("threads: at least 1");
        for (size_t n = 0; n < options.threads; n++)
            threads_.emplace_back([this] { work(); });
    }
    PushConsumer(const PushConsumer&) = delete;
    PushConsumer& operator=(const PushConsumer&) = delete;
    ~PushConsumer() { close(); }

    // Until the subscription ends: throws what the bridge, or the client, ended it with, if it was
    // not close().
    void join() {
        join_threads();
        const std::lock_guard lock(mutex_);
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    }

    // No further deliveries; waits for the handlers that are at work.
    void close() {
        consumer_.close();
        join_threads();
    }

    // How often the handler has thrown.
    uint64_t failures() const {
        const std::lock_guard lock(mutex_);
        return failures_;
    }

 private:
    void join_threads() {
        for (std::thread& each : threads_)
            if (each.joinable()) each.join();
    }

    void work() {
        try {
            while (true)
                if (const auto delivery = consumer_.receive()) handle(*delivery);
        } catch (const Closed&) {
            return;
        } catch (const Error&) {
            const std::lock_guard lock(mutex_);
            failure_ = std::current_exception();
        }
    }

    void handle(const Delivery& delivery) {
        std::optional<std::string> reason;
        try {
            handler_(delivery);
        } catch (const std::exception& thrown) {
            reason = thrown.what();
            const std::lock_guard lock(mutex_);
            failures_++;
        }
        try {
            if (reason)
                delivery.retry({}, std::move(reason));
            else
                delivery.ack();
        } catch (const AlreadySettled&) {
            return;  // by the handler
        }
    }

    Consumer consumer_;
    Handler handler_;
    mutable std::mutex mutex_;
    std::exception_ptr failure_;
    uint64_t failures_ = 0;
    std::vector<std::thread> threads_;
};

}  // namespace zbridge::client
