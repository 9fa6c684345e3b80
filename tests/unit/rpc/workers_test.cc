// Kinds of workers, their credit, what they may say.
#include "bridge/rpc/worker_pool.h"

#include "tests/unit/rpc/world.h"

using namespace zbridge;
using namespace zbridge::rpc;
using namespace std::chrono_literals;

TEST_CASE(
    "a REP has one request at a time whatever the endpoint's credit; DEALER and ROUTER have the "
    "credit") {
    for (const auto& [type, expected] : {std::pair{SocketType::kRep, 1},
                                         {SocketType::kReq, 1},
                                         {SocketType::kDealer, 3},
                                         {SocketType::kRouter, 3}}) {
        CAPTURE(name_of(type));
        World world({.worker_credit = 3});
        FakePeer& worker = world.worker(type);
        FakePeer& client = world.client(SocketType::kDealer);
        if (type == SocketType::kReq) world.say(worker, {"", "READY"});
        for (int i = 0; i < 5; i++) {
            world.ask(client, {"", std::to_string(i)});
        }
        CHECK(worker.read().size() == static_cast<size_t>(expected));
        CHECK(world.service->worker_statuses().front().held == static_cast<size_t>(expected));
        CHECK_FALSE(world.service->worker_statuses().front().free);
    }
}

TEST_CASE("a DEALER may reply in any order") {
    World world({.worker_credit = 2});
    FakePeer& worker = world.worker(SocketType::kDealer);
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"1", "", "a"});
    world.ask(client, {"2", "", "b"});
    const auto given = worker.read();
    world.say(worker, {given[1][0], "", "B"});
    world.say(worker, {given[0][0], "", "A"});
    CHECK(client.read() == std::vector<Frames>{{"2", "", "B"}, {"1", "", "A"}});
}

TEST_CASE("workers with credit share the requests, and none gets a second while another is idle") {
    World world({.worker_credit = 2});
    FakePeer& first = world.worker(SocketType::kDealer);
    FakePeer& second = world.worker(SocketType::kDealer);
    FakePeer& client = world.client(SocketType::kDealer);
    for (int i = 0; i < 2; i++) {
        world.ask(client, {"", std::to_string(i)});
    }
    CHECK(first.read().size() == 1);
    CHECK(second.read().size() == 1);
}

TEST_CASE(
    "a REQ worker is given nothing before it is ready, and each reply says it is ready again") {
    World world;
    FakePeer& worker = world.worker(SocketType::kReq);
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"", "1"});
    world.ask(client, {"", "2"});
    CHECK(worker.read().empty());
    world.say(worker, {"", "READY"});
    Frames given = only(worker);
    CHECK(given == Frames{"", given[1], "", "1"});
    world.say(worker, {"", given[1], "", "one"});
    CHECK(only(client) == Frames{"", "one"});
    given = only(worker);
    CHECK(given == Frames{"", given[1], "", "2"});
    CHECK(world.service->status().refused.total() == 0);
}

TEST_CASE("a REQ worker that correlates gets its own frame back before each request") {
    World world;
    FakePeer& worker = world.worker(SocketType::kReq);
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"", "1"});
    world.ask(client, {"", "2"});
    world.say(worker, {"abcd", "", "READY"});
    Frames given = only(worker);
    CHECK(given == Frames{"abcd", "", given[2], "", "1"});
    world.say(worker, {"abce", "", given[2], "", "one"});
    given = only(worker);
    CHECK(given == Frames{"abce", "", given[2], "", "2"});
}

TEST_CASE("a REQ worker's first message may be the reply it owed on an earlier connection") {
    World world({.execute = ServiceOptions::Execute::kAtMostOnce});
    FakePeer& worker = world.worker(SocketType::kReq);
    FakePeer& client = world.client(SocketType::kDealer);
    world.say(worker, {"", "READY"});
    world.ask(client, {"", "1"});
    const Frames given = only(worker);
    world.leave(worker);
    FakePeer& again = world.worker(SocketType::kReq);
    world.ask(client, {"", "2"});
    world.say(again, {"", given[1], "", "one"});
    CHECK(only(client) == Frames{"", "one"});
    CHECK(only(again)[3] == "2");
}

TEST_CASE("a REQ worker that is ready again instead of replying has dropped its request") {
    World world({.execute = ServiceOptions::Execute::kAtLeastOnce, .resume_grace = 2s});
    FakePeer& worker = world.worker(SocketType::kReq);
    FakePeer& client = world.client(SocketType::kDealer);
    world.say(worker, {"", "READY"});
    world.ask(client, {"", "1"});
    CHECK(only(worker)[3] == "1");
    world.say(worker, {"", "READY"});
    CHECK(world.service->status().refused.of(Refusal::kMalformed) == 1);
    CHECK(worker.read().empty());
    world.advance(2s);
    const Frames given = only(worker);
    CHECK(Corr::decode(given[1])->attempt == 2);
    world.say(worker, {"", given[1], "", "one"});
    CHECK(only(client) == Frames{"", "one"});
}

TEST_CASE("what is no reply is counted, and a worker stays as busy as it was") {
    World world;
    FakePeer& worker = world.worker(SocketType::kDealer);
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"", "1"});
    world.ask(client, {"", "2"});
    const Frames given = only(worker);
    std::string wrong = given[0];
    wrong[8] = static_cast<char>(wrong[8] ^ 1);
    for (const Frames& said :
         {Frames{"READY"}, Frames{""}, Frames{"", given[0], "", "x"}, Frames{wrong, "", "x"}}) {
        world.say(worker, said);
    }
    CHECK(world.service->status().refused.of(Refusal::kMalformed) == 4);
    CHECK(client.read().empty());
    CHECK(worker.read().empty());
    world.say(worker, {given[0], "", "one"});
    CHECK(only(client) == Frames{"", "one"});
    CHECK(only(worker)[2] == "2");
}

TEST_CASE(
    "a reply without an empty frame or without a body ends its request as malformed, and frees the "
    "worker") {
    for (const bool with_delimiter : {false, true}) {
        World world({.error_frames = {"{code}"}});
        FakePeer& worker = world.worker(SocketType::kDealer);
        FakePeer& client = world.client(SocketType::kDealer);
        world.ask(client, {"", "1"});
        world.ask(client, {"", "2"});
        const Frames given = only(worker);
        world.say(worker, with_delimiter ? Frames{given[0], ""} : Frames{given[0], "body"});
        CHECK(only(client) == Frames{"", "malformed"});
        CHECK(only(worker)[2] == "2");
    }
}

TEST_CASE("a worker whose outbox is full is passed over until it has room") {
    World world({.worker_credit = 10});
    FakePeer& slow = world.worker(SocketType::kDealer);
    slow.limit_messages(1);
    FakePeer& client = world.client(SocketType::kDealer);
    for (int i = 0; i < 3; i++) {
        world.ask(client, {"", std::to_string(i)});
    }
    CHECK(world.service->status().waiting == 2);
    CHECK(slow.read().size() == 1);
    world.service->workers().on_writable(slow);
    CHECK(world.service->status().waiting == 1);
}

TEST_CASE(
    "a worker that is too slow gets nothing until it replies, and is disconnected after ten times "
    "its time") {
    World world({.timeout = 100s, .attempt_timeout = 1s});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"", "1"});
    world.ask(client, {"", "2"});
    const Frames given = only(worker);
    world.advance(9s);
    CHECK(worker.read().empty());
    CHECK_FALSE(worker.closed_as);
    SUBCASE("it replies") {
        world.say(worker, {given[0], "", "one"});
        CHECK(only(client) == Frames{"", "one"});
        CHECK(only(worker)[2] == "2");
        world.advance(5s);
        CHECK_FALSE(worker.closed_as);
        world.advance(5s);
        CHECK(worker.closed_as == Refusal::kTimeout);
    }
    SUBCASE("it does not") {
        world.advance(1s);
        CHECK(worker.closed_as == Refusal::kTimeout);
        CHECK(world.service->status().workers_free == 0);
    }
}

TEST_CASE("a worker is disconnected for a request that has ended long ago, too") {
    World world({.timeout = 1s});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    world.leave(client);
    world.advance(9999ms);
    CHECK_FALSE(worker.closed_as);
    world.advance(1ms);
    CHECK(worker.closed_as == Refusal::kTimeout);
}

TEST_CASE(
    "after an unclean end, a new worker is given nothing for a while, so that a busy one can speak "
    "first") {
    World world({.resume_grace = 2s}, {.epoch = Epoch(7), .clean_start = false});
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"", "1"});
    FakePeer& worker = world.worker();
    CHECK(worker.read().empty());
    SUBCASE("it says nothing") {
        world.advance(1999ms);
        CHECK(worker.read().empty());
        world.advance(1ms);
        CHECK(only(worker)[2] == "1");
    }
    SUBCASE("it sends the reply of the life before, and is free at once") {
        world.say(worker, {corr_text({Corr::Kind::kRequest, 1, Epoch(6), 1}), "", "old"});
        CHECK(client.read().empty());
        CHECK(world.service->status().late.of(LateReason::kEarlierLife) == 1);
        CHECK(only(worker)[2] == "1");
    }
    SUBCASE("one that comes later is not held back") {
        world.advance(1s);
        world.leave(worker);
        world.advance(Service::kReturnTime);
        FakePeer& late = world.worker();
        world.ask(client, {"", "2"});
        CHECK(only(late)[2] == "2");
    }
}

TEST_CASE(
    "a worker that was busy with a request of an earlier life has all its time for the one it "
    "holds") {
    World world({.timeout = 100s, .attempt_timeout = 3s}, {.epoch = Epoch(7), .clean_start = true});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"", "1"});
    world.ask(client, {"", "2"});
    const Frames given = only(worker);
    world.advance(2s);
    world.say(worker, {corr_text({Corr::Kind::kRequest, 1, Epoch(6), 77}), "", "old"});
    CHECK(worker.read().empty());  // still busy, with the newer one
    world.advance(2s);
    world.say(worker, {given[0], "", "one"});
    CHECK(only(client) == Frames{"", "one"});
    CHECK(world.service->status().settled_late == 0);
}

TEST_CASE("the envelopes of REQ workers keep no memory of what passes meanwhile") {
    World world;
    const uint64_t before = world.memory.used();
    for (int i = 0; i < 50; i++) {
        world.say(world.worker(SocketType::kReq), {"abcd", "", "READY"});
        for (int passing = 0; passing < 4; passing++)
            (void)world.memory.copy(std::string(30'000, 'x'));
    }
    CHECK(world.memory.used() <= before + 2 * MemoryBudget::kSmallChunkBytes);
}

TEST_CASE("a REQ worker whose envelope is beyond the limit is given nothing") {
    World world;
    FakePeer& client = world.client();
    FakePeer& worker = world.worker(SocketType::kReq);
    world.ask(client, {"", "1"});
    world.say(worker, {std::string(Service::kWorkerEnvelopeBytesMax, 'x'), "", "READY"});
    CHECK(worker.read().empty());
    CHECK(world.service->status().refused.of(Refusal::kMalformed) == 1);
}
