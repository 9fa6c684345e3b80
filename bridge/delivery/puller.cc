#include "bridge/delivery/puller.h"

#include <utility>

#include "bridge/delivery/reply_rules.h"

namespace zbridge::delivery {

using plugin::Verdict;
using Verb = PullerRequest::Verb;

Puller::Puller(net::Peer& at, GroupSide& side)
    : Consumer(at),
      side_(side),
      verbs_(side.options.puller != ConsumersOptions::Puller::kReady),
      wait_over_(side.reactor.timers(), [this] { on_wait_over(); }) {}

net::Take Puller::say(const Message& message) {
    if (answers_.size() >= kAnswersMax) return side_.ways->hold_for_answers();
    const auto envelope = find_envelope(message, kEnvelopeFramesMax);
    if (!envelope || envelope->bytes > kEnvelopeBytesMax) {
        side_.counters.malformed++;
        return net::Take::kTaken;
    }
    Asker asker{std::string(message.wire().bytes().substr(0, envelope->bytes)),
                peer.type() == SocketType::kReq && envelope->frames == 1};
    if (!verbs_) {
        done_and_next(std::move(asker));
        return net::Take::kTaken;
    }
    const Frame frame = frame_at(message.wire().bytes(), envelope->bytes);
    const ReadPullerRequest read = read_puller_request(frame.body);
    if (!read.request || frame.more) {
        side_.counters.malformed++;
        refuse(asker, Refusal::kMalformed, frame.more ? "a request is one frame" : read.problem);
    } else if (read.request->verb == Verb::kNext) {
        next(std::move(asker), *read.request);
    } else {
        settle(asker, *read.request);
    }
    return net::Take::kTaken;
}

void Puller::next(Asker asker, const PullerRequest& request) {
    if (!ack_before_next(asker, request)) return;
    wait({std::move(asker), request.headers});
    wait_over_.arm(side_.reactor.now() + request.wait);
    if (current_) give_again();
}

// False: it was refused, and there is no next one.
bool Puller::ack_before_next(const Asker& asker, const PullerRequest& request) {
    std::optional<LeaseToken> token = request.token;
    if (token) token = known_to_engine(*token);
    if (!token && asker.strict && current_) token = current_->token;
    if (!token) return true;
    const plugin::Settled settled = side_.settle({.verdict = Verdict::kAck, .token = *token});
    if (settled.why) {
        refuse(asker, *settled.why, settled.reason);
        return false;
    }
    forget(*token);
    // It has asked for the next one, not about this: only a token that it has written is looked at.
    if (settled.stale == 0 || !request.token) return true;
    refuse(asker, Refusal::kStale, meaning_of(Refusal::kStale));
    return false;
}

void Puller::wait(Waiting waiting) {
    if (waiting_ && peer.type() != SocketType::kReq) say_nothing();
    waiting.behind = answered_ + answers_.size();
    waiting_ = std::move(waiting);
}

void Puller::done_and_next(Asker asker) {
    if (!asker.strict) return peer.close(Refusal::kMalformed);  // it has no way to say which
    if (const auto done = std::exchange(current_, std::nullopt))
        (void)side_.settle({.verdict = Verdict::kAck, .token = done->token});
    wait({std::move(asker)});
}

void Puller::settle(const Asker& asker, const PullerRequest& request) {
    std::optional<LeaseToken> token = request.token;
    if (token) token = known_to_engine(*token);
    if (!token && current_) token = current_->token;
    if (!token) return refuse(asker, Refusal::kStale, "no message is current on this connection");
    const Verdict verdict = request.verb == Verb::kAck      ? Verdict::kAck
                            : request.verb == Verb::kRetry  ? Verdict::kRetry
                            : request.verb == Verb::kReject ? Verdict::kReject
                                                            : Verdict::kExtend;
    // Its place in the order first: the engine may tell at once.
    answers_.push_back({asker.envelope, "OK", false});
    const uint64_t number = answered_ + answers_.size() - 1;
    settling_ = true;
    const plugin::Settled settled =
        side_.settle({.verdict = verdict,
                      .token = *token,
                      .delay = request.delay,
                      .reason = reason_of(request.reason)},
                     {},
                     [its = std::weak_ptr(side_.ways), id = peer.id(), number](
                         bool durable, std::string_view reason) {
                         if (const auto ways = its.lock())
                             ways->on_settled(id, number, durable, reason);
                     });
    settling_ = false;
    Answer& its = answers_.back();
    if (settled.why || settled.stale > 0) {
        const Refusal why = settled.why.value_or(Refusal::kStale);
        its.text = "ERR " + std::string(name_of(why)) + " " +
                   std::string(settled.why ? settled.reason : meaning_of(why));
        its.ready = true;
    } else if (verdict == Verdict::kExtend) {
        if (its.text == "OK") its.text += " " + settled.token.text();
        if (current_ && current_->token == *token) current_->token = current_->told = settled.token;
    }
    const bool ended = !settled.why && verdict != Verdict::kExtend;
    if (ended || settled.stale > 0) forget(*token);
    flush_answers();
}

// The lease is renewed; its peer goes on calling it by the token that it knows.
void Puller::give_again() {
    const plugin::Settled settled =
        side_.settle({.verdict = Verdict::kExtend, .token = current_->token});
    if (settled.why || settled.stale > 0) {
        current_.reset();
        return;
    }
    current_->token = settled.token;
    if (answered_ >= waiting_->behind) send_current();
}

void Puller::take(const plugin::Delivery& delivery) {
    current_ = Current{delivery.token, delivery.token,    delivery.attempt,
                       delivery.id,    delivery.run.wire, peer.outbox().appended()};
    send_current();
}

// REQUIRES: a NEXT waits.
void Puller::send_current() {
    std::string head = waiting_->asker.envelope;
    if (waiting_->headers) {
        append_frame(head,
                     "MSG " + current_->told.text() + " " + std::to_string(current_->attempt) +
                         " " + current_->id.text(),
                     true);
    }
    peer.send(side_.reactor.memory().copy(head), current_->wire);
    waiting_.reset();
    wait_over_.cancel();
}

void Puller::on_wait_over() {
    side_.ways->give();  // WAIT 0: what is there is given
    if (!waiting_) return;
    say_nothing();
    side_.ways->on_changed(*this);
}

// In its place among the answers: behind those that came before it.
void Puller::say_nothing() {
    const Waiting waiting = *std::exchange(waiting_, std::nullopt);
    wait_over_.cancel();
    answer(waiting.asker, waiting.headers ? "NONE" : "");
}

void Puller::answer(const Asker& asker, std::string text) {
    answers_.push_back({asker.envelope, std::move(text), true});
    flush_answers();
}

void Puller::refuse(const Asker& asker, Refusal why, std::string_view reason) {
    answer(asker, "ERR " + std::string(name_of(why)) + " " + std::string(reason));
}

void Puller::on_settled(uint64_t number, bool durable, std::string_view reason) {
    ZB_CHECK(number >= answered_ && number - answered_ < answers_.size(), number, answered_);
    Answer& settled = answers_[number - answered_];
    settled.ready = true;
    if (!durable) {
        settled.text =
            "ERR " + std::string(name_of(Refusal::kStoreFailed)) + " " + std::string(reason);
    }
    if (settling_) return;
    flush_answers();
    side_.ways->on_changed(*this);
}

void Puller::flush_answers() {
    while (!answers_.empty() && answers_.front().ready) {
        std::string wire = std::move(answers_.front().envelope);
        append_frame(wire, answers_.front().text, false);
        peer.send({}, side_.reactor.memory().copy(wire));
        answers_.pop_front();
        answered_++;
    }
    if (waiting_ && current_ && answered_ >= waiting_->behind) send_current();
}

LeaseToken Puller::known_to_engine(LeaseToken told) const {
    return current_ && current_->told == told ? current_->token : told;
}

void Puller::forget(LeaseToken token) {
    if (current_ && current_->token == token) current_.reset();
}

void Puller::leave() {
    waiting_.reset();
    wait_over_.cancel();
    answers_.clear();
    if (const auto left = std::exchange(current_, std::nullopt))
        side_.settle_left(left->token, left->position < peer.outbox().written());
}

void Puller::release() {
    if (const auto left = std::exchange(current_, std::nullopt))
        side_.settle_left(left->token, false);
    if (waiting_ && verbs_) say_nothing();
}

void Puller::compact(MemoryBudget& memory) {
    if (current_ && current_->wire.chunk()->sparse())
        current_->wire = memory.copy(current_->wire.bytes());
}

}  // namespace zbridge::delivery
