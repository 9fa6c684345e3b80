// A PULL that shares a group: it says nothing, so that a message is acked when its last byte has
// been handed to the kernel: at most once. What was not is released when it goes: nothing of it is
// lost. Until then it is the PULL's, however slow that is, whatever the group's lease: what waits in
// its outbox cannot be another's too.
//
// Limits:  kQuantum* at a time; while the kernel takes no more, nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

#include "bridge/base/clock.h"
#include "bridge/delivery/group_side.h"

namespace zbridge::delivery {

class Pull final : public Consumer {
 public:
    static constexpr uint32_t kQuantumMessages = 64;
    static constexpr uint64_t kQuantumBytes = 64 * 1024;
    static constexpr Duration kUntilItGoes = std::chrono::years(1);

    Pull(net::Peer& at, GroupSide& side) : Consumer(at), side_(side) {}

    bool free() const override { return !peer.blocked() && peer.has_room(); }
    plugin::Wanted wanted() const override {
        return {.messages = kQuantumMessages,
                .bytes = kQuantumBytes,
                .lease = kUntilItGoes,
                .consumer = peer.id()};
    }
    void take(const plugin::Delivery& delivery) override;
    net::Take say(const Message& message) override;
    void on_written() override;
    void leave() override;
    void release() override { leave(); }
    void compact(MemoryBudget& memory) override;
    size_t held() const override { return held_; }
    uint32_t credit() const override { return 0; }

 private:
    struct Sent {
        LeaseToken token;  // of the first
        uint32_t messages = 0;
        uint64_t begin = 0, end = 0;  // in the outbox, as Peer::send() says
        Slice wire;
    };
    void ack(LeaseToken token, uint32_t messages);
    void give_back(LeaseToken token, uint32_t messages);

    GroupSide& side_;
    std::deque<Sent> sent_;  // oldest first
    size_t held_ = 0;
};

}  // namespace zbridge::delivery
