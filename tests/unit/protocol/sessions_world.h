// What the tests of sessions stand on: an engine in memory, an endpoint of ZBP/1, clients that are stubs.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/protocol/sessions.h"
#include "tests/unit/protocol/said.h"
#include "tests/unit/support/memory_engine.h"
#include "tests/unit/support/stub_peer.h"

namespace zbridge::testing {

struct SessionsWorld {
    class HeldGate final : public net::Gate {
     public:
        void hold() override { held = true, holds++; }
        void release() override { held = false; }
        bool held = false;
        int holds = 0;
    };

    explicit SessionsWorld(protocol::AdminCalls calls = {})
        : memory(64 << 20),
          reactor(net, clock, memory),
          toy(memory, services),
          sessions(
              {.bridge = "shop",
               .epoch = 7,
               .message_bytes_max = 16 << 20,
               .frames_max = 4,
               .topic = [this](std::string_view name) { return toy.engine().find_topic(name); },
               .lease = [this](std::string_view) { return lease; },
               .admin = std::move(calls)},
              &toy.engine(), reactor) {
        sessions.attach(gate);
        reactor.before_writing([this] { (void)sessions.before_writing(); });
        reactor.at_turn_end([this] { sessions.on_turn_end(); });
        reactor.turn(false);
    }
    StubPeer& peer() {
        peers.push_back(
            std::make_unique<StubPeer>(reactor, sessions, peers.size() + 1, SocketType::kDealer));
        peers.back()->open();
        return *peers.back();
    }
    // One that has said HELLO, and heard WELCOME.
    StubPeer& client(const std::string& name = {}, bool resume = false) {
        StubPeer& its = peer();
        Said hello = Said("HELLO").with("versions", std::vector<int>{1}).with("resume", resume);
        if (!name.empty()) hello = hello.with("name", name);
        its.say({hello.packed()});
        turn();
        welcome = "";
        for (const Frames& frames : its.received())
            welcome = text_of(frames);
        return its;
    }
    void turn(int turns = 3) {
        for (int i = 0; i < turns; i++)
            reactor.turn(false);
    }
    void pass(Duration time) {
        clock.advance(time);
        turn();
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
    net::Take publish(StubPeer& its, uint64_t seq, const std::vector<std::string>& messages,
                      const std::string& topic = "a") {
        return its.say({Said("PUBLISH")
                            .with("topic", topic)
                            .with("seq", seq)
                            .with("count", messages.size())
                            .packed(),
                        block_of(messages)});
    }
    void subscribe(StubPeer& its, uint32_t sub, uint32_t credit) {
        its.say({Said("SUBSCRIBE")
                     .with("sub", sub)
                     .with("group", std::string("g"))
                     .with("credit", credit)
                     .packed()});
    }
    LeaseToken token(uint64_t offset) { return toy.its_group.leases.at(offset).token; }
    std::string settled() { return toy.its_group.take_settled(); }
    Said settle(const std::string& verdict, LeaseToken first, uint32_t count = 1) {
        return Said("SETTLE")
            .with("group", std::string("g"))
            .with("verdict", verdict)
            .with("ranges", std::vector<protocol::TokenRange>{{first, count}});
    }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    plugin::Services services{&clock, nullptr, &reactor.timers(), {}};
    MemoryEngine toy;
    HeldGate gate;
    protocol::Sessions sessions;
    std::vector<std::unique_ptr<StubPeer>> peers;  // gone before the sessions
    std::string welcome;
    std::optional<Duration> lease;  // of the group, as far as it is known
};

}  // namespace zbridge::testing
