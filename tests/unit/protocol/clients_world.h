// Clients of ZBP/1 that are stubs, and the reactor under the endpoint that they speak to: what the tests of
// sessions and of calls have in common.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridge/net/reactor.h"
#include "tests/unit/protocol/said.h"
#include "tests/unit/support/stub_peer.h"

namespace zbridge::testing {

struct ClientsWorld {
    void turn(int turns = 3) {
        for (int i = 0; i < turns; i++)
            reactor.turn(false);
    }
    // What it was told since the last time, one behind the other.
    std::string got(StubPeer& its) {
        turn();
        std::string all;
        for (const Frames& frames : its.received())
            all += (all.empty() ? "" : ", ") + text_of(frames);
        return all;
    }
    std::string ask(StubPeer& its, const Said& said) {
        its.say({said.packed()});
        return got(its);
    }
    // It says HELLO, and hears `welcome`.
    void greet(StubPeer& its, const std::string& name, bool resume) {
        Said hello = Said("HELLO").with("versions", std::vector<int>{1}).with("resume", resume);
        if (!name.empty()) hello = hello.with("name", name);
        welcome = ask(its, hello);
    }

    MemoryBudget memory{64 << 20};
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor{net, clock, memory};
    std::string welcome;
};

}  // namespace zbridge::testing
