#include "bridge/delivery/worker.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "bridge/delivery/reply_rules.h"

namespace zbridge::delivery {

using plugin::Verdict;

namespace {

constexpr uint32_t kHeadFrames = 2;  // the token, the empty one

Slice head_of(LeaseToken token, MemoryBudget& memory) {
    const auto bytes = token.encode();
    std::string head;
    append_frame(head, {bytes.data(), bytes.size()}, true);
    append_frame(head, {}, true);
    return memory.copy(head);
}

}  // namespace

struct Worker::Reply {
    explicit Reply(const Message& message) {
        const Frame first = message.first();
        token = LeaseToken::decode(first.body);
        if (!token || !first.more) return;
        const Frame delimiter = frame_at(message.wire().bytes(), first.end);
        well_formed = delimiter.body.empty();
        if (!well_formed || !delimiter.more) return;
        body = delimiter.end;
        first_frame = frame_at(message.wire().bytes(), delimiter.end).body;
    }

    std::optional<LeaseToken> token;
    bool well_formed = false;
    std::optional<size_t> body;  // where it begins; none: there is none
    std::string_view first_frame;
};

Worker::Worker(net::Peer& at, GroupSide& side, Duration hold_back)
    : Consumer(at),
      side_(side),
      credit_(at.type() == SocketType::kRep ? 1 : side.options.credit),
      held_back_(side.reactor.timers(), [this] { side_.ways->on_changed(*this); }) {
    if (hold_back > Duration{}) held_back_.arm(side.reactor.now() + hold_back);
}

void Worker::take(const plugin::Delivery& delivery) {
    LeaseToken token = delivery.token;
    for (size_t at = 0, i = 0; i < delivery.run.messages; i++, token = token.behind(1)) {
        const size_t end = message_end(delivery.run.wire.bytes(), at).end;
        const uint64_t position =
            peer.send(head_of(token, side_.reactor.memory()), delivery.run.wire.part(at, end - at));
        held_.push_back({token, position});
        at = end;
    }
}

net::Take Worker::say(const Message& message) {
    const Reply reply(message);
    if (reply.well_formed) {
        if (const net::Take take = settle(reply, message); take == net::Take::kHold) return take;
    } else {
        side_.counters.malformed++;
        use_turn(reply);
    }
    held_back_.cancel();
    return net::Take::kTaken;
}

net::Take Worker::settle(const Reply& reply, const Message& message) {
    const Verdict verdict = verdict_of(side_.options.settle, reply.first_frame);
    if (verdict == Verdict::kAck && side_.replies && reply.body) return publish(reply, message);
    const std::string_view reason =
        verdict == Verdict::kAck ? std::string_view() : reason_of(reply.first_frame);
    (void)side_.settle({.verdict = verdict, .token = *reply.token, .reason = reason});
    forget(*reply.token);
    return net::Take::kTaken;
}

// The ack, and what it says: both or none.
net::Take Worker::publish(const Reply& reply, const Message& message) {
    if (!side_.engine.has_room()) return side_.ways->hold_for_room();
    const Message body = message.after(*reply.body, kHeadFrames);
    const plugin::Publication publication{*side_.replies, &body, nullptr};
    const plugin::Settled settled =
        side_.settle({.verdict = Verdict::kAck, .token = *reply.token}, {&publication, 1});
    if (settled.later) return side_.ways->hold_for_room();
    if (settled.why) {
        side_.counters.replies_refused++;
        const std::string reason = "its reply was refused: " + std::string(name_of(*settled.why)) +
                                   " " + std::string(settled.reason);
        (void)side_.settle(
            {.verdict = Verdict::kRetry, .token = *reply.token, .reason = reason_of(reason)});
    }
    forget(*reply.token);
    return net::Take::kTaken;
}

// Which message a malformed reply was meant for: the one that it names; of a REP, what it holds.
void Worker::use_turn(const Reply& reply) {
    std::optional<LeaseToken> token = reply.token;
    if (!token && peer.type() == SocketType::kRep && !held_.empty()) token = held_.front().token;
    const bool holds = token && std::any_of(held_.begin(), held_.end(),
                                            [&](const Held& held) { return held.token == *token; });
    if (!holds) return;
    (void)side_.settle(
        {.verdict = Verdict::kRetry, .token = *token, .reason = "its reply was malformed"});
    forget(*token);
}

void Worker::forget(LeaseToken token) {
    const auto at = std::find_if(held_.begin(), held_.end(),
                                 [&](const Held& held) { return held.token == token; });
    if (at != held_.end()) held_.erase(at);
}

void Worker::leave() {
    const uint64_t written = peer.outbox().written();
    for (const Held& held : std::exchange(held_, {}))
        side_.settle_left(held.token, held.position < written);
}

void Worker::release() {
    for (const Held& held : std::exchange(held_, {}))
        side_.settle_left(held.token, false);
}

}  // namespace zbridge::delivery
