// How the reactor waits: that it sleeps, looks, or does neither.
#include "bridge/net/reactor.h"

#include <doctest/doctest.h>

#include <string>

using namespace zbridge;
using namespace zbridge::net;
using namespace std::chrono_literals;

namespace {

// A Net without sockets: it notes how it is waited for.
class NotingNet final : public Net {
 public:
    Result<Listening> listen(const Address&, const SocketOptions&) override { return none(); }
    Result<std::optional<Accepted>> accept(Socket, const SocketOptions&) override { return none(); }
    IoResult read(Socket, std::span<const iovec>) override { return {}; }
    IoResult write(Socket, std::span<const iovec>) override { return {}; }
    void shutdown_write(Socket) override {}
    void close(Socket) override {}
    Status watch(Socket, uint64_t) override { return none(); }
    size_t wait(std::span<NetEvent>, std::optional<Duration> timeout) override {
        waits += !timeout ? "sleep " : *timeout == Duration{} ? "glance " : "sleep a while ";
        return 0;
    }
    size_t look(std::span<NetEvent>, Duration most) override {
        waits += "look " + std::to_string(most / 1us) + " ";
        return 0;
    }
    void wake() override {}

    std::string waits;

 private:
    static Status none() { return {Code::kUnavailable, "there are none"}; }
};

}  // namespace

TEST_CASE("a turn looks for what is about to come, once each time that it is told to") {
    NotingNet net;
    ManualClock clock;
    MemoryBudget memory(1 << 20);
    Reactor reactor(net, clock, memory);
    reactor.turn(true);
    reactor.look_for(150us);
    reactor.turn(true);
    reactor.turn(true);
    CHECK(net.waits == "sleep look 150 sleep ");
}

TEST_CASE("where there is something to do, or due, a turn does not look for more") {
    NotingNet net;
    ManualClock clock;
    MemoryBudget memory(1 << 20);
    Reactor reactor(net, clock, memory);
    reactor.look_for(150us);
    reactor.turn(false);  // the world has no time to wait
    Timer timer(reactor.timers(), [] {});
    timer.arm(clock.now() + 100us);
    reactor.look_for(150us);
    reactor.turn(true);
    timer.arm(clock.now() + 1s);
    reactor.look_for(150us);
    reactor.turn(true);
    CHECK(net.waits == "glance sleep a while look 150 ");
}
