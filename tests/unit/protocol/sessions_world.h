// What the tests of sessions stand on: an engine in memory, an endpoint of ZBP/1, clients that are stubs.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/protocol/sessions.h"
#include "tests/unit/protocol/clients_world.h"
#include "tests/unit/support/memory_engine.h"

namespace zbridge::testing {

struct SessionsWorld : ClientsWorld {
    class HeldGate final : public net::Gate {
     public:
        void hold() override { held = true, holds++; }
        void release() override { held = false; }
        bool held = false;
        int holds = 0;
    };

    explicit SessionsWorld(protocol::AdminCalls calls = {})
        : toy(memory, services),
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
        greet(its, name, resume);
        return its;
    }
    void pass(Duration time) {
        clock.advance(time);
        turn();
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

    plugin::Services services{&clock, nullptr, &reactor.timers(), {}};
    MemoryEngine toy;
    HeldGate gate;
    protocol::Sessions sessions;
    std::vector<std::unique_ptr<StubPeer>> peers;  // gone before the sessions
    std::optional<Duration> lease;                 // of the group, as far as it is known
};

}  // namespace zbridge::testing
