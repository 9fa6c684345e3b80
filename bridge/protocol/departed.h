// What clients with a name held when their connections were lost: kept for their return.
//
// Flow:    a connection ends -> keep() -> [they come back] -> take() | [they do not] -> Lose
// Limits:  kResumeTime each; kDepartedMax clients: beyond it the one that went first has lost it.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/base/timers.h"
#include "bridge/model/ids.h"
#include "bridge/net/reactor.h"
#include "bridge/protocol/command.h"

namespace zbridge::protocol {

struct HeldRange {
    GroupId group;
    TokenRange range;
    uint64_t attempt = 0;  // as Held::From
};

class Departed {
 public:
    using Lose = std::function<void(const std::vector<HeldRange>& held)>;
    Departed(net::Reactor& reactor, Lose lose);

    // `name`: the user's and the client's together.
    void keep(const std::string& name, std::vector<HeldRange> held);
    // What was kept for it, if its time is not over.
    std::vector<HeldRange> take(std::string_view name);
    // The end: all that is kept.
    std::vector<HeldRange> take_all();

    size_t size() const { return by_name_.size(); }

 private:
    struct Client {
        std::string name;
        std::vector<HeldRange> held;
        Instant until;
    };
    void lose_first();
    void on_due();

    net::Reactor& reactor_;
    Lose lose_;
    std::list<Client> clients_;  // the one that went first at the front
    std::map<std::string, std::list<Client>::iterator, std::less<>> by_name_;
    Timer due_;
};

}  // namespace zbridge::protocol
