// REP and DEALER workers that are asked what becomes of prepared messages.
//
//   asked:    [token][""]["CHECK token number id"][frames as they were prepared ...]
//   answers:  [token][""]["COMMIT" | "ROLLBACK" | "UNKNOWN"]       in any case
//
// The first frame is the 16 bytes of the transaction's token, as a group's workers have that of their
// delivery: a REP sees nothing of it.
// Flow:    engine -> on_check() -> [line] -> the worker with free credit that has waited longest
//          -> on_message() -> resolve()
// Promise: an answer counts by its token, whichever connection or life of the bridge it comes from.
//          An answer that is none of the three is counted, and changes nothing: as UNKNOWN. What a
//          worker held when it went is asked again with the next check.
// Limits:  those of the line, WaitingChecks: beyond it, and where no worker is there,
//          nobody is asked, and the engine knows it.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/net/peer.h"
#include "bridge/net/reactor.h"
#include "bridge/plugin/engine.h"
#include "bridge/plugin/waiting_checks.h"

namespace zbridge::delivery {

struct CheckersCounters {
    uint64_t asked = 0;
    uint64_t committed = 0;
    uint64_t rolled_back = 0;
    uint64_t unknown = 0;
    uint64_t malformed = 0;  // answers that are none
    uint64_t stale = 0;      // answers that came too late
    uint64_t refused = 0;    // commits that the topic did not take
    uint64_t unasked = 0;    // nobody was there, or the line was full
};

class Checkers final : public net::PeerHandler, public plugin::CheckListener {
 public:
    struct Setup {
        std::string name;
        uint32_t credit = 1;  // checks that a DEALER holds at once; a REP holds one
    };
    // They outlive it.
    Checkers(Setup setup, plugin::Engine& engine, net::Reactor& reactor);

    void on_opened(net::Peer& peer) override;
    net::Take on_message(net::Peer& peer, const Message& message) override;
    void on_writable(net::Peer& peer) override;
    void on_closed(net::Peer& peer) override;
    bool on_check(const plugin::Check& check) override;

    const std::string& name() const { return setup_.name; }
    const CheckersCounters& counters() const { return counters_; }
    size_t peers() const { return workers_.size(); }
    size_t waiting() const { return line_.size(); }

 private:
    struct Worker {
        net::Peer* peer = nullptr;
        std::vector<TransactionToken> held;
    };
    struct Answer;

    bool is_free(const Worker& worker) const;
    Worker* next_free();
    void ask(Worker& worker, const plugin::Check& check);
    void give();
    void settle(const Answer& answer);
    void on_resolved(plugin::Resolution how, const plugin::Resolved& resolved);

    Setup setup_;
    plugin::Engine& engine_;
    net::Reactor& reactor_;
    std::list<Worker> workers_;  // the one that was asked longest ago first
    plugin::WaitingChecks line_;
    CheckersCounters counters_;
};

}  // namespace zbridge::delivery
