// Repeats of a request, before and after a restart of the bridge.
#include "tests/unit/rpc/lives.h"

using namespace zbridge;
using namespace zbridge::rpc;
using namespace std::chrono_literals;

namespace {

std::optional<std::string> first_frame(const Message& body) {
    return std::string(body.first().body);
}

ServiceOptions with_dedup() {
    return {.timeout = 5s,
            .error_frames = {"{code}"},
            .dedup = DedupOptions{.window = 10min, .entries_max = 3}};
}

struct DedupLives : Lives {
    explicit DedupLives(ServiceOptions with = with_dedup()) : Lives(std::move(with), first_frame) {}

    // One that is answered, of a client that leaves then.
    void execute(const std::string& body, FakePeer& at) {
        FakePeer& client = world->client();
        world->ask(client, {"", body});
        commit();
        world->say(at, {corr(only(at)), "", "did " + body});
        CHECK(only(client) == Frames{"", "did " + body});
        world->leave(client);
        commit();
    }
};

}  // namespace

TEST_CASE("after a restart a repeat gets the stored reply for the rest of its window") {
    DedupLives life;
    life.execute("t1", life.worker());
    CHECK(life.store.kinds(1) == "16 18 19");
    life->advance(5min);
    life.restart();
    life.clock.advance(1min);
    life.restart();
    FakePeer& worker = life.worker();
    life->advance(4min - 5s);
    FakePeer& client = life->client(SocketType::kDealer);
    life->ask(client, {"x", "", "t1"});
    CHECK(only(client) == Frames{"x", "", "did t1"});
    life->advance(5s);
    CHECK(life->service->status().dedup_entries == 0);
    CHECK(life.store.kinds(1).empty());
    life->ask(client, {"x", "", "t1"});
    life.commit();
    CHECK(only(worker)[2] == "t1");
}

TEST_CASE("a window that ends while the bridge is away has ended") {
    DedupLives life;
    life.execute("t1", life.worker());
    life.kill();
    life.clock.advance(11min);
    life.start();
    CHECK(life->service->status().dedup_entries == 0);
    CHECK(life.store.open().empty());
}

TEST_CASE("windows end in their order, whichever life they are of") {
    DedupLives life;
    FakePeer& first = life.worker();
    FakePeer& slow = life->client();
    life->ask(slow, {"", "t1"});
    life.commit();
    const Frames given = only(first);
    FakePeer& second = life.worker();
    life.execute("t2", second);
    life->advance(1s);
    life->say(first, {given[0], "", "did t1"});  // asked first, replied last
    (void)only(slow);
    life->leave(slow);
    life.commit();
    life.restart();
    FakePeer& worker = life.worker();
    life.execute("t3", worker);
    CHECK(life->service->status().dedup_entries == 3);
    life.execute("t4", worker);  // beyond its entries the oldest goes first
    FakePeer& client = life->client();
    for (const char* known : {"t1", "t3", "t4"}) {
        life->ask(client, {"", known});
        CHECK(only(client) == Frames{"", std::string("did ") + known});
    }
}

TEST_CASE("a stored reply that goes before its window is over is not there after a restart") {
    DedupLives life;
    FakePeer& worker = life.worker();
    for (const char* body : {"t1", "t2", "t3", "t4"})
        life.execute(body, worker);
    CHECK(life->service->status().dedup_dropped == 1);
    life.commit();
    CHECK(life.store.kinds(1).empty());
    life.restart();
    CHECK(life->service->status().dedup_entries == 3);
}

TEST_CASE("after a restart all who joined a request are answered, of one execution") {
    DedupLives life;
    FakePeer& worker = life.worker();
    for (const char* name : {"a", "b"}) {
        FakePeer& client = life->client(SocketType::kReq, name);
        life->ask(client, {"", "t1"});
        life->leave(client);
    }
    life.commit();
    const Frames given = only(worker);
    SUBCASE("the reply comes after it") {
        life.restart();
        CHECK(life->service->status().joined == 1);
        FakePeer& a = life->client(SocketType::kReq, "a");
        FakePeer& b = life->client(SocketType::kReq, "b");
        FakePeer& back = life->worker();
        life->say(back, {given[0], "", "done"});
        life->advance(200ms);
        CHECK(only(a) == Frames{"", "done"});
        CHECK(only(b) == Frames{"", "done"});
        life->advance(Service::kSentLook);
        CHECK(life.store.kinds(1) == "16 18 19");
        CHECK(life.store.kinds(2).empty());
    }
    SUBCASE("the reply came before it") {
        life->say(worker, {given[0], "", "done"});
        life.commit();
        life.restart();
        FakePeer& a = life->client(SocketType::kReq, "a");
        FakePeer& b = life->client(SocketType::kReq, "b");
        life->advance(200ms);
        CHECK(only(a) == Frames{"", "done"});
        CHECK(only(b) == Frames{"", "done"});
    }
}

TEST_CASE("after a restart a repeat joins what may be executed still, and what was told an error") {
    DedupLives life;
    FakePeer& worker = life.worker();
    FakePeer& client = life->client();
    life->ask(client, {"", "t1"});
    life.commit();
    const Frames given = only(worker);
    bool in_work = false;
    SUBCASE("in work") {
        in_work = true;
    }
    SUBCASE("its time was over") {
        life->advance(5s);
        CHECK(only(client) == Frames{"", "timeout"});
        life.commit();
    }
    life.restart();
    FakePeer& again = life->client();
    FakePeer& idle = life.worker();
    life->ask(again, {"", "t1"});
    life.commit();
    CHECK(idle.read().empty());
    CHECK(life->service->status().joined == 1);
    CHECK(life.unresumable() == 0);
    FakePeer& back = life->worker();
    life->say(back, {given[0], "", "done"});
    CHECK(only(again) == Frames{"", "done"});
    CHECK(life.unresumable() == (in_work ? 1 : 0));
    life->advance(10min);
    CHECK(life.store.open().empty());
    CHECK(life.journal->needed() == 0);
}

TEST_CASE("an anonymous client that asks again after a restart gets the reply that it lost") {
    DedupLives life;
    FakePeer& worker = life.worker();
    life->ask(life->client(), {"", "t1"});
    life.commit();
    life->say(worker, {corr(only(worker)), "", "done"});
    life.commit();
    life.restart();
    FakePeer& again = life->client();
    life->ask(again, {"", "t1"});
    CHECK(only(again) == Frames{"", "done"});
}

TEST_CASE("one who joined what is not known any more is told, and nothing is executed for it") {
    DedupLives life;
    life->ask(life->client(SocketType::kReq, "a"), {"", "t1"});
    life->ask(life->client(SocketType::kReq, "b"), {"", "t1"});
    life.commit();
    life.options.dedup.reset();
    life.restart();
    FakePeer& b = life->client(SocketType::kReq, "b");
    life->advance(200ms);
    CHECK(only(b) == Frames{"", "unresumable"});
    CHECK(life->service->status().waiting == 1);
}
