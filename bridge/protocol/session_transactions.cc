// What a session prepares, and what becomes of it: COMMIT, ROLLBACK; and what it is asked of others'.
#include <algorithm>

#include "bridge/protocol/checking.h"
#include "bridge/protocol/limits.h"

namespace zbridge::protocol {

using plugin::Resolution;

// A check of it waits for nobody any more.
void Session::take_off_checks(const Command& command) {
    for (const TransactionToken token : command.tokens) {
        commons_.ways.take_off_check(token);
        for (const auto& [sub, each] : checkings_)
            each->give_back(token);
    }
}

void Session::resolve(const Command& command) {
    if (command.tokens.size() > kTokensMax) return refuse(command, Refusal::kOutOfRange, "tokens");
    if (commons_.engine == nullptr)
        return refuse(command, Refusal::kNotFound, "this bridge has no topics");
    take_off_checks(command);
    // Its place first: the engine may tell at once.
    const uint64_t number = next_resolve_++;
    Resolve& its = resolves_[number];
    its.ref = command.ref;
    its.answer.resolved.resize(command.tokens.size());
    its.outstanding = command.tokens.size() + 1;
    const Resolution how =
        command.verb == Verb::kCommit ? Resolution::kCommit : Resolution::kRollback;
    for (size_t i = 0; i < command.tokens.size(); i++) {
        commons_.engine->resolve(command.tokens[i], how,
                                 [&ways = commons_.ways, id = peer_.id(), number, i,
                                  how](const plugin::Resolved& resolved) {
                                     if (Session* session = ways.session(id))
                                         session->on_resolved(number, i, how, resolved);
                                 });
    }
    end_resolve_if_told(number);
}

void Session::on_resolved(uint64_t number, size_t index, Resolution how,
                          const plugin::Resolved& resolved) {
    const auto found = resolves_.find(number);
    if (found == resolves_.end()) return;
    ResolvedToken& its = found->second.answer.resolved[index];
    if (resolved.why) {
        // As many wait for the disk as may: worth another try.
        its.why = *resolved.why == Refusal::kBusy ? Refusal::kLineFull : *resolved.why;
        its.text = resolved.reason.empty() ? meaning_of(*its.why) : resolved.reason;
        commons_.refusals.add(*its.why);
    } else {
        its.id = resolved.id.value_or(MessageId{});
        (how == Resolution::kCommit ? commons_.counters.committed
                                    : commons_.counters.rolled_back)++;
    }
    end_resolve_if_told(number);
}

void Session::end_resolve_if_told(uint64_t number) {
    const auto found = resolves_.find(number);
    Resolve& its = found->second;
    if (--its.outstanding > 0) return;
    if (its.ref && state_ != State::kGone) {
        its.answer.ref = *its.ref;
        send(pack(its.answer));
    }
    resolves_.erase(found);
    end_bye_if_told();
}

// Asked again with the next check.
void Session::unknown(const Command& command) {
    if (command.tokens.size() > kTokensMax) return refuse(command, Refusal::kOutOfRange, "tokens");
    take_off_checks(command);
}

void Session::check(const Command& command) {
    const uint32_t sub = *command.sub;
    if (!commons_.setup.topic(command.checks))
        return refuse(command, Refusal::kNotFound, "no topic of this name");
    auto made =
        std::make_unique<Checking>(*this, commons_.ways.check_line(command.checks),
                                   Checking::Setup{sub, command.credit, command.wants_attributes});
    Checking& its = *made;
    checkings_.emplace(sub, std::move(made));
    send(pack_subscribed(sub));
    its.update();
}

void Session::say_check(uint32_t sub, const plugin::Check& check, bool with_attributes) {
    commons_.counters.checks++;
    AskedCheck its{.sub = sub,
                   .token = check.transaction,
                   .number = check.number,
                   .number_max = check.number_max,
                   .id = check.id,
                   .with_attributes = with_attributes};
    if (with_attributes) {
        its.attributes = commons_.engine->read_attributes(check.attributes).value_or(Attributes());
    }
    send_with_block(pack(its), check.wire);
}

}  // namespace zbridge::protocol
