// A REP or DEALER worker of a group: it is given [token][""][frames...], and its reply
// [token][""][...] settles that message.
//
// It holds one message, a DEALER as many as the endpoint's credit; a busy one is given nothing. A
// reply settles by its token, whichever connection or life of the bridge it comes from; one whose
// delivery is not open any more is stale and settles nothing.
// Malformed: a REP that answers without its token has used its turn: a retry. A DEALER's credit is
//          freed by replies with a token alone.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "bridge/base/timers.h"
#include "bridge/delivery/group_side.h"

namespace zbridge::delivery {

class Worker final : public Consumer {
 public:
    // It is given nothing for `hold_back`, unless it speaks before.
    Worker(net::Peer& at, GroupSide& side, Duration hold_back);

    bool free() const override {
        return !held_back_.armed() && held_.size() < credit_ && !peer.blocked() && peer.has_room();
    }
    plugin::Wanted wanted() const override { return {.messages = 1, .consumer = peer.id()}; }
    void take(const plugin::Delivery& delivery) override;
    net::Take say(const Message& message) override;
    void leave() override;
    void release() override;
    size_t held() const override { return held_.size(); }
    uint32_t credit() const override { return credit_; }

 private:
    struct Held {
        LeaseToken token;
        uint64_t position = 0;  // of its first byte in the outbox
    };
    struct Reply;
    net::Take settle(const Reply& reply, const Message& message);
    net::Take publish(const Reply& reply, const Message& message);
    void use_turn(const Reply& reply);
    void forget(LeaseToken token);

    GroupSide& side_;
    uint32_t credit_;
    std::vector<Held> held_;  // oldest first
    Timer held_back_;         // armed: it may be busy with a message of the life before
};

}  // namespace zbridge::delivery
