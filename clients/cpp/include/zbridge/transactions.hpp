// Messages that are prepared, and seen by nobody before their commit: docs/TRANSACTIONS.md.
//
// Thread:  as Client.
// Promise: a commit is never done twice, and may be asked again: after a lost connection this client
//          does so by itself. What nobody resolves is rolled back in the end.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "producer.hpp"

namespace zbridge::client {

namespace core {

// Of COMMIT or ROLLBACK of one token.
class ResolvePromise final : public AskWaiter {
 public:
    std::future<MessageId> future() { return promise_.get_future(); }
    void on_answered(const Heard& heard, uint64_t times) override {
        const List ids = heard.fields.list("ids"), refused = heard.fields.list_or_empty("refused");
        if (ids.size != 1) throw Violation("a RESOLVED of another count");
        if (!ids[0].is_nil()) return promise_.set_value(MessageId(Place::read(octets_of(ids[0]))));
        if (refused.size != 1) throw Violation("a RESOLVED that does not say why");
        const List why = list_of(refused[0], 3);
        // Said before, it may have been resolved by this very call.
        on_failed({std::string(text_of(why[1])), std::string(text_of(why[2])), times == 1});
    }
    void on_failed(const Failure& failure) override {
        promise_.set_exception(exception_of(failure));
    }

 private:
    std::promise<MessageId> promise_;
};

}  // namespace core

// What names a prepared message, on any connection, over restarts of both sides.
using TransactionToken = std::string;  // 16 octets

// A message that is prepared.
class Transaction {
 public:
    Transaction(std::shared_ptr<Engine> engine, TransactionToken token, MessageId id = {})
        : engine_(std::move(engine)), token_(std::move(token)), id_(id) {}
    // One that this program, or another, has prepared before.
    Transaction(const Client& client, TransactionToken token)
        : Transaction(client.engine(), std::move(token)) {}

    // It is in its topic from now on; once that is durable the id of its message. Stale: it was
    // resolved before, by whomever; with certain() false by this very call, it may be.
    std::future<MessageId> commit_async() const { return resolve("COMMIT"); }
    MessageId commit() const { return waited(commit_async()); }
    // It is gone.
    std::future<MessageId> rollback_async() const { return resolve("ROLLBACK"); }
    MessageId rollback() const { return waited(rollback_async()); }

    const TransactionToken& token() const { return token_; }
    const MessageId& id() const { return id_; }

 private:
    MessageId waited(std::future<MessageId> future) const {
        if (engine_->is_own_thread()) throw WrongThread("no waiting in a callback");
        return future.get();
    }

    std::future<MessageId> resolve(const char* verb) const {
        if (token_.size() != 16) throw Invalid("token: 16 octets");
        auto waiter = std::make_shared<core::ResolvePromise>();
        auto future = waiter->future();
        core::Ask ask;
        ask.name = verb;
        ask.answer = "RESOLVED";
        ask.again = true;
        ask.write = [token = token_](core::Command& command) {
            command.value("tokens", [&token](core::Packer& packer) {
                packer.pack_array(1);
                core::pack_octets(packer, token);
            });
        };
        ask.waiter = std::move(waiter);
        engine_->enter([&](core::Core& core, uint64_t) {
            core.check_open();
            core.need("transactions");
            core.asking.ask(std::move(ask));
        });
        return future;
    }

    std::shared_ptr<Engine> engine_;
    TransactionToken token_;
    MessageId id_;
};

namespace core {

class PreparePromise final : public PublishWaiter {
 public:
    explicit PreparePromise(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}
    std::future<Transaction> future() { return promise_.get_future(); }
    void on_stored(const Receipt& receipt) override {
        on_refused({receipt.seq, {"violation", "it was to be prepared, and is stored"}});
    }
    void on_prepared(const Receipt& receipt, std::string_view token) override {
        promise_.set_value(
            Transaction(std::exchange(engine_, nullptr), std::string(token), receipt.id));
    }
    void on_refused(const Refusal& refusal) override {
        promise_.set_exception(exception_of(refusal.failure));
    }

 private:
    std::shared_ptr<Engine> engine_;
    std::promise<Transaction> promise_;
};

}  // namespace core

class TransactionProducer {
 public:
    TransactionProducer(const Client& client, const std::string& topic,
                        std::optional<milliseconds> timeout = milliseconds(30'000))
        : engine_(client.engine()),
          topic_(core::number_of_topic(*engine_, topic)),
          timeout_(timeout) {}

    // Returns when the message is on the disk. After a Timeout it may be prepared all the same: it
    // is rolled back in the end.
    Transaction prepare(const Message& message) const {
        const Engine::Deadline deadline = Engine::deadline_in(timeout_);
        auto future = begin(message, deadline);
        if (deadline && future.wait_until(*deadline) != std::future_status::ready)
            throw Timeout("the bridge has not answered yet");
        return future.get();
    }
    std::future<Transaction> prepare_async(const Message& message) const {
        return begin(message, Engine::deadline_in(timeout_));
    }

 private:
    std::future<Transaction> begin(const Message& message, Engine::Deadline deadline) const {
        auto waiter = std::make_shared<core::PreparePromise>(engine_);
        auto future = waiter->future();
        core::Publication made = core::publication_of(message, topic_);
        made.prepares = true;
        made.waiter = std::move(waiter);
        core::add_to_outbox(
            *engine_, std::move(made), std::nullopt, [&deadline] { return deadline; }, true);
        return future;
    }

    std::shared_ptr<Engine> engine_;
    uint32_t topic_;
    std::optional<milliseconds> timeout_;
};

}  // namespace zbridge::client
