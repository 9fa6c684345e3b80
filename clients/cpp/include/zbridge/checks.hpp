// What answers for messages that were prepared for a topic, and that nobody has resolved in time:
// docs/TRANSACTIONS.md. Whoever knows what became of the work says commit or rollback.
//
// Thread:  as Client; several threads may take from one, each check is for one of them.
// Promise: what is not answered is asked again, and rolled back in the end.
// Limits:  ChecksOptions.credit of them asked and not answered.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transactions.hpp"

namespace zbridge::client {

struct ChecksOptions {
    uint32_t credit = 64;
    bool attributes = false;  // are asked with them
};

// Is this message to be?
class Check {
 public:
    Check(std::shared_ptr<Engine> engine, core::CheckPart part)
        : engine_(std::move(engine)), part_(std::move(part)) {}

    // The message where it has one frame, else the last of them: frames() has all. Both stay as long
    // as a copy of this check does.
    std::string_view body() const { return part_.body; }
    std::vector<std::string_view> frames() const { return core::frames_of(part_.message); }
    const AttributesPtr& attributes() const { return part_.attributes; }
    MessageId id() const { return MessageId(part_.id); }
    // Which it is: the first is 1; after the last of them the message is rolled back.
    uint64_t number() const { return part_.number; }
    uint64_t of() const { return part_.of; }

    // What can be said of it at any time, on any connection.
    Transaction transaction() const { return {engine_, part_.token, id()}; }
    MessageId commit() const { return transaction().commit(); }
    std::future<MessageId> commit_async() const { return transaction().commit_async(); }
    MessageId rollback() const { return transaction().rollback(); }
    std::future<MessageId> rollback_async() const { return transaction().rollback_async(); }
    // Not yet: ask again with the next check.
    void unknown() const {
        engine_->enter([this](core::Core& core, uint64_t) { core.checking.unknown(part_.token); });
    }

 private:
    std::shared_ptr<Engine> engine_;
    core::CheckPart part_;
};

class Checks {
 public:
    Checks(const Client& client, const std::string& topic, const ChecksOptions& options = {})
        : engine_(client.engine()), checks_(std::make_shared<core::CheckSubscription>()) {
        check_name(topic, "topic");
        checks_->topic = topic;
        checks_->credit = options.credit;
        checks_->attributes = options.attributes;
        engine_->enter([this](core::Core& core, uint64_t) {
            core.check_open();
            core.need("transactions");
            core.checking.add(checks_);
        });
    }
    Checks(const Checks&) = delete;
    Checks& operator=(const Checks&) = delete;
    ~Checks() { close(); }

    // The next; none: nothing was asked in time. Throws Closed, or what the bridge refused it with.
    std::optional<Check> receive(std::optional<milliseconds> timeout = std::nullopt) const {
        auto found =
            engine_->enter_until(Engine::deadline_in(timeout), [this](core::Core&, uint64_t) {
                auto next = core::Checking::take(*checks_);
                if (!next && checks_->failure) raise(checks_->failure);
                return next;
            });
        if (!found) return std::nullopt;
        return Check(engine_, std::move(*found));
    }

    void close() const {
        engine_->enter([this](core::Core& core, uint64_t) { core.checking.close(*checks_); });
        engine_->stir();
    }

 private:
    std::shared_ptr<Engine> engine_;
    core::CheckSubscriptionPtr checks_;
};

}  // namespace zbridge::client
