#include "bridge/delivery/checkers.h"

#include <algorithm>
#include <utility>

#include "bridge/base/words.h"

namespace zbridge::delivery {

using plugin::Resolution;

namespace {

enum class Word : uint8_t { kCommit, kRollback, kUnknown };

std::optional<Word> word_of(std::string_view text) {
    constexpr std::pair<std::string_view, Word> kWords[] = {
        {"COMMIT", Word::kCommit}, {"ROLLBACK", Word::kRollback}, {"UNKNOWN", Word::kUnknown}};
    for (const auto& [name, word] : kWords) {
        if (same_word(name, text)) return word;
    }
    return std::nullopt;
}

Slice head_of(const plugin::Check& check, MemoryBudget& memory) {
    const auto bytes = check.transaction.encode();
    std::string head;
    append_frame(head, {bytes.data(), bytes.size()}, true);
    append_frame(head, {}, true);
    append_frame(head,
                 "CHECK " + check.transaction.text() + " " + std::to_string(check.number) + " " +
                     check.id.text(),
                 true);
    return memory.copy(head);
}

}  // namespace

struct Checkers::Answer {
    explicit Answer(const Message& message) {
        const Frame first = message.first();
        token = TransactionToken::decode(first.body);
        if (!token || !first.more) return;
        const Frame delimiter = frame_at(message.wire().bytes(), first.end);
        if (!delimiter.body.empty() || !delimiter.more) return;
        const Frame said = frame_at(message.wire().bytes(), delimiter.end);
        if (!said.more) word = word_of(said.body);
    }

    std::optional<TransactionToken> token;
    std::optional<Word> word;  // none: it is malformed
};

Checkers::Checkers(Setup setup, plugin::Engine& engine, net::Reactor& reactor)
    : setup_(std::move(setup)), engine_(engine), reactor_(reactor) {
    engine_.listen(setup_.name, *this);
}

void Checkers::on_opened(net::Peer& peer) {
    workers_.push_front({&peer, {}});
    give();
}

void Checkers::on_writable(net::Peer&) {
    give();
}

void Checkers::on_closed(net::Peer& peer) {
    workers_.remove_if([&](const Worker& each) { return each.peer == &peer; });
    if (!workers_.empty()) return;
    // Whoever comes next would be asked of what is long decided.
    counters_.unasked += line_.size();
    line_.clear();
}

bool Checkers::is_free(const Worker& worker) const {
    const uint32_t credit = worker.peer->type() == SocketType::kRep ? 1 : setup_.credit;
    return worker.held.size() < credit && !worker.peer->blocked() && worker.peer->has_room();
}

// Null: none is.
Checkers::Worker* Checkers::next_free() {
    const auto found = std::find_if(workers_.begin(), workers_.end(),
                                    [this](const Worker& each) { return is_free(each); });
    return found == workers_.end() ? nullptr : &*found;
}

bool Checkers::on_check(const plugin::Check& check) {
    line_.remove(check.transaction);  // it is asked for once
    if (workers_.empty() || !line_.add(check)) {
        counters_.unasked++;
        return false;
    }
    give();
    return true;
}

void Checkers::give() {
    while (!line_.empty()) {
        Worker* worker = next_free();
        if (worker == nullptr) return;
        ask(*worker, line_.take());
    }
}

void Checkers::ask(Worker& worker, const plugin::Check& check) {
    counters_.asked++;
    worker.peer->send(head_of(check, reactor_.memory()), check.wire);
    worker.held.push_back(check.transaction);
    const auto is_it = [&](const Worker& each) { return &each == &worker; };
    workers_.splice(workers_.end(), workers_,
                    std::find_if(workers_.begin(), workers_.end(), is_it));
}

net::Take Checkers::on_message(net::Peer& peer, const Message& message) {
    const Answer answer(message);
    const auto worker = std::find_if(workers_.begin(), workers_.end(),
                                     [&](const Worker& each) { return each.peer == &peer; });
    std::vector<TransactionToken>& held = worker->held;
    // A REP has used its turn, whatever it says.
    if (peer.type() == SocketType::kRep)
        held.clear();
    else if (answer.token)
        held.erase(std::remove(held.begin(), held.end(), *answer.token), held.end());
    settle(answer);
    give();
    return net::Take::kTaken;
}

void Checkers::settle(const Answer& answer) {
    if (!answer.token || !answer.word) {
        counters_.malformed++;
        return;
    }
    line_.remove(*answer.token);
    if (*answer.word == Word::kUnknown) {
        counters_.unknown++;
        return;
    }
    const Resolution how =
        *answer.word == Word::kCommit ? Resolution::kCommit : Resolution::kRollback;
    engine_.resolve(*answer.token, how,
                    [this, how](const plugin::Resolved& resolved) { on_resolved(how, resolved); });
}

void Checkers::on_resolved(Resolution how, const plugin::Resolved& resolved) {
    if (resolved.why)
        (*resolved.why == Refusal::kStale ? counters_.stale : counters_.refused)++;
    else
        (how == Resolution::kCommit ? counters_.committed : counters_.rolled_back)++;
}

}  // namespace zbridge::delivery
