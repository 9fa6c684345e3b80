// A message on loan: settle it once, before its lease ends.
//
// Thread:  any, one at a time. ack() and the like do not wait: the verdict goes with others, and is
//          sent again until the bridge has it. What ends in _async tells when it is durable.
// Failure: AlreadySettled for a second verdict. Stale, of the future: the lease was over, and
//          somebody else has the message, or will.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client.hpp"
#include "core/text.hpp"

namespace zbridge::client {

class Delivery {
 public:
    Delivery(std::shared_ptr<Engine> engine, core::LentPtr lent)
        : engine_(std::move(engine)), lent_(std::move(lent)) {}

    // The message where it has one frame, else the last of them: frames() has all. Both stay as long
    // as a copy of this delivery does.
    std::string_view body() const { return lent_->body; }
    std::vector<std::string_view> frames() const { return core::frames_of(lent_->message); }
    MessageId id() const { return MessageId(lent_->key.place); }
    // What its producer, or its route, said of it; null: nothing, or they were not asked for.
    const AttributesPtr& attributes() const { return lent_->attributes; }
    // 1 is the first delivery of it.
    uint64_t attempt() const { return lent_->attempt; }
    bool is_settled() const {
        return engine_->enter(
            [this](core::Core&, uint64_t) { return lent_->state == core::Lent::State::kSettled; });
    }

    // It is done.
    void ack() const { settle(Verdict::kAck, {}, {}, nullptr); }
    // Again, after so long; none: as the group's backoff says.
    void retry(std::optional<milliseconds> delay = std::nullopt,
               std::optional<std::string> reason = std::nullopt) const {
        settle(Verdict::kRetry, delay, std::move(reason), nullptr);
    }
    // To the dead letters.
    void reject(std::optional<std::string> reason = std::nullopt) const {
        settle(Verdict::kReject, {}, std::move(reason), nullptr);
    }
    // It was not looked at: again at once, for anybody, and no attempt is counted.
    void release() const { settle(Verdict::kRelease, {}, {}, nullptr); }

    std::future<void> ack_async() const { return settle_async(Verdict::kAck); }
    void ack_async(SettledCallback call) const {
        settle(Verdict::kAck, {}, {},
               std::make_shared<core::WaiterCall>(engine_->calls(), std::move(call)));
    }
    std::future<void> settle_async(Verdict verdict,
                                   std::optional<milliseconds> delay = std::nullopt,
                                   std::optional<std::string> reason = std::nullopt) const {
        auto waiter = std::make_shared<core::WaiterPromise>();
        auto future = waiter->future();
        settle(verdict, delay, std::move(reason), std::move(waiter));
        return future;
    }

    // A new lease from now on; none: the group's.
    std::future<void> extend_async(std::optional<milliseconds> lease = std::nullopt) const;

    // For the functions below.
    const core::LentPtr& lent() const { return lent_; }
    const std::shared_ptr<Engine>& engine() const { return engine_; }

 private:
    void settle(Verdict verdict, std::optional<milliseconds> delay,
                std::optional<std::string> reason, std::shared_ptr<core::Waiter> waiter) const;

    std::shared_ptr<Engine> engine_;
    core::LentPtr lent_;
};

namespace core {

constexpr milliseconds kDelayMax{uint64_t{365} * 24 * 3600 * 1000};
constexpr milliseconds kLeaseMin{1000};
constexpr milliseconds kLeaseMax{12 * 3600 * 1000};
constexpr size_t kReasonBytesMax = 200;  // the bridge keeps no more

inline Sentence sentence_of(uint32_t group, Verdict verdict, std::optional<milliseconds> delay,
                            std::optional<std::string> reason) {
    Sentence said{group, verdict, {}, std::move(reason)};
    if (delay) {
        if (delay->count() < 0 || *delay > kDelayMax) throw Invalid("delay: 0 to a year");
        said.delay_ms = count_ms(*delay);
    }
    if (said.reason) said.reason = readable(*said.reason, kReasonBytesMax);
    return said;
}

inline std::optional<uint64_t> lease_of(std::optional<milliseconds> lease) {
    if (!lease) return std::nullopt;
    if (*lease < kLeaseMin || *lease > kLeaseMax) throw Invalid("lease: a second to 12 hours");
    return count_ms(*lease);
}

}  // namespace core

inline void Delivery::settle(Verdict verdict, std::optional<milliseconds> delay,
                             std::optional<std::string> reason,
                             std::shared_ptr<core::Waiter> waiter) const {
    const auto said = core::sentence_of(lent_->key.group, verdict, delay, std::move(reason));
    core::SettlementPtr settlement;
    if (waiter) settlement = std::make_shared<core::Settlement>(std::move(waiter), 1);
    engine_->enter([&](core::Core& core, uint64_t now) {
        if (core.failure()) raise(core.failure());
        core.inbox.settle(lent_, said, std::move(settlement), now);
    });
}

// Several at once, of one client, whatever their groups: one verdict for each of them.
inline std::future<void> settle(const std::vector<Delivery>& deliveries, Verdict verdict,
                                std::optional<milliseconds> delay = std::nullopt,
                                std::optional<std::string> reason = std::nullopt) {
    auto waiter = std::make_shared<core::WaiterPromise>();
    auto future = waiter->future();
    if (deliveries.empty()) {
        waiter->finish({});
        return future;
    }
    const auto said = core::sentence_of(0, verdict, delay, std::move(reason));
    std::vector<core::LentPtr> lent;
    lent.reserve(deliveries.size());
    for (const Delivery& each : deliveries)
        lent.push_back(each.lent());
    auto settlement = std::make_shared<core::Settlement>(std::move(waiter), lent.size());
    deliveries.front().engine()->enter([&](core::Core& core, uint64_t now) {
        if (core.failure()) raise(core.failure());
        core.inbox.settle(lent, said, settlement, now);
    });
    return future;
}

inline std::future<void> Delivery::extend_async(std::optional<milliseconds> lease) const {
    auto waiter = std::make_shared<core::WaiterPromise>();
    auto future = waiter->future();
    const auto lease_ms = core::lease_of(lease);
    engine_->enter([&](core::Core& core, uint64_t) {
        if (core.failure()) raise(core.failure());
        if (lent_->state == core::Lent::State::kSettled)
            throw AlreadySettled("it has had its verdict");
        core.extending.extend({lent_}, lease_ms, std::move(waiter));
    });
    return future;
}

}  // namespace zbridge::client
