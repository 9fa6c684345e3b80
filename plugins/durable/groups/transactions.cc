#include "plugins/durable/groups/transactions.h"

#include <utility>

#include "plugins/durable/groups/dead_letter.h"
#include "plugins/durable/topics/attributes.h"

namespace zbridge::durable {

using HandedOver = Group::HandedOver;

namespace {

MessageId id_of(const zb_run& message) {
    return {message.id_epoch, message.first_sequence};
}

}  // namespace

Transactions::Transactions(Topics& topics, Group& group, const Clock& clock,
                           TransactionsOptions options, OnCheck on_check)
    : topics_(topics),
      group_(group),
      clock_(clock),
      options_(options),
      on_check_(std::move(on_check)),
      begins_(clock.now() + options.check_after) {}

void Transactions::add(Offset offset) {
    const auto after = std::chrono::ceil<std::chrono::milliseconds>(options_.check_after);
    group_.delay(offset, clock_.wall_us() / 1000 + after.count(), 0);
}

// ---- what becomes of it ----

zb_taken Transactions::resolve(TransactionToken transaction, bool commit, OnResolved told) {
    if (!topics_.failure().empty()) return ZB_STORE_FAILED;
    if (waiting_.size() >= kWaitingMax) return ZB_BUSY;
    waiting_.push_back({transaction, commit, std::move(told)});
    // Those before it wait for the disk: then it does too.
    if (waiting_.size() == 1 && try_resolve(waiting_.front())) waiting_.pop_front();
    return ZB_TAKEN;
}

bool Transactions::pump() {
    while (!waiting_.empty() && try_resolve(waiting_.front()))
        waiting_.pop_front();
    if (begins_ && clock_.now() < *begins_) return false;
    begins_.reset();
    group_.wake();
    return group_.hand_over(
        kChecksMax, options_.check_every,
        [this](const zb_run& message, const Companion& with) { return check(message, with); });
}

std::optional<Duration> Transactions::begins_in() const {
    if (!begins_) return std::nullopt;
    return std::max(*begins_ - clock_.now(), Duration(0));
}

// False: it waits.
bool Transactions::try_resolve(Asked& asked) {
    Resolved resolved;
    const Offset offset = asked.transaction.offset;
    if (group_.exceptions().find(offset) == nullptr) {
        resolved = stale(offset);
    } else {
        const HandedOver handed =
            group_.hand_one(offset, Duration(0), [&](const zb_run& message, const Companion& with) {
                return resolve(asked, message, with, resolved);
            });
        if (handed == HandedOver::kLater || handed == HandedOver::kStop) return false;
        if (handed == HandedOver::kGone) {
            counters_.dropped++;
            resolved = {ZB_STALE, std::nullopt, "its message cannot be read any more"};
        }
    }
    answer(std::move(resolved), std::move(asked.told));
    return true;
}

HandedOver Transactions::resolve(const Asked& asked, const zb_run& message, const Companion& with,
                                 Resolved& resolved) {
    if (!asked.transaction.names(id_of(message))) {
        resolved = stale(asked.transaction.offset);
        return HandedOver::kKept;
    }
    resolved.id = id_of(message);
    if (!asked.commit) {
        topics_.write(with.type, with.payload, with.effect);
        counters_.rolled_back++;
        end(message, End::kRolledBack);
        return HandedOver::kDone;
    }
    std::string_view attributes{message.attributes.data, message.attributes.size};
    const auto what = take_prepared(attributes);
    zb_receipt receipt{};
    resolved.taken = topics_.commit(what ? what->target : TopicId(ZB_NO_TOPIC), message, attributes,
                                    with, receipt);
    if (resolved.taken == ZB_LATER) return HandedOver::kStop;
    if (resolved.taken != ZB_TAKEN) {
        counters_.refused++;
        resolved.reason.assign(receipt.reason.data, receipt.reason.size);
        return HandedOver::kKept;
    }
    resolved.id = MessageId{receipt.id_epoch, receipt.id_sequence};
    counters_.committed++;
    counters_.duplicates += receipt.duplicate;
    end(message, End::kCommitted);
    return HandedOver::kDone;
}

void Transactions::end(const zb_run& message, End how) {
    const Offset offset{message.first_offset};
    topics_.done_with(topic(), offset, message.bytes + message.attributes.size);
    known_[offset] = how;
    if (known_.size() > kKnownMax) known_.erase(known_.begin());
}

Resolved Transactions::stale(Offset offset) {
    counters_.stale++;
    const auto known = known_.find(offset);
    if (known == known_.end())
        return {ZB_STALE, std::nullopt, "nothing that is prepared has this token, or not any more"};
    switch (known->second) {
        case End::kCommitted:
            return {ZB_STALE, std::nullopt, "it is committed already"};
        case End::kRolledBack:
            return {ZB_STALE, std::nullopt, "it is rolled back already"};
        default:
            return {ZB_STALE, std::nullopt, "nobody resolved it in time: it was rolled back"};
    }
}

// Also of one that changed nothing: what it speaks of may not be durable yet.
void Transactions::answer(Resolved resolved, OnResolved told) {
    if (!told) return;
    answers_.emplace(++last_cookie_, std::pair(std::move(resolved), std::move(told)));
    topics_.answer_when_durable({last_cookie_, {}, Answer::To::kTenant});
}

void Transactions::on_durable(uint64_t cookie, bool ok, const std::string& why) {
    auto found = answers_.extract(cookie);
    if (found.empty()) return;
    auto& [resolved, told] = found.mapped();
    if (!ok) resolved = {ZB_STORE_FAILED, std::nullopt, why};
    told(resolved);
}

void Transactions::fail(const std::string& why) {
    const Resolved failed{ZB_STORE_FAILED, std::nullopt, why};
    for (auto& [cookie, each] : std::exchange(answers_, {}))
        each.second(failed);
    for (Asked& each : std::exchange(waiting_, {})) {
        if (each.told) each.told(failed);
    }
}

// ---- nobody says ----

HandedOver Transactions::check(const zb_run& message, const Companion& with) {
    std::string_view attributes{message.attributes.data, message.attributes.size};
    const auto what = take_prepared(attributes);
    const Topic* target = what ? topics_.table().find(what->target) : nullptr;
    if (target == nullptr) {
        counters_.dropped++;
        topics_.write(with.type, with.payload, with.effect);
        end(message, End::kRolledBack);
        return HandedOver::kDone;
    }
    const Offset offset{message.first_offset};
    const auto made = static_cast<uint32_t>(group_.exceptions().find(offset)->attempts);
    if (made >= options_.checks_max) return park(message, what->target, with);
    zb_check asked{};
    asked.size = sizeof(asked);
    asked.topic = what->target.number();
    asked.check = made + 1;
    asked.checks_max = options_.checks_max;
    asked.transaction = TransactionToken::of(offset, id_of(message)).to_c();
    asked.checker = {what->checker.data(), what->checker.size()};
    asked.run = message;
    counters_.checks++;
    if (!on_check_(asked)) counters_.unasked++;
    return HandedOver::kNext;
}

// As a dead letter: what it was, where it was to go, and why it did not.
HandedOver Transactions::park(const zb_run& message, TopicId target, const Companion& with) {
    const std::string name = topics_.table().find(target)->name;
    const std::string to = name + std::string(kUnresolved);
    const auto made =
        static_cast<uint32_t>(group_.exceptions().find({message.first_offset})->attempts);
    const std::string reason =
        "prepared, and not resolved after " + std::to_string(made) + " checks";
    DeadLetter letter(message, name, to, reason, made, clock_.wall_us() / 1000);
    const auto unresolved = topics_.topic(to);
    const zb_publication publication{unresolved.value_or(TopicId()).number(),
                                     message.frames,
                                     {message.wire, message.bytes},
                                     &letter.attributes()};
    Companion its = with;
    its.again = true;
    zb_receipt receipt{};
    if (!unresolved || topics_.publish(&publication, 1, receipt, &its) != ZB_TAKEN) {
        counters_.refused++;
        return HandedOver::kAgain;
    }
    counters_.unresolved++;
    end(message, End::kUnresolved);
    return HandedOver::kDone;
}

}  // namespace zbridge::durable
