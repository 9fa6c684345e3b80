#include "bridge/delivery/pull.h"

namespace zbridge::delivery {

using plugin::Verdict;

void Pull::take(const plugin::Delivery& delivery) {
    const uint64_t begin = peer.outbox().appended();
    peer.send_run(delivery.run.wire, delivery.run.messages);
    sent_.push_back({delivery.token, delivery.run.messages, begin, peer.outbox().appended(),
                     delivery.run.wire});
    held_ += delivery.run.messages;
    if (peer.outbox().bytes() >= kQuantumBytes) peer.flush();
}

net::Take Pull::say(const Message&) {
    peer.close(Refusal::kMalformed);  // a PULL has nothing to say
    return net::Take::kTaken;
}

// Those that follow each other in the group go in one range.
void Pull::on_written() {
    const uint64_t written = peer.outbox().written();
    while (!sent_.empty() && sent_.front().end <= written) {
        const LeaseToken first = sent_.front().token;
        uint32_t messages = 0;
        while (!sent_.empty() && sent_.front().end <= written &&
               sent_.front().token == first.behind(messages)) {
            messages += sent_.front().messages;
            sent_.pop_front();
        }
        ack(first, messages);
    }
}

void Pull::leave() {
    on_written();
    const uint64_t written = peer.outbox().written();
    for (; !sent_.empty(); sent_.pop_front()) {
        const Sent& sent = sent_.front();
        uint32_t whole = 0;
        for (size_t at = 0; whole < sent.messages; whole++) {
            at = message_end(sent.wire.bytes(), at).end;
            if (sent.begin + at > written) break;
        }
        if (whole > 0) ack(sent.token, whole);
        if (whole < sent.messages) give_back(sent.token.behind(whole), sent.messages - whole);
    }
}

void Pull::ack(LeaseToken token, uint32_t messages) {
    held_ -= messages;
    (void)side_.settle({.verdict = Verdict::kAck, .token = token, .count = messages});
}

void Pull::give_back(LeaseToken token, uint32_t messages) {
    held_ -= messages;
    peer.counters().messages_out -= messages;
    (void)side_.settle({.verdict = Verdict::kRelease, .token = token, .count = messages});
}

void Pull::compact(MemoryBudget& memory) {
    for (Sent& sent : sent_) {
        if (sent.wire.chunk()->sparse()) sent.wire = memory.copy(sent.wire.bytes());
    }
}

}  // namespace zbridge::delivery
