// A service that is paused, and goes on.
#include "tests/unit/rpc/world.h"

using namespace zbridge;
using namespace zbridge::rpc;
using namespace std::chrono_literals;

TEST_CASE("a paused service gives nothing to free workers; what they have is answered") {
    World world({.worker_credit = 2});
    FakePeer& worker = world.worker(SocketType::kDealer);
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"1", "", "a"});
    const Frames given = worker.read().at(0);
    world.service->pause();
    CHECK(world.service->status().paused);
    world.ask(client, {"2", "", "b"});
    world.say(worker, {given[0], "", "A"});
    CHECK(client.read() == std::vector<Frames>{{"1", "", "A"}});
    CHECK(worker.read().empty());
    CHECK(world.service->status().waiting == 1);

    world.service->resume();
    CHECK_FALSE(world.service->status().paused);
    CHECK(worker.read().at(0).back() == "b");
}

TEST_CASE("a worker that comes to a paused service is given nothing, and what waits times out") {
    World world({.timeout = 5s, .error_frames = {"{code}"}});
    FakePeer& client = world.client(SocketType::kDealer);
    world.service->pause();
    world.ask(client, {"1", "", "a"});
    FakePeer& worker = world.worker();
    CHECK(worker.read().empty());
    world.advance(5s);
    CHECK(client.read() == std::vector<Frames>{{"1", "", "no_worker"}});
    world.service->resume();
    CHECK(worker.read().empty());
}

TEST_CASE("the line of a paused service has its limit, however many workers are free") {
    World world({.line_max = 1, .error_frames = {"{code}"}});
    (void)world.worker();
    FakePeer& client = world.client(SocketType::kDealer);
    world.service->pause();
    world.ask(client, {"1", "", "a"});
    world.ask(client, {"2", "", "b"});
    CHECK(client.read() == std::vector<Frames>{{"2", "", "busy"}});
}
