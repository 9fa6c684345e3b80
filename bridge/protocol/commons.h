// What all sessions of an endpoint share: what they stand on, what they count, and the ways by which
// they reach what Sessions keeps for all.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/result.h"
#include "bridge/model/ids.h"
#include "bridge/model/refusal.h"
#include "bridge/net/peer.h"
#include "bridge/net/reactor.h"
#include "bridge/plugin/engine.h"
#include "bridge/protocol/callee.h"
#include "bridge/protocol/departed.h"
#include "bridge/telemetry/report.h"

namespace zbridge::protocol {

class CheckLine;
class Dispenser;
class Readers;
class Session;

// Messages, but for the last four.
struct SessionsCounters {
    uint64_t published = 0;   // taken by the engine, duplicates among them
    uint64_t duplicates = 0;  // of these: stored before
    uint64_t refused = 0;     // of what was to be published
    uint64_t given = 0;
    uint64_t read = 0;  // of topics
    uint64_t acked = 0;
    uint64_t retried = 0;
    uint64_t rejected = 0;
    uint64_t released = 0;
    uint64_t lost = 0;
    uint64_t extended = 0;
    uint64_t stale = 0;    // settlements of a delivery that is not open any more
    uint64_t resumed = 0;  // that a client that came back holds again
    uint64_t prepared = 0;
    uint64_t committed = 0;
    uint64_t rolled_back = 0;
    uint64_t checks = 0;  // that a client was asked
    uint64_t commands = 0;
    uint64_t unknown = 0;  // of these: not served
    uint64_t receipts = 0;
    uint64_t hellos = 0;
    uint64_t calls = 0;           // that services were asked
    uint64_t calls_answered = 0;  // by REPLY
    uint64_t calls_given = 0;     // to workers
    uint64_t calls_replied = 0;   // by workers, errors among them
};

// What comes to a session with its name.
struct Joined {
    std::vector<HeldRange> held;  // again
    bool replaced = false;        // a session whose connection had not ended
};

// A call of the command line: `tell` is called once, in the call or later.
using TellReport = std::function<void(const Result<telemetry::Report>& answer)>;
using AdminCalls = std::function<void(std::string_view call, const telemetry::Report& args,
                                      const TellReport& tell)>;

struct SessionsSetup {
    std::string bridge;  // its name
    uint64_t epoch = 0;
    uint64_t message_bytes_max = 0;  // of the endpoint
    uint32_t frames_max = 0;         // likewise, and of a message in a block
    std::function<std::optional<TopicId>(std::string_view name)> topic;
    // What its messages are lent for, if nothing else is asked for. Null, or none: it is not known.
    std::function<std::optional<Duration>(std::string_view group)> lease = {};
    std::map<std::string, Callee*, std::less<>> services = {};  // by name
    std::function<PeerId()> next_peer = {};                     // where there are services
    // Null: none are answered here.
    AdminCalls admin = {};
};

struct Commons {
    SessionsSetup setup;
    plugin::Engine* engine = nullptr;  // null: there are no topics
    net::Reactor& reactor;
    SessionsCounters counters{};
    RefusalCounts refusals{};
    bool draining = false;

    struct Ways {
        // Null: there is no such group.
        std::function<Dispenser*(std::string_view group)> dispenser;
        // Of one that there is a dispenser of.
        std::function<std::string_view(GroupId group)> name_of_group;
        std::function<Readers*(TopicId topic)> readers;
        std::function<CheckLine&(std::string_view topic)> check_line;
        // Of whatever topic it is: nobody is to be asked any more.
        std::function<void(TransactionToken)> take_off_check;
        // It is the one of its name from now on. None: another user's is.
        std::function<std::optional<Joined>(Session&, bool resume)> join;
        // Its connection is lost.
        std::function<void(Session&, std::vector<HeldRange> held)> depart;
        std::function<void(Session&)> on_published;  // it waits for receipts
        std::function<void(Session&)> on_relayed;    // it is to look at the end of the turn
        std::function<net::Take()> hold_for_room;    // nothing is read until the engine has room
        std::function<net::Take()> hold_for_answers;
        std::function<bool()> held;  // nothing is read from anybody
        std::function<void(PeerId session, uint64_t answer, bool durable, std::string_view reason)>
            on_settled;
        std::function<Session*(PeerId)> session;  // null: it has gone
    };
    Ways ways{};
};

}  // namespace zbridge::protocol
