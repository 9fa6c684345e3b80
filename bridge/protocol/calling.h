// The part of a session that calls services and works for them. Internal to this folder.
//
// Promise: each CALL that is taken ends in one REPLY or REFUSED, while the session lasts; or its service
//          keeps it for the client's return.
// Limits:  kCallsMax without an answer: line_full.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/timers.h"
#include "bridge/protocol/callee.h"
#include "bridge/protocol/session.h"

namespace zbridge::protocol {

class Session::Calling {
 public:
    explicit Calling(Session& session);
    ~Calling();

    void call(const Command& command, const Message& message);
    void reply(const Command& command, const Message& message);
    // REQUIRES: what holds for every subscription was looked at.
    void subscribe(const Command& command);
    bool has(uint32_t sub) const { return servers_.contains(sub); }
    // Likewise. REQUIRES: has().
    void set_credit(const Command& command);
    void unsubscribe(uint32_t sub);

    // HELLO: what this name waits for of connections before, the refs. Not `resume`: it does not any more.
    std::vector<uint64_t> expect(bool resume);
    // Behind WELCOME: answers that are there already come.
    void resume();

    void on_writable();
    // Behind the writing. True: not all has left.
    bool look();
    void compact();
    // The connection is about to end: nothing more is given to its workers.
    void end_room();
    // It has ended. A caller with a name may come back; not `keep`: it does not.
    void leave(bool keep);

    size_t subscriptions() const { return servers_.size(); }
    size_t calls() const { return open_.size(); }

 private:
    class Relay;
    class Caller;
    class Server;

    Caller& caller(std::string_view service, Callee& callee);
    Callee* callee(std::string_view service) const;
    bool is_open() const;
    // Its session is to end, but not now: a service is in the middle of something.
    void end_soon(Refusal why);
    void relayed();

    Session& session_;
    std::map<std::string, std::unique_ptr<Caller>, std::less<>> callers_;  // by service
    std::map<uint32_t, std::unique_ptr<Server>> servers_;                  // by `sub`
    std::set<uint64_t> open_;             // the refs of CALLs that have no answer
    std::vector<std::string> expecting_;  // services that have answers for it, until resume()
    Refusal end_as_ = Refusal::kTimeout;
    Timer end_;
};

}  // namespace zbridge::protocol
