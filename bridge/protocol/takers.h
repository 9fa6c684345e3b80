// What of a session takes messages: a subscription of a group or a topic, a RECEIVE that waits. Internal
// to this folder.
#pragma once

#include <algorithm>
#include <utility>

#include "bridge/protocol/limits.h"
#include "bridge/protocol/readers.h"
#include "bridge/protocol/session.h"

namespace zbridge::protocol {

class Session::Subscription final : public Taker {
 public:
    struct Setup {
        uint32_t sub = 0;
        uint64_t taker = 0;
        uint32_t credit = 0;
        Duration lease{};
        bool with_attributes = false;
    };
    Subscription(Session& session, Dispenser& from, Setup setup)
        : session_(session), from_(from), setup_(setup) {}
    ~Subscription() override { from_.remove(*this); }

    bool free() const override { return held_ < setup_.credit && session_.takes_more(); }
    plugin::Wanted wanted() const override {
        return {.messages = static_cast<uint32_t>(
                    std::min<uint64_t>(setup_.credit - held_, kDeliverMessagesMax)),
                .bytes = kDeliverBytesMax,
                .lease = setup_.lease,
                .consumer = session_.peer_.id()};
    }
    void take(const std::vector<plugin::Delivery>& deliveries) override {
        for (const plugin::Delivery& each : deliveries)
            held_ += each.run.messages;
        session_.deliver({.sub = setup_.sub, .with_attributes = setup_.with_attributes},
                         from_.group(), {.taker = setup_.taker}, deliveries);
        update();
    }

    void set_credit(uint32_t credit) {
        setup_.credit = credit;
        update();
    }
    // So many of its messages are settled.
    void give_back(uint64_t messages) {
        held_ -= messages;
        update();
    }
    void update() { from_.update(*this); }
    uint64_t taker() const { return setup_.taker; }

 private:
    Session& session_;
    Dispenser& from_;
    Setup setup_;
    uint64_t held_ = 0;
};

class Session::Receive final : public Taker {
 public:
    struct Setup {
        uint64_t ref = 0;
        uint32_t max = 1;
        Instant until{};
        Duration lease{};
        bool with_attributes = false;
        uint64_t attempt = 0;  // 0: it says none
    };
    Receive(Session& session, Dispenser& from, Setup setup)
        : session_(session), from_(from), setup_(setup) {}
    ~Receive() override { from_.remove(*this); }

    bool free() const override { return session_.takes_more(); }
    plugin::Wanted wanted() const override {
        return {.messages = setup_.max,
                .bytes = kDeliverBytesMax,
                .lease = setup_.lease,
                .consumer = session_.peer_.id(),
                .again = setup_.attempt == 0 ? std::vector<plugin::Lent>()
                                             : session_.held_of(from_.group(), setup_.attempt)};
    }
    // It ends with it.
    void take(const std::vector<plugin::Delivery>& deliveries) override {
        Session& session = session_;
        const auto mine = session.receives_.extract(setup_.ref);
        session.deliver({.ref = setup_.ref, .with_attributes = setup_.with_attributes},
                        from_.group(), {.attempt = setup_.attempt}, deliveries);
    }
    void update() { from_.update(*this); }
    Dispenser& from() const { return from_; }
    Instant until() const { return setup_.until; }

 private:
    Session& session_;
    Dispenser& from_;
    Setup setup_;
};

// A subscription of a topic: it settles nothing, and says how far it has come.
class Session::Reading final : public Reader {
 public:
    static constexpr uint64_t kTurnBytesMax = 1 << 20;

    struct Setup {
        uint32_t sub = 0;
        uint64_t start = 0;
        uint32_t credit = 0;
        bool with_attributes = false;
    };
    Reading(Session& session, Readers& from, Setup setup)
        : session_(session), from_(from), setup_(setup), next_(setup.start), done_(setup.start) {
        from.add(*this);
    }
    ~Reading() override { from_.remove(*this); }

    bool pump() override;
    // All below `done` is done with. False: it was never delivered so far.
    bool set_credit(uint32_t credit, std::optional<uint64_t> done) {
        if (done && *done > next_) return false;
        setup_.credit = credit;
        done_ = std::max(done_, done.value_or(0));
        wake();
        return true;
    }
    void wake() { Readers::wake(*this); }

 private:
    // It is delivered what stands below.
    uint64_t limit() const { return done_ + setup_.credit; }

    Session& session_;
    Readers& from_;
    Setup setup_;
    uint64_t next_;
    uint64_t done_;
};

}  // namespace zbridge::protocol
