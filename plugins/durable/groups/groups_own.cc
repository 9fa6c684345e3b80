// The groups of the engine's own, which nobody reads: what waits for its time, and what is prepared.
#include "plugins/durable/groups/groups.h"

#include <utility>

namespace zbridge::durable {

GroupOptions Groups::own_options() {
    GroupOptions options;
    options.retries = UINT8_MAX;
    return options;
}

// True: the topic is of the engine's own.
bool Groups::pump_own(TopicId topic) {
    const bool delays = delays_ && topic == delays_->topic();
    const bool prepared = transactions_ && topic == transactions_->topic();
    if (delays) pump_delays();
    if (prepared) pump_transactions();
    return delays || prepared;
}

// ---- delays ----

std::optional<TopicId> Groups::delays() {
    if (!delays_ && !make_delays().ok()) return std::nullopt;
    if (!delays_->has_room()) return std::nullopt;
    return delays_->topic();
}

Status Groups::make_delays() {
    auto group = make_own(Delays::kName);
    if (!group.ok()) return std::move(group).error();
    (*group)->reads_ahead = true;
    delays_ = std::make_unique<Delays>(topics_, **group, options_.delayed_max);
    delays_again_ = true;
    return {};
}

// The topic and the group of this name.
Result<Group*> Groups::make_own(std::string_view its_name) {
    const std::string name(its_name);
    Group* group = find(name);
    if (group == nullptr) {
        if (Status status = begin({name, name, own_options()}); !status.ok()) return status;
        group = find(name);
        group->origin = Origin::kImplicit;
        group->hands_over = true;
        put_in_topic(*group);
        group->write_snapshot();
    }
    topics_.keep_for_tenant(group->topic());
    touched_.insert(group->id());
    moved_.insert(group->topic());
    return group;
}

void Groups::on_delayed(Offset offset, int64_t due_ms, TopicId target) {
    delays_->add(offset, due_ms, target);
    touched_.insert(delays_->group().id());
}

void Groups::recall(const std::vector<Delayed>& delayed) {
    delays_->recall(delayed);
    touched_.insert(delays_->group().id());
}

void Groups::reschedule(const std::vector<Delayed>& delayed, int64_t due_ms) {
    delays_->reschedule(delayed, due_ms);
    touched_.insert(delays_->group().id());
}

bool Groups::needs(TopicId topic, Offset offset) const {
    const Group* its = delays_ && topic == delays_->topic()               ? &delays_->group()
                       : transactions_ && topic == transactions_->topic() ? &transactions_->group()
                                                                          : nullptr;
    return its == nullptr || its->exceptions().find(offset) != nullptr;
}

void Groups::pump_delays() {
    if (!delays_) return;
    touched_.insert(delays_->group().id());
    delays_again_ = delays_->deliver_due();
}

// ---- transactions ----

std::optional<TopicId> Groups::prepared() {
    if (!transactions_ && !make_transactions().ok()) return std::nullopt;
    if (!transactions_->has_room()) return std::nullopt;
    return transactions_->topic();
}

Status Groups::make_transactions() {
    auto group = make_own(Transactions::kName);
    if (!group.ok()) return std::move(group).error();
    transactions_ = std::make_unique<Transactions>(
        topics_, **group, clock_, options_.transactions,
        [this](const zb_check& check) { return listener_.on_check(check); });
    return {};
}

void Groups::on_prepared(Offset offset) {
    transactions_->add(offset);
    touched_.insert(transactions_->group().id());
}

zb_taken Groups::prepare(const zb_publication& publication, std::string_view checker,
                         zb_receipt& receipt, TransactionToken& transaction) {
    static constexpr std::string_view kTooLong =
        "the topic's name is too long: with `-unresolved` behind it it is no name";
    const Topic* topic = topics_.table().find(TopicId(publication.topic));
    if (topic != nullptr &&
        !TopicTable::is_name(topic->name + std::string(Transactions::kUnresolved))) {
        receipt.reason = {kTooLong.data(), kTooLong.size()};
        return ZB_UNABLE;
    }
    Offset where;
    const zb_taken taken = topics_.prepare(publication, checker, receipt, where);
    if (taken == ZB_TAKEN)
        transaction = TransactionToken::of(where, {receipt.id_epoch, receipt.id_sequence});
    return taken;
}

zb_taken Groups::resolve(TransactionToken transaction, bool commit, Transactions::OnResolved told) {
    if (!transactions_) return topics_.failure().empty() ? ZB_STALE : ZB_STORE_FAILED;
    touched_.insert(transactions_->group().id());
    return transactions_->resolve(transaction, commit, std::move(told));
}

void Groups::on_answer(uint64_t cookie, bool ok, const std::string& why) {
    if (transactions_) transactions_->on_durable(cookie, ok, why);
}

void Groups::fail(const std::string& why) {
    for (const uint64_t cookie : std::exchange(cookies_, {}))
        listener_.on_not_settled(cookie, why);
    for (const auto& group : groups_) {
        if (group) group->fail(why);
    }
    if (transactions_) transactions_->fail(why);
}

void Groups::pump_transactions() {
    if (!transactions_) return;
    touched_.insert(transactions_->group().id());
    transactions_again_ = transactions_->pump();
}

}  // namespace zbridge::durable
