#include "bridge/delivery/broadcast.h"

#include "tests/unit/delivery/consumers_world.h"

using namespace zbridge;
using namespace zbridge::testing;

namespace {

struct BroadcastWorld : ConsumersWorld {
    BroadcastWorld() {
        broadcast.attach(gate);
        reactor.before_writing([this] { broadcast.before_writing(); });
        reactor.at_turn_end([this] { broadcast.on_turn_end(); });
    }
    ~BroadcastWorld() { peers.clear(); }  // before whose they are
    StubPeer& named(const std::string& name) {
        peers.push_back(std::make_unique<StubPeer>(reactor, broadcast, peers.size() + 1,
                                                   SocketType::kReq, name));
        peers.back()->open();
        return *peers.back();
    }
    std::string why_not(const std::string& name) {
        std::string user;
        return broadcast.why_not({.endpoint = "packers",
                                  .type = SocketType::kReq,
                                  .identity = name,
                                  .address = {},
                                  .user = {}},
                                 user);
    }

    delivery::Broadcast broadcast{{.name = "packers", .group = toy.group()}, toy.engine(), reactor};
};

class Strict final : public net::Doorkeeper {
 public:
    std::string why_not(const net::Introduction&, std::string& user) override {
        user = "someone";
        return why;
    }
    std::string why;
};

}  // namespace

TEST_CASE("a peer without a name, or whose name the engine does not take, is refused with why") {
    BroadcastWorld world;
    CHECK(world.why_not("").find("routing id") != std::string::npos);
    CHECK(world.why_not("a").empty());
    world.toy.refuses_names = true;
    CHECK(world.why_not("a") == "not you");
}

TEST_CASE("who decides about peers otherwise is asked first") {
    BroadcastWorld world;
    Strict before;
    CHECK(world.broadcast.doorkeeper(&before) == &world.broadcast);
    CHECK(world.why_not("a").empty());
    before.why = "no";
    CHECK(world.why_not("a") == "no");
    CHECK(world.why_not("") == "no");
}

TEST_CASE("a named consumer pulls, and of one that has gone the counters stay, and nothing else") {
    BroadcastWorld world;
    world.publish("x y");
    StubPeer& a = world.named("a");
    CHECK(world.toy.attends == 1);
    a.say({"", "NEXT"});
    CHECK(world.got(a, 1) == "x");
    CHECK(world.broadcast.peers() == 1);
    CHECK(world.broadcast.in_flight() == 1);
    CHECK(world.broadcast.holds_worker());
    a.say({"", "NEXT"});
    CHECK(world.got(a, 1) == "y");
    a.leave();
    world.turn();
    CHECK(world.toy.attends == 0);
    CHECK(world.broadcast.peers() == 0);
    CHECK(world.broadcast.idle());
    CHECK(world.broadcast.counters().given == 2);
    CHECK(world.broadcast.counters().acked == 1);
    CHECK(world.broadcast.counters().lost == 1);
    StubPeer& again = world.named("a");
    again.say({"", "NEXT"});
    CHECK(world.got(again, 1) == "y");
}

TEST_CASE("an answer that comes when its consumer has gone is of no harm") {
    BroadcastWorld world;
    world.publish("x");
    world.toy.its_group.tells_at_once = false;
    StubPeer& a = world.named("a");
    a.say({"", "NEXT"});
    CHECK(world.got(a, 1) == "x");
    a.say({"", "ACK " + world.printed(0)});
    a.leave();
    world.turn();
    world.toy.commit();
    world.turn();
    CHECK(world.broadcast.counters().acked == 1);
}
