#include "plugins/durable/admin/transactions_admin.h"

#include <algorithm>
#include <utility>

#include "plugins/durable/admin/missing.h"
#include "plugins/durable/topics/attributes.h"
#include "plugins/durable/topics/wire.h"

namespace zbridge::durable {

namespace {

zb_result result_of(zb_taken taken) {
    switch (taken) {
        case ZB_STALE:
            return ZB_WRONG_STATE;
        case ZB_STORE_FAILED:
            return ZB_FAILED;
        case ZB_BUSY:
        case ZB_TOPIC_FULL:
        case ZB_STORE_FULL:
            return ZB_FULL;
        default:
            return ZB_INVALID;
    }
}

std::string answer_of(const std::string& token, const std::optional<MessageId>& id) {
    ValueWriter writer;
    writer.begin_map(2);
    writer.entry("token", token);
    writer.entry("id", id ? id->text() : std::string());
    return writer.take();
}

}  // namespace

void TransactionsAdmin::ask(std::string_view verb, const Request& request, uint64_t cookie) {
    if (verb == "tx commit" || verb == "tx rollback")
        return resolve(verb == "tx commit", request, cookie);
    if (verb != "tx ls")
        return refuse(cookie, ZB_UNSUPPORTED, "`" + std::string(verb) + "` is not there yet");
    if (!request.topic.empty() && topics_.table().find(request.topic) == nullptr)
        return refuse(cookie, ZB_NOT_FOUND, no_topic(topics_, request.topic));
    Listing listing;
    listing.cookie = cookie;
    listing.topic = request.topic;
    listing.from = {request.from.value_or(0)};
    listing.max = std::clamp<uint64_t>(request.max.value_or(kListedDefault), 1, kListedMax);
    if (try_list(listing)) return;
    if (lists_.size() == kListsMax)
        return refuse(cookie, ZB_FULL, "too many wait for the disk: try again");
    lists_.push_back(std::move(listing));
}

void TransactionsAdmin::on_loaded(TopicId topic) {
    const Transactions* its = groups_.transactions();
    if (its == nullptr || its->topic() != topic) return;
    lists_.remove_if([&](const Listing& each) { return try_list(each); });
}

void TransactionsAdmin::resolve(bool commit, const Request& request, uint64_t cookie) {
    const std::string text = request.token.value_or("");
    const auto token = TransactionToken::parse(text);
    if (!token) {
        return refuse(cookie, ZB_INVALID,
                      "`" + text + "` is no token of a transaction: `zbridge tx ls` shows them");
    }
    const zb_taken taken =
        groups_.resolve(*token, commit, [this, cookie, text](const Resolved& resolved) {
            if (resolved.taken == ZB_TAKEN)
                return listener_.on_admin_answer(cookie, ZB_OK, answer_of(text, resolved.id));
            refuse(cookie, result_of(resolved.taken), resolved.reason);
        });
    if (taken == ZB_TAKEN) return;
    refuse(cookie, result_of(taken),
           taken == ZB_STORE_FAILED ? "the journal failed: " + topics_.failure()
           : taken == ZB_BUSY       ? "too many wait for the disk: try again"
                                    : "nothing that is prepared has this token, or not any more");
}

bool TransactionsAdmin::try_list(const Listing& listing) {
    Listed listed;
    listed.next = listing.from;
    const Transactions* its = groups_.transactions();
    if (its != nullptr)
        look_at(listing, *its, listed);
    else
        listed.done = true;
    if (!listed.done && listed.looks == 0) return false;
    ValueWriter writer;
    writer.begin_map(4);
    writer.key("transactions");
    writer.begin_list(listed.count);
    writer.written(listed.entries.take());
    writer.entry("next", listed.next.number);
    writer.entry("done", listed.done);
    writer.entry("prepared", its == nullptr ? size_t{0} : its->prepared());
    listener_.on_admin_answer(listing.cookie, ZB_OK, writer.take());
    return true;
}

// As far as may be, and as what is asked for is in memory.
void TransactionsAdmin::look_at(const Listing& listing, const Transactions& its, Listed& listed) {
    const Exceptions& open = its.group().exceptions();
    while (listed.count < listing.max && listed.looks < kLooksMax) {
        const auto at = open.first_of({listed.next, Token::kOffsetEnd - listed.next.number});
        const uint64_t head = topics_.bounds(its.topic()).head;
        if (!at || at->number >= head) {
            listed.done = true;
            return;
        }
        zb_run run{};
        uint32_t count = 0;
        if (topics_.read(its.topic(), *at, 1, &run, 1, count) == ZB_LATER) return;
        listed.looks++;
        listed.next = *at + 1;
        if (count == 0 || run.first_offset != at->number) continue;  // it cannot be read any more
        ZB_CHECK(cut_back(run, 1, UINT64_MAX), at->number);
        if (write_one(listing, run, *open.find(*at), listed.entries)) listed.count++;
    }
}

// False: it is not asked for.
bool TransactionsAdmin::write_one(const Listing& listing, const zb_run& message,
                                  const Exception& waits, ValueWriter& writer) const {
    std::string_view attributes{message.attributes.data, message.attributes.size};
    const auto what = take_prepared(attributes);
    const Topic* topic = what ? topics_.table().find(what->target) : nullptr;
    const std::string name = topic == nullptr ? "" : topic->name;
    if (!listing.topic.empty() && name != listing.topic) return false;
    const MessageId id{message.id_epoch, message.first_sequence};
    writer.begin_map(8);
    writer.entry("token", TransactionToken::of({message.first_offset}, id).text());
    writer.entry("id", id.text());
    writer.entry("topic", name);
    writer.entry("checker", what ? std::string(what->checker) : std::string());
    writer.entry("prepared_ms", message.stored_ms);
    writer.entry("checks", static_cast<uint32_t>(waits.attempts));
    writer.entry("next_check_ms", static_cast<uint64_t>(waits.due_ms));
    writer.entry("bytes", message.bytes);
    return true;
}

void TransactionsAdmin::write_status(ValueWriter& writer) const {
    const Transactions* its = groups_.transactions();
    const TransactionsCounters counters = its != nullptr ? its->counters() : TransactionsCounters();
    writer.begin_map(11);
    writer.entry("prepared", its == nullptr ? size_t{0} : its->prepared());
    writer.entry("max_prepared", groups_.transactions_options().prepared_max);
    writer.entry("committed", counters.committed);
    writer.entry("duplicates", counters.duplicates);
    writer.entry("rolled_back", counters.rolled_back);
    writer.entry("checks", counters.checks);
    writer.entry("unasked", counters.unasked);
    writer.entry("unresolved", counters.unresolved);
    writer.entry("late", counters.stale);
    writer.entry("refused", counters.refused);
    writer.entry("dropped", counters.dropped);
}

}  // namespace zbridge::durable
