// Clients that leave, come back, or ask again without waiting.
#include "bridge/rpc/client_table.h"

#include "tests/unit/rpc/world.h"

using namespace zbridge;
using namespace zbridge::rpc;
using namespace std::chrono_literals;

TEST_CASE("the waiting requests of an anonymous client that leaves are given to no worker") {
    World world;
    FakePeer& client = world.client(SocketType::kDealer);
    FakePeer& other = world.client(SocketType::kDealer);
    world.ask(client, {"", "1"});
    world.ask(other, {"", "2"});
    world.ask(client, {"", "3"});
    world.leave(client);
    CHECK(world.service->status().waiting == 1);
    CHECK(world.service->status().ended.of(Refusal::kClientGone) == 2);
    FakePeer& worker = world.worker();
    CHECK(only(worker)[2] == "2");
}

TEST_CASE("the reply to a client that left is counted as undeliverable") {
    World world;
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    world.leave(client);
    world.say(worker, {corr(only(worker)), "", "one"});
    CHECK(client.read().empty());
    CHECK(world.service->status().late.of(LateReason::kUndeliverable) == 1);
    CHECK(world.service->status().workers_free == 1);
}

TEST_CASE("a lost worker's request is not given to another when its client has left") {
    World world({.execute = ServiceOptions::Execute::kAtLeastOnce});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    (void)only(worker);
    world.leave(worker);
    world.leave(client);
    FakePeer& other = world.worker();
    world.advance(10s);
    CHECK(other.read().empty());
}

TEST_CASE("a REQ with a routing id that comes back, and waits, gets its answer") {
    World world({.timeout = 60s});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client(SocketType::kReq, "me", "alice");
    world.ask(client, {"", "1"});
    world.leave(client);
    CHECK(world.service->status().clients_away == 1);
    world.say(worker, {corr(only(worker)), "", "one"});
    CHECK(world.service->status().kept_answers == 1);

    FakePeer& stranger = world.client(SocketType::kReq, "me", "bob");
    FakePeer& back = world.client(SocketType::kReq, "me", "alice");
    world.advance(ClientTable::kResumeSilence - 1ms);
    CHECK(back.read().empty());
    world.advance(1ms);
    CHECK(only(back) == Frames{"", "one"});
    CHECK(stranger.read().empty());
    CHECK(world.service->status().answered == 1);
}

TEST_CASE("a waiting request of a client with a routing id stays in the line while it is away") {
    World world({.timeout = 60s});
    FakePeer& client = world.client(SocketType::kReq, "me");
    world.ask(client, {"", "1"});
    world.leave(client);
    FakePeer& worker = world.worker();
    const Frames given = only(worker);
    FakePeer& back = world.client(SocketType::kReq, "me");
    world.advance(1s);
    world.say(worker, {given[0], "", "one"});
    CHECK(only(back) == Frames{"", "one"});
}

TEST_CASE("a REQ that was reopened and asks at once does not get the old answer for the new one") {
    World world({.timeout = 60s});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client(SocketType::kReq, "me");
    world.ask(client, {"", "1"});
    const Frames first = only(worker);
    world.leave(client);
    FakePeer& back = world.client(SocketType::kReq, "me");
    SUBCASE("the old one was answered while it was away") {
        world.say(worker, {first[0], "", "one"});
        world.ask(back, {"", "2"});
        CHECK(world.service->status().late.of(LateReason::kSuperseded) == 1);
    }
    SUBCASE("the old one is answered later") {
        world.ask(back, {"", "2"});
        world.say(worker, {first[0], "", "one"});
        CHECK(world.service->status().late.of(LateReason::kSuperseded) == 1);
    }
    world.advance(1s);
    CHECK(back.read().empty());
    world.say(worker, {corr(only(worker)), "", "two"});
    CHECK(only(back) == Frames{"", "two"});
}

TEST_CASE("a DEALER with a routing id gets what was kept as soon as it is back, errors too") {
    World world({.timeout = 5s, .error_frames = {"{code}"}});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client(SocketType::kDealer, "me");
    world.ask(client, {"1", "", "a"});
    world.ask(client, {"2", "", "b"});
    world.leave(client);
    world.say(worker, {corr(only(worker)), "", "A"});
    world.advance(5s);
    FakePeer& back = world.client(SocketType::kDealer, "me");
    CHECK(back.read() == std::vector<Frames>{{"1", "", "A"}, {"2", "", "timeout"}});
}

TEST_CASE("what a client's socket had not taken when it broke is sent again") {
    World world({.worker_credit = 2});
    FakePeer& worker = world.worker(SocketType::kDealer);
    FakePeer& client = world.client(SocketType::kDealer, "me");
    world.ask(client, {"", "a"});
    world.say(worker, {corr(only(worker)), "", "A"});
    client.take_byte();
    world.leave(client);
    FakePeer& back = world.client(SocketType::kDealer, "me");
    CHECK(only(back) == Frames{"", "A"});
    CHECK(world.service->status().answered == 1);
}

TEST_CASE(
    "what the old connection's socket had not taken goes to the one that takes over from it") {
    World world({.worker_credit = 2});
    FakePeer& worker = world.worker(SocketType::kDealer);
    for (const SocketType type : {SocketType::kDealer, SocketType::kReq}) {
        CAPTURE(name_of(type));
        const std::string identity(name_of(type));
        FakePeer& client = world.client(type, identity);
        world.ask(client, {"", "a"});
        world.say(worker, {corr(only(worker)), "", "A"});
        client.take_byte();
        FakePeer& newest = world.client(type, identity);  // before the old one is gone
        world.leave(client);
        world.advance(ClientTable::kResumeSilence);
        CHECK(only(newest) == Frames{"", "A"});
    }
    CHECK(world.service->status().answered == 2);
    CHECK(world.service->status().clients_away == 0);
}

TEST_CASE("answers that were counted and that no client took any more are counted as dropped") {
    World world({.timeout = 5s, .error_frames = {"{code}"}, .worker_credit = 9});
    FakePeer& worker = world.worker(SocketType::kDealer);
    const auto dropped = [&] { return world.service->status().dropped_gone; };
    SUBCASE("in the outbox of an anonymous client") {
        FakePeer& client = world.client(SocketType::kDealer);
        for (const char* body : {"a", "b"}) {
            world.ask(client, {"", body});
            world.say(worker, {corr(only(worker)), "", "done"});
        }
        client.take_byte();
        world.leave(client);
        CHECK(dropped() == 2);
    }
    SUBCASE("kept of one that does not come back") {
        FakePeer& client = world.client(SocketType::kDealer, "me");
        world.ask(client, {"", "a"});
        world.say(worker, {corr(only(worker)), "", "A"});
        world.ask(client, {"", "b"});
        world.leave(client);
        world.advance(29s);  // the error of the second is kept as well
        CHECK(dropped() == 0);
        world.advance(1s);
        CHECK(dropped() == 2);
        CHECK(world.service->status().late.total() == 0);
    }
    SUBCASE("kept of a REQ that asks anew") {
        FakePeer& client = world.client(SocketType::kReq, "me");
        world.ask(client, {"", "a"});
        world.say(worker, {corr(only(worker)), "", "A"});
        world.leave(client);
        FakePeer& back = world.client(SocketType::kReq, "me");
        world.ask(back, {"", "b"});
        CHECK(dropped() == 1);
    }
}

TEST_CASE("a reply with a correlating envelope is sent again as well, wherever its client broke") {
    for (int taken = 0; taken < 12; taken++) {
        World world;
        FakePeer& worker = world.worker();
        FakePeer& client = world.client(SocketType::kReq, "me");
        world.ask(client, {"id01", "", "a"});
        world.say(worker, {corr(only(worker)), "", "A"});
        for (int i = 0; i < taken; i++)
            client.take_byte();  // of 6 + 2 + 3 bytes; the last one is never taken
        if (client.outbox().empty()) break;
        world.leave(client);
        FakePeer& back = world.client(SocketType::kReq, "me");
        CHECK(back.read().empty());
        world.advance(200ms);
        CHECK(only(back) == Frames{"id01", "", "A"});
        CHECK(world.service->status().answered == 1);
    }
}

TEST_CASE("a client with a routing id is not waited for longer than the resume window") {
    World world({.timeout = 0s, .resume_window = 30s});
    FakePeer& worker = world.worker();
    FakePeer& client = world.client(SocketType::kDealer, "me");
    for (const char* body : {"1", "2", "3"}) {
        world.ask(client, {"", body});
    }
    world.leave(client);
    world.say(worker, {corr(only(worker)), "", "one"});
    world.advance(29999ms);
    CHECK(world.service->status().clients_away == 1);
    world.advance(1ms);
    const auto status = world.service->status();
    CHECK(status.clients_away == 0);
    CHECK(status.kept_answers == 0);
    CHECK(status.waiting == 0);
    CHECK(status.ended.of(Refusal::kClientGone) == 3);
    CHECK(status.late.of(LateReason::kUndeliverable) == 1);
    FakePeer& back = world.client(SocketType::kDealer, "me");
    CHECK(back.read().empty());
}

TEST_CASE("a client that waits for nothing is forgotten at once") {
    World world;
    world.leave(world.client(SocketType::kReq, "me"));
    CHECK(world.service->status().clients_away == 0);
}

TEST_CASE("the newest connection of a routing id speaks for the client") {
    World world({.timeout = 60s});
    FakePeer& worker = world.worker();
    FakePeer& old = world.client(SocketType::kReq, "me");
    world.ask(old, {"", "1"});
    FakePeer& replacement = world.client(SocketType::kReq, "me");
    world.leave(old);
    world.say(worker, {corr(only(worker)), "", "one"});
    world.advance(1s);
    CHECK(old.read().empty());
    CHECK(only(replacement) == Frames{"", "one"});
    world.leave(replacement);
    CHECK(world.service->status().clients == 0);
}

TEST_CASE("answers kept for one client are limited, and the oldest goes first") {
    World world({.timeout = 0s, .worker_credit = 5000});
    FakePeer& worker = world.worker(SocketType::kDealer);
    FakePeer& client = world.client(SocketType::kDealer, "me");
    for (size_t i = 0; i < Service::kKeptAnswersMax + 3; i++) {
        world.ask(client, {"", std::to_string(i)});
    }
    const auto given = worker.read();
    world.leave(client);
    for (const Frames& one : given) {
        world.say(worker, {one[0], "", one[2]});
    }
    CHECK(world.service->status().ended.of(Refusal::kOutboxFull) == 3);
    FakePeer& back = world.client(SocketType::kDealer, "me");
    const auto answers = back.read();
    CHECK(answers.size() == Service::kKeptAnswersMax);
    CHECK(answers.front() == Frames{"", "3"});
}

TEST_CASE("a REQ's second request supersedes a waiting first one") {
    World world;
    FakePeer& client = world.client();
    world.ask(client, {"", "1"});
    world.ask(client, {"", "2"});
    CHECK(world.service->status().ended.of(Refusal::kSuperseded) == 1);
    FakePeer& worker = world.worker();
    world.say(worker, {corr(only(worker)), "", "two"});
    CHECK(only(client) == Frames{"", "two"});
    CHECK(worker.read().empty());
}

TEST_CASE("the reply to a REQ's dispatched first request is discarded, unless the REQ correlates") {
    World world({.worker_credit = 2});
    FakePeer& worker = world.worker(SocketType::kDealer);
    FakePeer& client = world.client();
    SUBCASE("it does not") {
        world.ask(client, {"", "1"});
        world.ask(client, {"", "2"});
        for (const Frames& given : worker.read()) {
            world.say(worker, {given[0], "", "re " + given[2]});
        }
        CHECK(only(client) == Frames{"", "re 2"});
        CHECK(world.service->status().late.of(LateReason::kSuperseded) == 1);
    }
    SUBCASE("it does") {
        world.ask(client, {"id 1", "", "1"});
        world.ask(client, {"id 2", "", "2"});
        for (const Frames& given : worker.read()) {
            world.say(worker, {given[0], "", "re " + given[2]});
        }
        CHECK(client.read() == std::vector<Frames>{{"id 1", "", "re 1"}, {"id 2", "", "re 2"}});
    }
}

TEST_CASE("a DEALER's requests do not supersede each other") {
    World world;
    FakePeer& client = world.client(SocketType::kDealer);
    world.ask(client, {"", "1"});
    world.ask(client, {"", "2"});
    CHECK(world.service->status().waiting == 2);
}
