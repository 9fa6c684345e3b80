// Messages that are prepared: they wait in a topic of their own, each a retry of a group that nobody
// reads, until resolve() says what becomes of them.
//
// Flow:    prepare() -> [written to kName] -> on_prepared() -> resolve() -> committed: in its topic
//                                                                       -> rolled back: gone
//          nobody resolves it: check(), after check_after, then each check_every, checks_max times
//          -> park(): rolled back, and kept in "<topic>-unresolved"
// Promise: a commit, and that nothing is open any more, are in one batch: it is in its topic once, or
//          not at all, whatever ends when. Its id stays; its offset is given at the commit. What
//          resolve() answers is durable, also that somebody else came before. A token holds over a
//          restart.
// Restart: what is due is asked check_after later: whoever is asked has to come back first.
// Failure: a topic that does not take a commit: answered, and it stays prepared. One that does not take
//          what is unresolved: again after check_every, counted.
// Limits:  prepared_max, about Exceptions::kBytes each; beyond it prepare() is refused. kWaitingMax
//          resolve() that wait for the disk. Of kKnownMax it is remembered how they ended.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "plugins/durable/groups/group.h"
#include "plugins/durable/groups/options.h"
#include "plugins/durable/groups/transaction_token.h"

namespace zbridge::durable {

struct Resolved {
    zb_taken taken = ZB_TAKEN;
    std::optional<MessageId> id;
    std::string reason;
};

struct TransactionsCounters {
    uint64_t committed = 0;
    uint64_t duplicates = 0;  // of these: their topic had the producer's id
    uint64_t rolled_back = 0;
    uint64_t checks = 0;      // that were due
    uint64_t unasked = 0;     // of these: nobody was there to be asked
    uint64_t unresolved = 0;  // rolled back for want of an answer, and kept
    uint64_t stale = 0;       // resolved a second time, or never prepared
    uint64_t refused = 0;     // times that a topic did not take one
    uint64_t dropped = 0;     // their topics are gone, or they cannot be read
};

class Transactions {
 public:
    static constexpr std::string_view kName = "%prepared";          // of the topic and of the group
    static constexpr std::string_view kUnresolved = "-unresolved";  // behind a topic's name
    static constexpr size_t kChecksMax = 1'000;                     // at once
    static constexpr size_t kWaitingMax = 10'000;
    static constexpr size_t kKnownMax = 10'000;

    using OnCheck = std::function<bool(const zb_check&)>;
    using OnResolved = std::function<void(const Resolved&)>;

    // All outlive it. `group`: of the topic kName. on_check: false: nobody is there to be asked.
    Transactions(Topics& topics, Group& group, const Clock& clock, TransactionsOptions options,
                 OnCheck on_check);

    bool has_room() const { return group_.exceptions().size() < options_.prepared_max; }
    TopicId topic() const { return group_.topic(); }
    // It was just written there.
    void add(Offset offset);

    // Another result than ZB_TAKEN: it is not told.
    zb_taken resolve(TransactionToken transaction, bool commit, OnResolved told);
    // resolve() and checks that waited. True: there are more that are due.
    bool pump();
    // An answer is durable, or will never be.
    void on_durable(uint64_t cookie, bool ok, const std::string& why);
    // Nothing is written any more.
    void fail(const std::string& why);
    // Until pump() has checks to make after a start; none: it has begun.
    std::optional<Duration> begins_in() const;

    size_t prepared() const { return group_.exceptions().size(); }
    const Group& group() const { return group_; }
    const TransactionsOptions& options() const { return options_; }
    const TransactionsCounters& counters() const { return counters_; }

 private:
    enum class End : uint8_t { kCommitted, kRolledBack, kUnresolved };
    struct Asked {
        TransactionToken transaction;
        bool commit = false;
        OnResolved told;
    };

    bool try_resolve(Asked& asked);
    Group::HandedOver resolve(const Asked& asked, const zb_run& message, const Companion& with,
                              Resolved& resolved);
    Group::HandedOver check(const zb_run& message, const Companion& with);
    Group::HandedOver park(const zb_run& message, TopicId target, const Companion& with);
    void end(const zb_run& message, End how);
    void answer(Resolved resolved, OnResolved told);
    Resolved stale(Offset offset);

    Topics& topics_;
    Group& group_;
    const Clock& clock_;
    TransactionsOptions options_;
    OnCheck on_check_;
    std::optional<Instant> begins_;  // none: it has begun
    std::deque<Asked> waiting_;      // in their order: the first one waits for the disk
    std::map<uint64_t, std::pair<Resolved, OnResolved>> answers_;  // that are not durable yet
    uint64_t last_cookie_ = 0;
    std::map<Offset, End> known_;
    TransactionsCounters counters_;
};

}  // namespace zbridge::durable
