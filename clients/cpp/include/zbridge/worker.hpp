// What works for a service: calls a handler with each call, in threads of its own, and replies with
// what it returns.
//
// Thread:  the handler runs in one of WorkerOptions.threads; it may wait, and call anything but the
//          destructor and close() of this.
// Failure: what the handler throws is told to the caller as `failed`. What the bridge ends the
//          subscription with is thrown by join().
// Limits:  WorkerOptions.credit calls given and not answered; kErrorBytesMax of an error's text.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "client.hpp"
#include "core/text.hpp"
#include "message.hpp"

namespace zbridge::client {

// A call that is to be answered.
class Request {
 public:
    explicit Request(core::WorkPtr work) : work_(std::move(work)) {}
    // Of one frame, else the last of them.
    std::string_view body() const { return frames().back(); }
    std::vector<std::string_view> frames() const { return core::frames_of(work_->message); }
    // 1: it is given to a worker for the first time.
    uint64_t attempt() const { return work_->attempt; }

 private:
    core::WorkPtr work_;
};

// Of what it returns the frames are the reply.
using Work = std::function<Message(const Request&)>;

struct WorkerOptions {
    uint32_t credit = 8;
    size_t threads = 1;
};

class Worker {
 public:
    static constexpr size_t kErrorBytesMax = 1000;

    Worker(const Client& client, const std::string& service, Work work,
           const WorkerOptions& options = {})
        : engine_(client.engine()), work_(std::move(work)) {
        check_name(service, "service");
        if (options.threads == 0) throw Invalid("threads: at least 1");
        service_ = engine_->enter([&](core::Core& core, uint64_t) {
            core.check_open();
            core.need("calls");
            return core.serving.serve(service, options.credit);
        });
        for (size_t n = 0; n < options.threads; n++)
            threads_.emplace_back([this] { run(); });
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() { close(); }

    // Until the subscription ends: throws what the bridge, or the client, ended it with, if it was
    // not close().
    void join() {
        join_threads();
        const std::lock_guard lock(mutex_);
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    }

    // No further calls; those that were given are answered.
    void close() {
        engine_->enter([this](core::Core& core, uint64_t) { core.serving.leave(*service_); });
        engine_->stir();
        join_threads();
    }

 private:
    void join_threads() {
        for (std::thread& each : threads_)
            if (each.joinable()) each.join();
    }

    core::WorkPtr next() const {
        return engine_->enter_until(std::nullopt, [this](core::Core& core, uint64_t now) {
            core::WorkPtr found = core.serving.take(*service_, now);
            if (!found && service_->failure) raise(service_->failure);
            return found;
        });
    }

    void run() {
        try {
            while (true)
                answer(next());
        } catch (const Closed&) {
            return;
        } catch (const Error&) {
            const std::lock_guard lock(mutex_);
            failure_ = std::current_exception();
        }
    }

    void answer(const core::WorkPtr& work) const {
        std::optional<std::string> body, error;
        try {
            body = core::body_of(work_(Request(work)));
        } catch (const std::exception& thrown) {
            error = core::readable(thrown.what(), kErrorBytesMax);
        }
        engine_->enter([&](core::Core& core, uint64_t) {
            if (body)
                core.serving.reply(*work, std::move(*body));
            else
                core.serving.fail(*work, std::move(*error));
        });
    }

    std::shared_ptr<Engine> engine_;
    Work work_;
    core::ServicePtr service_;
    std::mutex mutex_;
    std::exception_ptr failure_;
    std::vector<std::thread> threads_;
};

}  // namespace zbridge::client
