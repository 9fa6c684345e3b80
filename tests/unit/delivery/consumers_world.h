// What the tests of consumers stand on: a group in memory, an endpoint of it, peers that are stubs.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "bridge/delivery/consumers.h"
#include "tests/unit/support/memory_engine.h"
#include "tests/unit/support/stub_peer.h"

namespace zbridge::testing {

class HeldGate final : public net::Gate {
 public:
    void hold() override { held = true, holds++; }
    void release() override { held = false; }
    bool held = false;
    int holds = 0;
};

struct ConsumersWorld {
    explicit ConsumersWorld(delivery::ConsumersOptions options = {}, bool with_replies = false,
                            Duration return_time = {})
        : memory(64 << 20),
          reactor(net, clock, memory),
          toy(memory, services),
          consumers({.name = "packers",
                     .group = toy.group(),
                     .options = std::move(options),
                     .replies = with_replies ? std::optional(toy.topic("b")) : std::nullopt,
                     .return_until = clock.now() + return_time},
                    toy.engine(), reactor) {
        consumers.attach(gate);
        reactor.before_writing([this] { consumers.before_writing(); });
        reactor.at_turn_end([this] { consumers.on_turn_end(); });
        reactor.turn(false);
    }
    StubPeer& peer(SocketType type) {
        peers.push_back(std::make_unique<StubPeer>(reactor, consumers, peers.size() + 1, type));
        peers.back()->open();
        return *peers.back();
    }
    // Each a message of one frame: "x1 x2".
    void publish(const std::string& texts) {
        for (size_t at = 0; at < texts.size();) {
            const size_t end = std::min(texts.find(' ', at), texts.size());
            const Message message = make_message(memory, {texts.substr(at, end - at)});
            const plugin::Publication publication{toy.topic("a"), &message, nullptr};
            REQUIRE_FALSE(toy.engine().publish({&publication, 1}).why);
            at = end + 1;
        }
        toy.commit();
    }
    void turn(int turns = 3) {
        for (int i = 0; i < turns; i++)
            reactor.turn(false);
    }
    void pass(Duration time) {
        clock.advance(time);
        turn();
    }
    std::string settled() { return toy.its_group.take_settled(); }
    // What it was sent, each message's frames joined: "a/b c".
    std::string got(StubPeer& peer, size_t from_frame = 0) {
        turn();
        std::string all;
        for (const Frames& frames : peer.received()) {
            if (!all.empty()) all += " ";
            for (size_t i = from_frame; i < frames.size(); i++)
                all += (i > from_frame ? "/" : "") + frames[i];
        }
        return all;
    }
    std::string token(uint64_t offset) {
        const auto bytes = toy.its_group.leases.at(offset).token.encode();
        return {bytes.data(), bytes.size()};
    }
    std::string printed(uint64_t offset) { return toy.its_group.leases.at(offset).token.text(); }
    delivery::ConsumersCounters counters() { return consumers.counters(); }

    MemoryBudget memory;
    ManualClock clock;
    FakeNet net;
    net::Reactor reactor;
    plugin::Services services{&clock, nullptr, &reactor.timers(), {}};
    MemoryEngine toy;
    HeldGate gate;
    delivery::Consumers consumers;
    std::vector<std::unique_ptr<StubPeer>> peers;  // gone before the consumers
};

}  // namespace zbridge::testing
