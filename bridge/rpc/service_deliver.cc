// How an answer gets to its client: at once, when it is back, or to nobody.
#include <string>
#include <utility>

#include "bridge/rpc/service.h"

namespace zbridge::rpc {

void Service::say(Client& client, const Slice& envelope, Refusal why, uint64_t number,
                  std::string_view text) {
    if (client.zbp) return deliver(client, coded_error(envelope, why, text));
    if (error_reply_.silent()) return;
    const std::string id = std::to_string(life_.epoch.number()) + '-' + std::to_string(number);
    deliver(client, {.head = envelope,
                     .rest = error_reply_.render(memory_, why, id),
                     .counted = true,  // its request has ended
                     .correlates = envelope.size() > kBareEnvelopeBytes});
}

void Service::deliver(Client& client, Answer answer) {
    if (&client == &nobody_) return drop_unresumable(answer);
    if (client.peer == nullptr || client.resuming) return keep(client, std::move(answer));
    if (client.peer->has_room() || (client.zbp && answer.counted)) return send(client, answer);
    client.peer->counters().dropped++;
    if (!answer.counted) counts_.ended.add(Refusal::kOutboxFull);
    if (client.zbp)
        send(client, coded_error(answer.head.empty() ? answer.rest : answer.head,
                                 Refusal::kOutboxFull, {}));
    done(answer.number);
}

void Service::send(Client& client, const Answer& answer) {
    client.peer->send(answer.head, answer.rest);
    if (!answer.counted) counts_.answered++;
    if (answer.number == 0) return;
    if (leaves_at_once(client, answer.correlates)) return done(answer.number);
    client.sent.push_back({.number = answer.number,
                           .end = client.peer->outbox().appended(),
                           .message = client.peer->counters().messages_out});
    if (!senders_.holds(client)) senders_.push_back(client);
    if (!sent_timer_.armed()) sent_timer_.arm(clock_.now() + kSentLook);
}

// The client's socket is about to have it. Known to be there from now on, it will not be taken for
// the answer to what the client asks next, should the bridge be killed before it has heard that.
// For an answer that names its request there is no such danger: it is known to be there when it is.
bool Service::leaves_at_once(const Client& client, bool correlates) {
    return !correlates && client.peer != nullptr && !client.resuming && !client.peer->blocked();
}

void Service::keep(Client& client, Answer answer) {
    if (client.kept.size() >= kKeptAnswersMax) {
        drop(client.kept.front(), Refusal::kOutboxFull, LateReason::kUndeliverable);
        client.kept.erase(client.kept.begin());
    }
    if (!answer.counted) kept_++;
    client.kept.push_back(std::move(answer));
    if (!client.recovered || client.host == nullptr) return;
    for (Client* each = client.host->candidates.front(); each != nullptr;
         each = decltype(client.host->candidates)::after(*each)) {
        if (!each->resuming) offer(client.kept.back(), *each);
    }
}

// The candidate drops what is not for it. What is offered stays kept: another may come.
void Service::offer(Answer& answer, Client& candidate) {
    if (!candidate.peer->has_room()) return;
    candidate.peer->send(answer.head, answer.rest);
    answer.offered = true;
    if (std::exchange(answer.counted, true)) return;
    kept_--;
    counts_.answered++;
}

// It is back, and waits.
void Service::on_silent(Client& client) {
    if (client.host != nullptr) {
        for (Client* each = client.host->waiting.front(); each != nullptr;
             each = decltype(client.host->waiting)::after(*each)) {
            for (Answer& answer : each->kept)
                offer(answer, client);
        }
    } else {
        clients_.end_return(client);
    }
    deliver_kept(client);
}

void Service::deliver_kept(Client& client) {
    for (Answer& answer : std::exchange(client.kept, {})) {
        if (!answer.counted) kept_--;
        deliver(client, std::move(answer));
    }
    audit();
}

void Service::drop_kept(Client& client, Refusal why, LateReason reason) {
    for (const Answer& answer : std::exchange(client.kept, {}))
        drop(answer, why, reason);
}

// REQUIRES: it is out of kept.
void Service::drop(const Answer& answer, Refusal why, LateReason reason) {
    if (answer.counted) {
        if (!answer.offered) counts_.dropped_gone++;
    } else {
        kept_--;
        counts_.ended.add(why);
        counts_.late.add(reason);
    }
    done(answer.number);
}

void Service::drop_unresumable(const Answer& answer) {
    if (!answer.counted) {
        counts_.ended.add(Refusal::kUnresumable);
        if (!std::exchange(told_unresumable_, true)) journal_->tell_unresumable(options_.name);
    }
    done(answer.number);
}

void Service::look_at_sent() {
    for (Client* each = senders_.front(); each != nullptr;) {
        Client& client = *each;
        each = decltype(senders_)::after(client);
        take_written(client);
    }
    if (!senders_.empty()) sent_timer_.arm(clock_.now() + kSentLook);
}

// Its socket has taken these whole: that they are answered may be known after a restart.
void Service::take_written(Client& client) {
    const uint64_t written = client.peer->outbox().written();
    size_t taken = 0;
    for (; taken < client.sent.size() && client.sent[taken].end <= written; taken++)
        done(client.sent[taken].number);
    client.sent.erase(client.sent.begin(),
                      client.sent.begin() + static_cast<std::ptrdiff_t>(taken));
    if (client.sent.empty() && senders_.holds(client)) senders_.remove(client);
}

// It will not be sent again whatever was under way.
void Service::forget_sent(Client& client) {
    for (const SentAnswer& sent : std::exchange(client.sent, {}))
        done(sent.number);
    if (senders_.holds(client)) senders_.remove(client);
}

// What the socket of its connection, which ends, did not take any more is part of what it waits
// for. Of a source's peer the outbox is not ours.
void Service::keep_unsent(Client& client) {
    take_written(client);
    if (!client.key.empty() && client.state != nullptr) {
        const auto unsent = client.peer->outbox().take_unfinished(memory_);
        uint64_t message = client.peer->counters().messages_out - unsent.size();
        for (const Message& each : unsent) {
            Answer answer{.rest = each.wire(), .counted = true};
            message++;
            if (!client.sent.empty() && client.sent.front().message == message) {
                answer.number = client.sent.front().number;
                client.sent.erase(client.sent.begin());
            }
            keep(client, std::move(answer));
        }
    }
    forget_sent(client);
}

void Service::done(uint64_t number) {
    if (number != 0) journal_->done(number, RequestJournal::Need::kAnswer);
}

}  // namespace zbridge::rpc
