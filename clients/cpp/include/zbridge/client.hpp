// A client of zbridge's own protocol, ZBP/1: docs/PROTOCOL.md. The README beside this folder has the
// whole picture.
//
//   zbridge::client::Client client("tcp://127.0.0.1:5550");
//   zbridge::client::Producer(client, "orders").publish("3 bolts");
//
// Thread:  any: all public calls of all classes may come from any thread, but for those that wait,
//          which may not come from a callback (WrongThread). Not over a fork: open one in each
//          process.
// Promise: a lost connection is opened anew, and what has no answer is said again; see Core.
// Failure: replaced by another of its name, or refused for good: every call throws why from then on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine.hpp"

namespace zbridge::client {

// A connection to an endpoint of the bridge with `protocol: zbp`, kept up until close(). It does not
// wait for it: what is said before it is there goes when it is.
class Client {
 public:
    // Throws Invalid.
    explicit Client(std::string address, const Options& options = {}, Configure configure = nullptr)
        : close_timeout_(options.close_timeout),
          engine_(std::make_shared<Engine>(std::move(address), options, std::move(configure))) {}
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    // Closes it. Not in a callback.
    ~Client() { engine_->close(close_timeout_); }

    // Whether there is a session with the bridge at this moment.
    bool is_open() const {
        return engine_->enter([](core::Core& core, uint64_t) { return core.is_open(); });
    }

    // Until there is a session: Timeout. Throws what the bridge refused the client with for good.
    void wait_open(std::optional<milliseconds> timeout = milliseconds(10'000)) const {
        const bool open = wait(timeout, [](core::Core& core) { return core.is_open(); });
        if (!open) throw Timeout("no session with the bridge");
    }

    // Whether the bridge serves a feature here: `groups`, `calls`, `transactions`, ... (docs/PROTOCOL.md,
    // "WELCOME"). True where there was no session yet.
    bool serves(const std::string& feature) const {
        return engine_->enter([&](core::Core& core, uint64_t) { return core.may_serve(feature); });
    }

    // Until all that was published has its outcome, and all that was settled is durable or refused:
    // Timeout.
    void flush(std::optional<milliseconds> timeout = milliseconds(30'000)) const {
        const bool done = wait(timeout, [](core::Core& core) { return core.has_nothing_to_say(); });
        if (!done) throw Timeout("the bridge has not answered for all of it");
    }

    // Finishes what was begun, gives back what is held and says BYE; after the timeout it goes
    // without. Producers, consumers and deliveries of it may go on existing: they throw Closed.
    void close(milliseconds timeout) { engine_->close(timeout); }
    void close() { close(close_timeout_); }

    // Of connections that were open: how many were lost.
    uint64_t losses() const {
        return engine_->enter([](core::Core& core, uint64_t) { return core.losses(); });
    }

    // For the classes that stand on it.
    const std::shared_ptr<Engine>& engine() const { return engine_; }

 private:
    template <class IsTrue>
    bool wait(std::optional<milliseconds> timeout, IsTrue is_true) const {
        engine_->enter([](core::Core& core, uint64_t now) { core.flush(now); });
        return engine_->enter_until(Engine::deadline_in(timeout), [&](core::Core& core, uint64_t) {
            if (core.failure()) raise(core.failure());
            return is_true(core);
        });
    }

    milliseconds close_timeout_;
    std::shared_ptr<Engine> engine_;
};

}  // namespace zbridge::client
