// What consumes a group: by subscription, as messages come, or by fetching when the program wants.
//
// Thread:  as Client; several threads may take from one consumer, each delivery is for one of them.
// Promise: what is taken is to be settled: see Delivery. What is not taken goes back when the
//          consumer is closed, or the connection is lost for good.
// Limits:  ConsumerOptions.credit messages delivered and not settled.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "delivery.hpp"
#include "message.hpp"

namespace zbridge::client {

struct ConsumerOptions {
    uint32_t credit = 256;
    std::optional<milliseconds> lease;  // none: the group's
    // So long from the delivery on leases are kept up; with no `lease` it asks for kAutoLease.
    milliseconds auto_extend{0};
    bool attributes = false;  // are delivered with them, which costs the bridge something

    static constexpr milliseconds kAutoLease{30'000};
};

namespace core {

inline Lease lease_of(const ConsumerOptions& options) {
    const bool extends = options.auto_extend.count() > 0;
    const auto lease = extends && !options.lease ? ConsumerOptions::kAutoLease : options.lease;
    return {lease_of(lease), count_ms(options.auto_extend)};
}

inline std::vector<Delivery> deliveries_of(const std::shared_ptr<Engine>& engine,
                                           std::vector<LentPtr> lent) {
    std::vector<Delivery> found;
    found.reserve(lent.size());
    for (LentPtr& each : lent)
        found.emplace_back(engine, std::move(each));
    return found;
}

}  // namespace core

// A subscription: the group's messages come as long as there is credit.
class Consumer {
 public:
    Consumer(const Client& client, const std::string& group, const ConsumerOptions& options = {})
        : engine_(client.engine()) {
        check_name(group, "group");
        const core::Lease lease = core::lease_of(options);
        subscription_ = engine_->enter([&](core::Core& core, uint64_t) {
            core.check_open();
            return core.demands.subscribe(core.groups.number_of(group), options.credit, lease,
                                          options.attributes);
        });
    }
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;
    // Closes it.
    ~Consumer() { close(); }

    // The next delivery; none: nothing came in time. Throws Closed, or what the bridge refused the
    // subscription with.
    std::optional<Delivery> receive(std::optional<milliseconds> timeout = std::nullopt) const {
        core::LentPtr found =
            engine_->enter_until(Engine::deadline_in(timeout), [this](core::Core& core, uint64_t) {
                core::LentPtr next = core.demands.take(*subscription_);
                if (!next && subscription_->failure) raise(subscription_->failure);
                return next;
            });
        if (!found) return std::nullopt;
        return Delivery(engine_, std::move(found));
    }

    // All that are there, `max` at most; waits for the first of them.
    std::vector<Delivery> receive_some(size_t max,
                                       std::optional<milliseconds> timeout = std::nullopt) const {
        std::vector<core::LentPtr> found;
        engine_->enter_until(Engine::deadline_in(timeout), [&](core::Core& core, uint64_t) {
            while (found.size() < max) {
                core::LentPtr next = core.demands.take(*subscription_);
                if (!next) break;
                found.push_back(std::move(next));
            }
            if (found.empty() && subscription_->failure) raise(subscription_->failure);
            return !found.empty();
        });
        return core::deliveries_of(engine_, std::move(found));
    }

    // From now on at most so many delivered and not settled; 0 pauses.
    void set_credit(uint32_t credit) const {
        engine_->enter(
            [&](core::Core& core, uint64_t) { core.demands.set_credit(*subscription_, credit); });
    }

    // Gives back what nobody has taken. What was taken is still to be settled.
    void close() const {
        engine_->enter([this](core::Core& core, uint64_t now) {
            core.demands.unsubscribe(*subscription_, now);
        });
        engine_->stir();
    }

 private:
    std::shared_ptr<Engine> engine_;
    core::SubscriptionPtr subscription_;
};

// Fetches when the program wants, and holds nothing besides.
class PullConsumer {
 public:
    static constexpr size_t kMaxMax = 1000;  // messages of one fetch
    static constexpr milliseconds kWaitMax{300'000};

    PullConsumer(const Client& client, const std::string& group,
                 const ConsumerOptions& options = {})
        : engine_(client.engine()),
          lease_(core::lease_of(options)),
          attributes_(options.attributes) {
        check_name(group, "group");
        group_ = engine_->enter(
            [&](core::Core& core, uint64_t) { return core.groups.number_of(group); });
    }

    // At most `max` messages; none where none came within the wait.
    std::vector<Delivery> receive(size_t max = 1, milliseconds wait = milliseconds(0)) const {
        if (max < 1 || max > kMaxMax) throw Invalid("max: 1 to 1000");
        if (wait.count() < 0 || wait > kWaitMax) throw Invalid("wait: up to five minutes");
        auto fetch = std::make_shared<core::Fetch>();
        fetch->group = group_;
        fetch->max = max;
        fetch->lease = lease_;
        fetch->attributes = attributes_;
        engine_->enter([&](core::Core& core, uint64_t now) {
            core.check_open();
            fetch->deadline_ms = now + count_ms(wait);
            core.demands.fetch(fetch);
        });
        engine_->enter_until(std::nullopt, [&](core::Core&, uint64_t) { return fetch->done; });
        if (fetch->failure) raise(fetch->failure);
        return core::deliveries_of(engine_, std::move(fetch->lent));
    }

 private:
    std::shared_ptr<Engine> engine_;
    core::Lease lease_;
    bool attributes_;
    uint32_t group_ = 0;
};

}  // namespace zbridge::client
