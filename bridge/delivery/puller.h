// A REQ puller of a group (by the endpoint's `puller`, a DEALER too): it asks for one message at a
// time, and says what becomes of it (PullerRequest).
//
//   NEXT      the body frames as published; with HEADERS "MSG token attempt id" before them.
//             Nothing within WAIT: "NONE" with HEADERS, else one empty frame.
//   others    "OK", of EXTEND "OK token", or "ERR code reason"; once it is durable
//
// The current message is the one last sent on its connection. A bare NEXT of a strict REQ acks it:
// it cannot send before it has read. One that correlates, and a DEALER, must give the token: its
// bare NEXT is given the current message again, under the same token.
// Order:   answers go in the order of the requests; but a NEXT that waits holds nobody up.
// Ready:   with `puller: ready` a REQ's every message means: done, next. It waits for ever, and is
//          sent nothing but messages.
// Limits:  one NEXT waits: a REQ's second one takes its place (it has given up the first), a
//          DEALER's first one is answered. kAnswersMax not durable yet: its endpoint is held.
//          kEnvelope*: malformed, and cannot be answered.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/base/timers.h"
#include "bridge/delivery/group_side.h"
#include "bridge/delivery/puller_request.h"

namespace zbridge::delivery {

class Puller final : public Consumer {
 public:
    static constexpr size_t kAnswersMax = 1024;
    static constexpr uint32_t kEnvelopeFramesMax = 16;
    static constexpr size_t kEnvelopeBytesMax = 4096;

    Puller(net::Peer& at, GroupSide& side);

    bool free() const override {
        return waiting_ && !current_ && answered_ >= waiting_->behind && !peer.blocked() &&
               peer.has_room();
    }
    plugin::Wanted wanted() const override { return {.messages = 1, .consumer = peer.id()}; }
    void take(const plugin::Delivery& delivery) override;
    net::Take say(const Message& message) override;
    void leave() override;
    void release() override;
    void compact(MemoryBudget& memory) override;
    size_t held() const override { return current_ ? 1 : 0; }

    // The settlement behind this answer is durable, or will never be.
    void on_settled(uint64_t answer, bool durable, std::string_view reason);

 private:
    struct Asker {
        std::string envelope;  // with the empty frame
        bool strict = false;   // it cannot have sent this before it had read what came before
    };
    struct Waiting {
        Asker asker;
        bool headers = false;
        uint64_t behind = 0;  // it is answered behind so many answers
    };
    struct Current {
        LeaseToken token;  // as the engine knows it
        LeaseToken told;   // as the peer does: the first one, if the lease was renewed since
        uint32_t attempt = 1;
        MessageId id;
        Slice wire;
        uint64_t position = 0;  // of its first byte in the outbox, the first time
    };
    struct Answer {
        std::string envelope, text;
        bool ready = false;
    };

    void next(Asker asker, const PullerRequest& request);
    void done_and_next(Asker asker);
    bool ack_before_next(const Asker& asker, const PullerRequest& request);
    void wait(Waiting waiting);
    void settle(const Asker& asker, const PullerRequest& request);
    void give_again();
    void send_current();
    void say_nothing();
    void on_wait_over();
    void answer(const Asker& asker, std::string text);
    void refuse(const Asker& asker, Refusal why, std::string_view reason);
    void flush_answers();
    LeaseToken known_to_engine(LeaseToken told) const;
    void forget(LeaseToken token);

    GroupSide& side_;
    bool verbs_;
    std::optional<Waiting> waiting_;
    std::optional<Current> current_;
    std::deque<Answer> answers_;  // oldest first
    uint64_t answered_ = 0;       // those before
    bool settling_ = false;       // within settle()
    Timer wait_over_;
};

}  // namespace zbridge::delivery
