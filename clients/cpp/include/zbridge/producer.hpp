// What publishes into a topic: with a receipt for each message, once it is stored.
//
// Thread:  as Client; callbacks in the client's own thread.
// Promise: a message is told of once: stored, or refused. Order is kept within a client and topic;
//          what publish() tries again, because it was refused, may come behind what was published
//          meanwhile.
// Limits:  Options.max_in_flight messages without a receipt: at the bound the calls wait, and throw
//          InFlightFull when ProducerOptions.timeout is over: nothing was published then.
#pragma once

#include <algorithm>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client.hpp"
#include "message.hpp"

namespace zbridge::client {

struct ProducerOptions {
    // Stored once however often it is sent: docs/PROTOCOL.md, "Exactly once stored". Needs
    // Options::name, and `dedup` of the topic.
    bool once = false;
    // How long a call waits: for room, and publish() for its receipt. What was begun goes on after
    // it. None: for ever.
    std::optional<milliseconds> timeout = milliseconds(30'000);
};

namespace core {

// Throws Invalid: no frame, or an attribute that the bridge would not take.
inline Publication publication_of(const Message& message, uint32_t topic) {
    check_frames(message);
    Publication made;
    made.topic = topic;
    made.frames = &message.frames;
    made.attributes =
        attributes_of(message, message.delay ? WallClock::now() : WallClock::time_point());
    return made;
}

// Takes a message when there is room for it, and returns its number. Throws InFlightFull when the
// time is over: deadline_of() says when, and is asked only where there is no room at once.
template <class DeadlineOf>
uint64_t add_to_outbox(Engine& engine, Publication message, std::optional<uint64_t> seq,
                       DeadlineOf deadline_of, bool at_once) {
    const size_t size = message.size();
    const auto add = [&](Core& core, uint64_t now) {
        core.check_open();
        if (!core.outbox.has_room(size)) {
            core.outbox.press();  // then it is the bridge's turn
            if (engine.is_own_thread())
                throw InFlightFull("as many messages as may have no outcome yet");
            return uint64_t{0};
        }
        const uint64_t number = core.publish(std::move(message), seq, now);
        if (at_once) core.outbox.flush();
        return number;
    };
    uint64_t taken =
        engine.enter(add, [](const Core& core) { return core.outbox.has_due_at_once(); });
    if (taken == 0) taken = engine.enter_until(deadline_of(), add);
    if (taken == 0) throw InFlightFull("as many messages as may have no outcome yet");
    return taken;
}

inline std::future<Receipt> promised(Publication& message) {
    auto waiter = std::make_shared<PublishPromise>();
    auto future = waiter->future();
    message.waiter = std::move(waiter);
    return future;
}

inline uint32_t number_of_topic(Engine& engine, const std::string& topic) {
    check_name(topic, "topic");
    return engine.enter(
        [&topic](Core& core, uint64_t) { return core.outbox.topics.number_of(topic); });
}

}  // namespace core

class Producer {
 public:
    Producer(const Client& client, const std::string& topic, ProducerOptions options = {})
        : engine_(client.engine()),
          topic_(topic),
          number_(core::number_of_topic(*engine_, topic)),
          options_(options) {}

    // Returns when it is stored, and throws what it was refused with. What is worth another try (a
    // topic that is full) is tried again, with a growing pause, until the timeout; after a Timeout
    // it may still be stored.
    Receipt publish(const Message& message) const;

    // Returns at once; batched with others.
    std::future<Receipt> publish_async(const Message& message,
                                       std::optional<uint64_t> seq = std::nullopt) const {
        auto made = publication(message);
        auto future = core::promised(made);
        add(std::move(made), seq);
        return future;
    }
    // Likewise; the callback is told the outcome. `seq`: its number, which rises; none: the next.
    // Returns the number.
    uint64_t publish_async(const Message& message, PublishedCallback call,
                           std::optional<uint64_t> seq = std::nullopt) const {
        if (!call) throw Invalid("no callback");
        auto made = publication(message);
        made.call = std::move(call);
        return add(std::move(made), seq);
    }

    // Several, in order: returns when each has its outcome. Some may be refused: see
    // Receipts::check(). The timeout is for each wait; after InFlightFull the first of them are on
    // their way.
    Receipts publish_all(const std::vector<Message>& messages) const {
        auto future = publish_all_async(messages);
        wait(future, Engine::deadline_in(options_.timeout));
        return future.get();
    }
    // Likewise; returns when all are taken: no more than Options allow are without an outcome.
    std::future<Receipts> publish_all_async(const std::vector<Message>& messages) const;

    const std::string& topic() const { return topic_; }

 private:
    static constexpr milliseconds kRetryMin{20};
    static constexpr milliseconds kRetryMax{1000};

    core::Publication publication(const Message& message) const {
        core::Publication made = core::publication_of(message, number_);
        made.once = options_.once;
        return made;
    }

    uint64_t add(core::Publication message, std::optional<uint64_t> seq) const {
        const auto deadline_of = [this] { return Engine::deadline_in(options_.timeout); };
        return core::add_to_outbox(*engine_, std::move(message), seq, deadline_of, false);
    }

    template <class Outcome>
    void wait(std::future<Outcome>& future, Engine::Deadline deadline) const {
        if (engine_->is_own_thread()) throw WrongThread("no waiting in a callback");
        if (!deadline)
            future.wait();
        else if (future.wait_until(*deadline) != std::future_status::ready)
            throw Timeout("the bridge has not answered yet");
    }

    std::shared_ptr<Engine> engine_;
    std::string topic_;
    uint32_t number_;
    ProducerOptions options_;
};

inline Receipt Producer::publish(const Message& message) const {
    const Engine::Deadline deadline = Engine::deadline_in(options_.timeout);
    for (milliseconds pause = kRetryMin;; pause = std::min(2 * pause, kRetryMax)) {
        auto made = publication(message);
        auto future = core::promised(made);
        core::add_to_outbox(
            *engine_, std::move(made), std::nullopt, [&deadline] { return deadline; }, true);
        wait(future, deadline);
        try {
            return future.get();
        } catch (const Refused& refused) {
            const auto again = Engine::Clock::now() + pause;
            if (!refused.worth_another_try() || (deadline && again >= *deadline)) throw;
            // Ends before, where the client does.
            engine_->enter_until(again, [](core::Core& core, uint64_t) {
                core.check_open();
                return false;
            });
        }
    }
}

inline std::future<Receipts> Producer::publish_all_async(
    const std::vector<Message>& messages) const {
    if (messages.empty()) throw Invalid("no message to publish");
    auto waiter = std::make_shared<core::PublishBatch>(messages.size());
    auto future = waiter->future();
    std::vector<core::Publication> made;
    made.reserve(messages.size());
    for (const Message& each : messages) {
        made.push_back(publication(each));
        made.back().waiter = waiter;
    }
    size_t at = 0;
    while (at < made.size()) {
        const size_t before = at;
        engine_->enter_until(
            Engine::deadline_in(options_.timeout), [&](core::Core& core, uint64_t now) {
                core.check_open();
                while (at < made.size() && core.outbox.has_room(made[at].size())) {
                    try {
                        core.publish(std::move(made[at++]), std::nullopt, now);
                    } catch (const Refused& refused) {  // here, before it has a number
                        waiter->on_refused({0, {refused.code(), refused.text()}});
                    }
                }
                core.outbox.flush();
                return at > before;
            });
        if (at == before) throw InFlightFull("as many messages as may have no outcome yet");
    }
    return future;
}

}  // namespace zbridge::client
