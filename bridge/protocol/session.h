// A client of ZBP/1: one connection, from HELLO to its end. docs/PROTOCOL.md says what it may say when.
//
// Flow:    say() -> read_command() -> by its verb: publish, subscribe, settle, ...
//          publish -> engine -> [committed] -> tell_receipts(); dispenser -> Subscription, Receive -> DELIVER
// States:  kNew -> HELLO -> kOpen -> BYE -> kLeaving; whatever is fatal -> kGone: nothing it says counts.
// Promise: what it holds is settled, given back, or kept for its return: nothing is left behind.
// Limits:  limits.h. kSettlesMax answers that wait for the disk: its endpoint is held.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/timers.h"
#include "bridge/net/peer.h"
#include "bridge/protocol/answer.h"
#include "bridge/protocol/command.h"
#include "bridge/protocol/commons.h"
#include "bridge/protocol/dispenser.h"
#include "bridge/protocol/held.h"
#include "bridge/protocol/receipts.h"

namespace zbridge::protocol {

class Session final : public net::PeerState {
 public:
    static constexpr size_t kSettlesMax = 10'000;

    Session(net::Peer& at, Commons& commons);
    ~Session() override;

    net::Take say(const Message& message);
    // Its connection takes something again.
    void on_writable();
    // Its connection has ended.
    void leave();

    // Another one has its name. What it held, and has been sent.
    std::vector<HeldRange> give_way();
    // The bridge ends: nothing more is given to it.
    void drain();
    // The drain is over: what it holds goes back.
    void release();
    // What has become known of what it has published.
    void tell_receipts();
    // The settlement behind this answer is durable, or will never be.
    void on_settled(uint64_t answer, bool durable, std::string_view reason);

    net::Peer& peer() const { return peer_; }
    const std::string& name() const { return name_; }
    const std::string& client() const { return client_; }
    uint64_t held() const { return held_.messages(); }
    uint64_t receipts_waiting() const { return receipts_.waiting(); }
    size_t subscriptions() const;
    size_t calls() const;  // that have no answer
    bool idle() const {
        return held_.empty() && receipts_.empty() && settles_.empty() && resolves_.empty();
    }

    // Copies what waits out of sparsely used memory.
    void compact();
    // Behind the writing. True: not all has left of what services send over it.
    bool look();

    // Of Sessions alone.
    bool waits_for_receipts = false;
    bool relayed = false;

 private:
    enum class State : uint8_t { kNew, kOpen, kLeaving, kGone };
    class Subscription;
    class Receive;
    class Reading;
    class Checking;
    class Calling;

    // session.cc
    net::Take run(const Command& command, const Message& message);
    void hello(const Command& command);
    void welcome(const Command& command, const Joined& joined);
    std::vector<std::string_view> features() const;
    void bye();
    void end_bye_if_told();
    void on_tick();
    bool excused() const;
    void refuse(const Command& command, Refusal why, std::string_view text, bool fatal = false);
    void end(Refusal why);
    size_t header_bytes_max() const;
    void send(const std::string& header);

    // session_publish.cc
    net::Take publish(const Command& command, const Message& message);
    std::string_view why_not(const Command& command, std::optional<TopicId> topic, Refusal& why);
    void publish_one(const Command& command, TopicId topic, const Message& message, uint32_t index);
    void refuse_messages(uint64_t seq, uint64_t count, Refusal why, std::string_view text);

    // session_take.cc
    void subscribe(const Command& command);
    void unsubscribe(const Command& command);
    void set_credit(const Command& command);
    void receive(const Command& command);
    void on_receives_over();
    bool lease_allowed(const Command& command);
    std::optional<Duration> lease_of(const Command& command) const;
    void deliver(Delivered header, GroupId group, Held::From its,
                 const std::vector<plugin::Delivery>& deliveries);
    std::vector<plugin::Lent> held_of(GroupId group, uint64_t attempt) const;
    bool takes_more() const;
    void update_takers();
    void drop_takers();

    void send_with_block(const std::string& header, const Slice& block);

    // session_read.cc
    void read(const Command& command);
    void deliver_read(Delivered header, const plugin::Run& run, const Slice& wire);

    // session_admin.cc
    void admin(const Command& command);
    void say_answer(uint64_t ref, const telemetry::Report& report);

    // session_ask.cc
    using SayReport = void (Session::*)(uint64_t ref, const telemetry::Report& report);
    TellReport begin_ask(const Command& command, SayReport then);
    void end_ask(Verb verb, uint64_t ref, const Result<telemetry::Report>& answer, SayReport then);
    void recall(const Command& command);
    void query(const Command& command);
    void reset(const Command& command);
    void say_done(uint64_t ref, const telemetry::Report& report);
    void say_found(uint64_t ref, const telemetry::Report& report);

    // session_transactions.cc
    void resolve(const Command& command);
    void on_resolved(uint64_t number, size_t index, plugin::Resolution how,
                     const plugin::Resolved& resolved);
    void end_resolve_if_told(uint64_t number);
    void unknown(const Command& command);
    void take_off_checks(const Command& command);
    void check(const Command& command);
    void say_check(uint32_t sub, const plugin::Check& check, bool with_attributes);

    // session_settle.cc
    net::Take settle(const Command& command);
    void extend(const Command& command, GroupId group);
    std::optional<GroupId> group_of(const Command& command);
    void settle_range(GroupId group, const Command& command, plugin::Verdict verdict,
                      TokenRange range, uint32_t& stale);
    void forget(GroupId group, TokenRange range);
    void rename(GroupId group, TokenRange range, LeaseToken first);
    void give_back_held(plugin::Verdict verdict);
    std::vector<HeldRange> take_sent();
    std::vector<HeldOfGroup> list_held() const;

    net::Peer& peer_;
    Commons& commons_;
    State state_ = State::kNew;
    std::string name_, client_;

    uint64_t heard_ = 0;                           // messages
    uint64_t heard_before_ = 0, said_before_ = 0;  // at the last tick
    uint32_t silent_ticks_ = 0;
    Duration tick_{};  // half of the heartbeat; 0: none was agreed
    Timer timer_;      // for its HELLO; then the ticks; then until it closes

    uint64_t last_seq_ = 0;
    uint32_t published_of_held_ = 0;  // of a PUBLISH that is held
    Receipts receipts_;
    Attributes attributes_;  // of one that has none of its own

    uint64_t next_taker_ = 1;
    std::map<uint32_t, std::unique_ptr<Subscription>> subscriptions_;
    std::map<uint64_t, Subscription*> by_taker_;
    std::map<uint32_t, std::unique_ptr<Reading>> readings_;
    std::map<uint32_t, std::unique_ptr<Checking>> checkings_;
    std::map<uint64_t, std::unique_ptr<Receive>> receives_;  // by `ref`
    Timer receives_over_;                                    // armed for the one that ends first
    Held held_;
    std::unique_ptr<Calling> calling_;

    struct Settle {
        SettledRanges answer;
        uint64_t outstanding = 0;
    };
    std::map<uint64_t, Settle> settles_;  // answers that wait for the disk
    uint64_t next_settle_ = 1;
    struct Resolve {
        std::optional<uint64_t> ref;
        ResolvedTokens answer;
        size_t outstanding = 0;
    };
    std::map<uint64_t, Resolve> resolves_;  // COMMITs and ROLLBACKs that wait for the disk
    uint64_t next_resolve_ = 1;
    uint32_t asks_ = 0;  // that have no answer yet
};

}  // namespace zbridge::protocol
